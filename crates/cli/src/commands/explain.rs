//! `explain`: what an error code means.

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::nearest;
use mycelium_types::printable;
use serde_json::Value;
use serde_json::json;

use crate::error::Error;
use crate::render::Output;
use crate::render::Page;
use crate::render::Style;
use crate::render::Table;
use crate::render::Text;

/// What stands for the facts an error would have.
const PLACEHOLDERS: [(&str, &str); 14] = [
    ("name", "NAME"),
    ("skill", "SKILL"),
    ("method", "METHOD"),
    ("path", "PATH"),
    ("permissions", "PERMISSIONS"),
    ("limit", "LIMIT"),
    ("seconds", "SECONDS"),
    ("suggestion", "none"),
    ("from", "STATE"),
    ("to", "STATE"),
    ("reason", "REASON"),
    ("server", "SERVER"),
    ("tool", "TOOL"),
    ("cause", "other"),
];

pub(super) fn run(code: Option<&str>, output: &mut Output) -> Result<ExitStatus, Error> {
    let locale = output.locale();
    match code {
        Some(text) => {
            let code = find(text, locale)?;
            output.result(&value(code, locale), |page| describe(code, page))?;
        }
        None => {
            let codes: Vec<_> = ErrorCode::ALL
                .iter()
                .map(|code| value(*code, locale))
                .collect();
            output.result(&json!({ "codes": codes }), describe_all)?;
        }
    }
    Ok(ExitStatus::Success)
}

/// Finds a code as people type it: in any case, with hyphens or blanks.
fn find(text: &str, locale: Locale) -> Result<ErrorCode, Error> {
    let wanted = text.trim().to_uppercase().replace(['-', ' '], "_");
    let found = ErrorCode::ALL.iter().find(|code| code.as_str() == wanted);
    found.copied().ok_or_else(|| {
        let names = ErrorCode::ALL.iter().map(|code| code.as_str());
        let reason = Message::new("usage-unknown-code")
            .with("code", printable(text))
            .with("suggestion", nearest(&wanted, names).unwrap_or("none"));
        Error::usage(reason.render(locale))
    })
}

fn meaning(code: ErrorCode) -> Text {
    let key = code.as_str().to_lowercase().replace('_', "-");
    Text::new(format!("explain-{key}"))
}

fn remedy(code: ErrorCode, locale: Locale) -> String {
    PLACEHOLDERS
        .iter()
        .fold(ErrorReport::new(code), |report, (name, value)| {
            report.with(name, value)
        })
        .remediation(locale)
}

fn value(code: ErrorCode, locale: Locale) -> Value {
    json!({
        "code": code,
        "meaning": meaning(code).render(locale),
        "remediation": remedy(code, locale),
        "exit_status": code.exit_status() as u8,
        "retryable": code.is_transient(),
    })
}

fn describe(code: ErrorCode, page: &mut Page) {
    let locale = page.look().locale;
    page.styled(Style::Strong, code.as_str());
    page.blank();
    page.say(&meaning(code));
    page.blank();
    let text = Text::new("explain")
        .with("status", code.exit_status() as u8)
        .with("remedy", remedy(code, locale));
    page.line(text.attribute("status", locale));
    if code.is_transient() {
        page.line(text.attribute("retryable", locale));
    }
    page.line(text.attribute("remedy", locale));
}

fn describe_all(page: &mut Page) {
    let locale = page.look().locale;
    let head = Text::new("explain-table");
    let names = ["code", "status", "meaning"];
    let mut table = Table::new(names.iter().map(|name| head.attribute(name, locale)));
    for code in ErrorCode::ALL {
        let meaning = meaning(*code).render(locale);
        let sentence = meaning.split_inclusive(". ").next().unwrap_or_default();
        table.row([
            code.to_string(),
            (code.exit_status() as u8).to_string(),
            sentence.trim_end().to_owned(),
        ]);
    }
    table.add_to(page);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Look;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        for text in ["SKILL_TIMEOUT", "skill-timeout", " Skill Timeout "] {
            assert_eq!(find(text, Locale::EnUs).unwrap(), ErrorCode::SkillTimeout);
        }
        let error = find("SKIL_TIMEOUT", Locale::EnUs).unwrap_err();
        assert_eq!(
            ErrorReport::from(error).message(Locale::EnUs),
            "There is no error code `SKIL_TIMEOUT`. Did you mean `SKILL_TIMEOUT`?"
        );
    }

    #[test]
    fn every_code_has_a_meaning_and_a_remedy_without_holes() {
        for code in ErrorCode::ALL {
            let meaning = meaning(*code).render(Locale::EnUs);
            assert!(!meaning.starts_with("explain-"), "{code}: {meaning}");
            let remedy = remedy(*code, Locale::EnUs);
            assert!(
                !remedy.is_empty() && !remedy.contains("{$"),
                "{code}: {remedy}"
            );
        }
    }

    #[test]
    fn a_page_about_one_code() {
        let mut page = Page::new(Look::default());
        describe(ErrorCode::CircuitBreakerOpen, &mut page);
        insta::assert_snapshot!(page.render(), @r"
        CIRCUIT_BREAKER_OPEN

        The skill failed several times in a row in this session. Its calls are refused for a while, so that it cannot hold others up; after that one call is let through to see whether it works again.

        Exit status: 8
        The same command may succeed later.
        Remediation: Wait for circuit to close or reset manually with /skills reset SKILL
        ");
    }
}
