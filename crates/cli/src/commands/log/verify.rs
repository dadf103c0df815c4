//! `log verify`: whether the log was changed, and where first.

use mycelium_audit::Anchor;
use mycelium_audit::AuditFolder;
use mycelium_audit::PublicKey;
use mycelium_audit::Verification;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::printable_path;
use serde_json::Value;
use serde_json::json;

use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;

pub(super) fn run(
    folder: &AuditFolder,
    keys: &[PublicKey],
    anchor: Option<Anchor>,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let verification = mycelium_audit::verify(folder, keys, anchor).map_err(ErrorReport::from)?;
    let value = value(&verification)?;
    session
        .output
        .result(&value, |page| describe(&verification, &value, page))?;
    Ok(match verification.problem {
        None => ExitStatus::Success,
        Some(_) => ExitStatus::Denied,
    })
}

/// The outcome as one flat object, the first problem with its place in it.
pub(super) fn value(verification: &Verification) -> Result<Value, Error> {
    let mut problem = Value::Null;
    if let Some((place, finding)) = &verification.problem {
        problem = serde_json::to_value(place)?;
        if let (Value::Object(problem), Value::Object(finding)) =
            (&mut problem, serde_json::to_value(finding)?)
        {
            problem.extend(finding);
        }
    }
    Ok(json!({
        "valid": verification.problem.is_none(),
        "files": verification.files,
        "entries": verification.entries,
        "last": verification.last.map(|last| last.to_string()),
        "head": verification.head,
        "keys": verification.keys,
        "unfinished": verification.unfinished,
        "problem": problem,
    }))
}

fn describe(verification: &Verification, value: &Value, page: &mut Page) {
    let locale = page.look().locale;
    let entries = verification.entries;
    if let Some((place, _)) = &verification.problem {
        let field = |name: &str| value["problem"][name].clone();
        let text = Text::new("log-bad")
            .with("finding", field("finding").as_str().unwrap_or_default())
            .with("found", field("found"))
            .with("last", field("last"))
            .with("file", printable_path(&place.file))
            .with("line", place.line)
            .with("sequence", place.sequence)
            .with("entries", entries);
        page.say_styled(Style::Bad, &text);
        for name in ["file", "line", "sequence", "good"] {
            if name != "line" || place.line > 0 {
                page.line(format!("  {}", text.attribute(name, locale)));
            }
        }
        return;
    }
    let Some(last) = verification.last else {
        page.say(&Text::new("log-none"));
        return;
    };
    let good = Text::new("log-good")
        .with("entries", entries)
        .with("files", verification.files);
    page.say_styled(Style::Good, &good);
    page.say(&Text::new("log-last").with("last", last));
    let keys: Vec<_> = verification.keys.iter().map(ToString::to_string).collect();
    page.say(&Text::new("log-keys").with("keys", keys.join(", ")));
    if verification.unfinished > 0 {
        page.say(&Text::new("log-unfinished").with("bytes", verification.unfinished));
    }
}

#[cfg(test)]
mod tests {
    use mycelium_audit::Finding;
    use mycelium_audit::Place;

    use super::*;
    use crate::render::Look;

    fn shown(verification: &Verification) -> String {
        let mut page = Page::new(Look::default());
        describe(verification, &value(verification).unwrap(), &mut page);
        page.render()
    }

    #[test]
    fn the_first_problem_is_named_by_file_line_and_entry() {
        let mut verification = Verification {
            files: 2,
            entries: 41,
            last: None,
            head: Some(90),
            keys: Vec::new(),
            unfinished: 0,
            problem: Some((
                Place {
                    file: "/s/audit/000002.jsonl".into(),
                    line: 7,
                    sequence: 42,
                },
                Finding::Removed { found: 43 },
            )),
        };
        insta::assert_snapshot!(shown(&verification), @r"
        The audit log was changed: the entry was removed; entry 43 follows.
          File: /s/audit/000002.jsonl
          Line: 7
          Entry: 42
          Entries before it that are good: 41
        ");
        verification.problem = None;
        assert_eq!(shown(&verification), "There is no audit log yet.\n");
        verification.last = Some(
            "41:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                .parse()
                .unwrap(),
        );
        verification.unfinished = 9;
        insta::assert_snapshot!(shown(&verification), @r"
        The audit log is whole: 41 entries in 2 files.
        Last entry: 41:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        Signed with: 
        A line of 9 bytes at the end is not finished. It is being written, or its writer was killed before anybody was told that it is written.
        ");
    }
}
