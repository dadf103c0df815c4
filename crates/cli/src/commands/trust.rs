//! `trust` and `revoke`: what the person allows.

use std::io::IsTerminal as _;

use mycelium_protocol::control::Command;
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
use crate::render::Text;
use crate::session::Session;
use crate::session::answer;

pub(super) fn grant(
    options: &TrustOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let request = match options.skill.as_deref() {
        None => TrustRequest::Workspace,
        Some(text) => {
            let skill = session.selector(text)?;
            let info = answer!(session.request(Command::Info(skill.clone()))?, Info);
            if !options.yes {
                show(&info, session);
            }
            let digest = info.digest;
            TrustRequest::Skill { skill, digest }
        }
    };
    if !options.yes {
        if session.output.format() == Format::Json || !std::io::stdin().is_terminal() {
            let reason = Message::new("usage-no-terminal").render(session.output.locale());
            return Err(Error::usage(reason));
        }
        let workspace = session.surroundings.workspace.display();
        let question = match &request {
            TrustRequest::Workspace => Text::new("trust-workspace").with("workspace", workspace),
            TrustRequest::Skill { .. } => Text::new("trust-question"),
        };
        if !ask(&question, session)? {
            session.output.note(&Text::new("trust-declined"));
            return Ok(ExitStatus::Denied);
        }
    }
    let report = answer!(session.request(Command::Trust(request))?, Trust);
    session
        .output
        .result(&report, |page| describe("trusted", &report, page))?;
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

/// Offers to grant what a call was refused for. Answers whether it is granted now.
pub(super) fn offer(skill: &SkillSelector, session: &mut Session<'_>) -> Result<bool, Error> {
    let info = answer!(session.request(Command::Info(skill.clone()))?, Info);
    show(&info, session);
    if !ask(&Text::new("trust-question"), session)? {
        return Ok(false);
    }
    let request = TrustRequest::Skill {
        skill: skill.clone(),
        digest: info.digest,
    };
    answer!(session.request(Command::Trust(request))?, Trust);
    Ok(true)
}

/// Shows what a skill asks for.
fn show(info: &SkillInfo, session: &mut Session<'_>) {
    let text = Text::new("trust-skill")
        .with("skill", &info.summary.id)
        .with("source", &info.summary.source);
    session.output.say(|page| {
        page.say(&text);
        for permission in &info.permissions {
            info::describe_permission(permission, page);
        }
    });
}

fn ask(question: &Text, session: &mut Session<'_>) -> Result<bool, Error> {
    session.output.prompt(question);
    let answer = input::read_line(session.transport.interrupt())?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Adds what is so now; `word` is `trusted` or `revoked`.
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

    #[test]
    fn every_outcome_has_its_words() {
        let mut page = Page::new(Look::default());
        for word in ["trusted", "revoked"] {
            for changed in [true, false] {
                for skill in [json!(null), json!({"name": "x", "version": "1.0.0"})] {
                    let report = TrustReport {
                        workspace: "/w".into(),
                        skill: serde_json::from_value(skill).unwrap(),
                        permissions: Vec::new(),
                        changed,
                    };
                    describe(word, &report, &mut page);
                }
            }
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
        ");
    }
}
