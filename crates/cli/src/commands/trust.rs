//! `trust` and `revoke`: what the person allows.

use std::io::IsTerminal as _;

use mycelium_protocol::control::Answer;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::DenialReason;
use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::TrustReport;
use mycelium_protocol::control::TrustRequest;
use mycelium_protocol::control::TrustTarget;
use mycelium_types::ExitStatus;
use mycelium_types::Message;

use super::info;
use crate::arguments::Format;
use crate::arguments::TrustOptions;
use crate::error::Error;
use crate::input;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;
use crate::session::answer;

/// What somebody said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Yes,
    Once,
    No,
    Never,
}

/// Why something about a skill is to be answered.
#[derive(Clone, Copy)]
enum Question<'m> {
    /// The answer came with the command.
    Answered(Said),
    /// Somebody wants to trust it.
    Trust,
    /// A call needs it.
    Call { method: &'m str },
}

pub(super) fn grant(
    options: &TrustOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let flags = [
        (options.yes, Said::Yes),
        (options.once, Said::Once),
        (options.never, Said::Never),
    ];
    let decided = flags.iter().find(|(is_set, _)| *is_set);
    let decided = decided.map(|(_, said)| *said);
    if decided.is_none()
        && (session.output.format() == Format::Json || !std::io::stdin().is_terminal())
    {
        let reason = Message::new("usage-no-terminal").render(session.output.locale());
        return Err(Error::usage(reason));
    }
    let request = match options.skill.as_deref() {
        None => ask_about_workspace(decided, session)?,
        Some(text) => {
            let skill = session.selector(text)?;
            let question = decided.map_or(Question::Trust, Question::Answered);
            ask_about_skill(skill, question, session)?
        }
    };
    let Some(request) = request else {
        session.output.note(&Text::new("trust-declined"));
        return Ok(ExitStatus::Denied);
    };
    let report = answer!(session.request(Command::Trust(request))?, Trust);
    let word = match report.answer {
        Some(Answer::Refused) => "refused",
        Some(Answer::Once) => "lent",
        Some(Answer::Granted) | None => "trusted",
    };
    session
        .output
        .result(&report, |page| describe(word, &report, page))?;
    Ok(ExitStatus::Success)
}

pub(super) fn revoke(skill: Option<&str>, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let target = match skill {
        None => TrustTarget::Workspace,
        Some(text) => TrustTarget::Skill {
            skill: session.selector(text)?,
        },
    };
    let report = answer!(session.request(Command::Revoke(target))?, Trust);
    session
        .output
        .result(&report, |page| describe("revoked", &report, page))?;
    Ok(ExitStatus::Success)
}

/// Offers to grant what a call of `method` was refused for. Answers whether it is granted now.
pub(super) fn offer(
    skill: &SkillSelector,
    method: &str,
    session: &mut Session<'_>,
) -> Result<bool, Error> {
    let question = Question::Call { method };
    let Some(request) = ask_about_skill(skill.clone(), question, session)? else {
        return Ok(false);
    };
    let report = answer!(session.request(Command::Trust(request))?, Trust);
    Ok(report.answer.is_some_and(Answer::is_yes))
}

fn ask_about_workspace(
    decided: Option<Said>,
    session: &mut Session<'_>,
) -> Result<Option<TrustRequest>, Error> {
    let workspace = session.surroundings.workspace.display();
    let question = Text::new("trust-workspace").with("workspace", workspace);
    let said = match decided {
        Some(said) => said,
        None => ask("trust-choice", &question, session)?,
    };
    Ok((said == Said::Yes).then_some(TrustRequest::Workspace))
}

/// Shows what a skill asks for, and what to tell about it, which counts for what was shown.
fn ask_about_skill(
    skill: SkillSelector,
    question: Question<'_>,
    session: &mut Session<'_>,
) -> Result<Option<TrustRequest>, Error> {
    let info = answer!(session.request(Command::Info(skill.clone()))?, Info);
    let method = match question {
        Question::Answered(_) | Question::Trust => None,
        Question::Call { method } => Some(method),
    };
    let said = match question {
        Question::Answered(said) => said,
        Question::Trust | Question::Call { .. } => {
            session
                .output
                .say(|page| describe_question(&info, method, page));
            let question = Text::new("trust-question").with("skill", &info.summary.id.name);
            ask("trust-choice-skill", &question, session)?
        }
    };
    let answer = match said {
        Said::Yes => Answer::Granted,
        Said::Once => Answer::Once,
        Said::Never => Answer::Refused,
        Said::No => return Ok(None),
    };
    Ok(Some(TrustRequest::Skill {
        skill,
        digest: info.digest,
        answer,
    }))
}

/// What a skill asks for, with what is at stake, and how that differs from what it was granted before.
fn describe_question(info: &SkillInfo, method: Option<&str>, page: &mut Page) {
    let text = Text::new("trust-skill")
        .with("method", method.unwrap_or("none"))
        .with("skill", &info.summary.id)
        .with("source", &info.summary.source);
    page.say(&text);
    if let Some(server) = &info.server {
        info::describe_server(server, page);
    }
    for permission in &info.permissions {
        page.line(format!("  - {}", permission.permission));
        info::describe_risk(permission, page);
        // What the answer decides is no news; what no answer can grant is.
        let others = permission.denials.iter().filter(|denial| {
            !matches!(
                denial.reason,
                DenialReason::NotGranted | DenialReason::Refused
            )
        });
        info::describe_denials(others, page);
    }
    let Some(before) = &info.granted_before else {
        return;
    };
    page.say(&Text::new("trust-before"));
    for permission in before {
        page.line(format!("  - {permission}"));
    }
    let asked = || info.permissions.iter().map(|asked| &asked.permission);
    for permission in asked().filter(|asked| !before.contains(asked)) {
        let text = Text::new("trust-added").with("permission", permission);
        page.say_styled(Style::Caution, &text);
    }
    for permission in before
        .iter()
        .filter(|old| !asked().any(|asked| asked == *old))
    {
        page.say(&Text::new("trust-removed").with("permission", permission));
    }
}

fn ask(choice: &'static str, question: &Text, session: &mut Session<'_>) -> Result<Said, Error> {
    session.output.prompt(choice, question);
    let answer = input::read_line(session.transport.interrupt())?;
    Ok(match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Said::Yes,
        "o" | "once" => Said::Once,
        "never" => Said::Never,
        _ => Said::No,
    })
}

/// Adds what is so now; `word` is `trusted`, `lent`, `refused` or `revoked`.
fn describe(word: &str, report: &TrustReport, page: &mut Page) {
    let subject = match &report.skill {
        Some(skill) => skill.to_string(),
        None => report.workspace.display().to_string(),
    };
    let kind = match report.skill {
        Some(_) => "skill",
        None => "workspace",
    };
    let change = match report.changed {
        true => "changed",
        false => "unchanged",
    };
    let text = Text::new(format!("trust-{word}-{kind}"))
        .with("subject", subject)
        .with("change", change);
    page.say(&text);
    for permission in &report.permissions {
        page.line(format!("  - {permission}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::Look;

    fn info(permissions: &[&str], before: Option<&[&str]>) -> SkillInfo {
        let permissions: Vec<_> = permissions
            .iter()
            .map(|asked| {
                json!({
                    "permission": asked,
                    "asked": {"type": "process", "commands": ["git"]},
                    "risk": "high",
                    "reason": "Because.",
                    "granted": false,
                    "denials": [{
                        "permission": {"type": "process", "commands": ["git"]},
                        "reason": if *asked == "a" { "not-granted" } else { "unsupported" },
                    }],
                })
            })
            .collect();
        serde_json::from_value(json!({
            "name": "x", "version": "1.0.0", "description": "d",
            "source": {"kind": "folder", "path": "/w/x"}, "tags": [], "state": "LOADED",
            "versions": [], "root": "/w/x", "digest": mycelium_types::Digest::of(b"x"),
            "engine": "quickjs", "dependencies": [], "permissions": permissions,
            "granted_before": before, "methods": [], "hooks": [],
            "limits": mycelium_types::Limits::default(), "breaker": "closed", "diagnostics": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_change_is_shown_as_what_comes_and_what_goes() {
        let mut page = Page::new(Look::default());
        let info = info(&["a", "c"], Some(&["a", "b"]));
        describe_question(&info, Some("greet"), &mut page);
        insta::assert_snapshot!(page.render(), @r"
        To run `greet`, x@1.0.0 from /w/x asks for:
          - a
              high risk: these programs do with its rights whatever it tells them to
              its author says: “Because.”
          - c
              high risk: these programs do with its rights whatever it tells them to
              its author says: “Because.”
              not granted: process: runs git; this version cannot grant it
        Another version of it was granted:
          - a
          - b
        + c
        - b (no longer asked for)
        ");
    }

    #[test]
    fn every_outcome_has_its_words() {
        let mut page = Page::new(Look::default());
        for word in ["trusted", "revoked"] {
            for changed in [true, false] {
                for skill in [json!(null), json!({"name": "x", "version": "1.0.0"})] {
                    let report = TrustReport {
                        workspace: "/w".into(),
                        skill: serde_json::from_value(skill).unwrap(),
                        answer: None,
                        permissions: Vec::new(),
                        changed,
                    };
                    describe(word, &report, &mut page);
                }
            }
        }
        for (word, changed) in [("refused", true), ("refused", false), ("lent", true)] {
            let report = TrustReport {
                workspace: "/w".into(),
                skill: serde_json::from_value(json!({"name": "x", "version": "1.0.0"})).unwrap(),
                answer: Some(Answer::Refused),
                permissions: Vec::new(),
                changed,
            };
            describe(word, &report, &mut page);
        }
        insta::assert_snapshot!(page.render(), @r"
        Workspace /w is trusted
        Skill x@1.0.0 is granted what it asks for
        Workspace /w was trusted already
        Skill x@1.0.0 was granted what it asks for already
        Workspace /w is no longer trusted
        Skill x@1.0.0 is no longer granted anything
        Workspace /w was not trusted
        Skill x@1.0.0 was not granted anything
        Skill x@1.0.0 is refused what it asks for until it changes
        Skill x@1.0.0 was refused what it asks for already
        Skill x@1.0.0 is granted what it asks for in this workspace, until the daemon ends
        ");
    }
}
