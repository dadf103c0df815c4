//! `mcp wrap`, `mcp unwrap`: a server of somebody else as a skill.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use mycelium_protocol::control::Command;
use mycelium_protocol::control::UnwrapReport;
use mycelium_protocol::control::WrapReport;
use mycelium_protocol::control::WrapRequest;
use mycelium_protocol::control::WrappedCommand;
use mycelium_types::ExitStatus;
use mycelium_types::FileAccess;
use mycelium_types::Message;
use mycelium_types::Permission;
use mycelium_types::SkillName;
use mycelium_types::is_variable;
use mycelium_types::printable;

use crate::arguments::Format;
use crate::arguments::TrustOptions;
use crate::arguments::WrapOptions;
use crate::commands::info;
use crate::commands::trust;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;
use crate::session::answer;

pub(super) fn wrap(options: &WrapOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let request = request(options, session)?;
    let asks = !request.permissions.is_empty();
    let report = answer!(session.request(Command::Wrap(Box::new(request)))?, Wrapped);
    session
        .output
        .result(&report, |page| describe(&report, page))?;
    if !asks {
        return Ok(ExitStatus::Success);
    }
    // What it was started with just now is granted for its calls like that of any other skill.
    let can_ask = session.output.format() == Format::Human && std::io::stdin().is_terminal();
    if !options.yes && !can_ask {
        let text = Text::new("wrap-trust").with("skill", &report.skill.name);
        session.output.note(&text);
        return Ok(ExitStatus::Success);
    }
    let options = TrustOptions {
        skill: Some(report.skill.name.to_string()),
        yes: options.yes,
        once: false,
        never: false,
    };
    trust::grant(&options, session)
}

pub(super) fn unwrap(name: &SkillName, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let command = Command::Unwrap { name: name.clone() };
    let report = answer!(session.request(command)?, Unwrapped);
    session
        .output
        .result(&report, |page| tell_end(&report, page))?;
    Ok(ExitStatus::Success)
}

/// What was typed.
fn request(options: &WrapOptions, session: &Session<'_>) -> Result<WrapRequest, Error> {
    let locale = session.output.locale();
    let mut variables = BTreeMap::new();
    let mut seen = Vec::new();
    for text in &options.env {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.as_str(), None),
        };
        if !is_variable(name) {
            let message = Message::new("usage-wrap-variable").with("name", printable(name));
            return Err(Error::usage(message.render(locale)));
        }
        match value {
            Some(value) => drop(variables.insert(name.to_owned(), value.to_owned())),
            None => seen.push(name.to_owned()),
        }
    }
    let files = |paths: &[String], access| Permission::Filesystem {
        paths: paths.to_vec(),
        access,
    };
    let all = [
        (!options.read.is_empty()).then(|| files(&options.read, FileAccess::Read)),
        (!options.write.is_empty()).then(|| files(&options.write, FileAccess::Write)),
        (!options.net.is_empty()).then(|| Permission::Network {
            hosts: options.net.clone(),
            methods: Vec::new(),
        }),
        (!seen.is_empty()).then_some(Permission::Environment { variables: seen }),
        (!options.process.is_empty()).then(|| Permission::Process {
            commands: options.process.clone(),
        }),
    ];
    let directory = &session.surroundings.directory;
    Ok(WrapRequest {
        name: options.name.clone(),
        command: match &options.from {
            Some(server) => WrappedCommand::Configured {
                server: server.clone(),
            },
            None => WrappedCommand::Words {
                words: options.command.clone(),
                folder: directory.clone(),
            },
        },
        permissions: all.into_iter().flatten().collect(),
        variables,
        installation: options
            .code
            .iter()
            .map(|path| directory.join(path))
            .collect(),
    })
}

fn describe(report: &WrapReport, page: &mut Page) {
    let locale = page.look().locale;
    let text = Text::new("wrap-done")
        .with("skill", &report.skill)
        .with("replaced", if report.replaced { "yes" } else { "no" })
        .with("tools", report.tools.len());
    page.say(&text);
    let listed = |key: &'static str, values: &[String], page: &mut Page| {
        if !values.is_empty() {
            let text = Text::new(key).with("value", values.join(", "));
            page.line(format!("  {}", text.render(locale)));
        }
    };
    let installation: Vec<_> = (report.installation.iter())
        .map(|path| path.display().to_string())
        .collect();
    listed("wrap-command", std::slice::from_ref(&report.command), page);
    listed("wrap-code", &installation, page);
    listed("wrap-permissions", &report.permissions, page);
    info::describe_denials(&report.denials, page);
    listed("wrap-tools", &report.tools, page);
    listed("wrap-added", &report.added, page);
    listed("wrap-removed", &report.removed, page);
    for reason in &report.left_out {
        page.block(Style::Caution, "  ", reason);
    }
    if let Some(other) = &report.hidden_by {
        let text = Text::new("wrap-hidden")
            .with("skill", &report.skill.name)
            .with("source", other);
        page.say_styled(Style::Caution, &text);
    }
}

fn tell_end(report: &UnwrapReport, page: &mut Page) {
    page.say(&Text::new("wrap-undone").with("skill", &report.name));
    if let Some(data) = &report.data {
        let text = Text::new("wrap-data").with("folder", data.display());
        page.say_styled(Style::Faint, &text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::Look;

    #[test]
    fn what_was_wrapped_is_told() {
        let report = json!({
            "skill": {"name": "git", "version": "1.2.0"}, "root": "/d/git",
            "command": "/v/bin/python /v/bin/mcp-server-git", "installation": ["/v"],
            "permissions": ["process: runs git"],
            "denials": [{"permission": {"type": "process", "commands": ["git"]}, "reason": "outside-bounds"}],
            "protocol": "2025-11-25", "tools": ["git_status", "git_log"],
            "left_out": ["A tool is left out that has no name."], "replaced": true, "added": ["git_log"],
            "removed": ["git_push"], "hidden_by": {"kind": "folder", "path": "/w/skills/git"},
        });
        let mut page = Page::new(Look::default());
        describe(&serde_json::from_value(report).unwrap(), &mut page);
        let end = UnwrapReport {
            name: "git".parse().unwrap(),
            data: Some("/d/skills/git-1".into()),
        };
        tell_end(&end, &mut page);
        insta::assert_snapshot!(page.render(), @r"
        git@1.2.0 was wrapped anew, with 2 functions. It runs in the sandbox and offers what it offers now; wrap it again to change that.
          Runs: /v/bin/python /v/bin/mcp-server-git
          Its code, which it can read: /v
          Asks for: process: runs git
              not granted: process: runs git; the configuration lets nobody grant it (see `mycelium config get security.grants`)
          Functions: git_status, git_log
          New functions: git_log
          Functions that are gone: git_push
          A tool is left out that has no name.
        In this workspace `git` means the skill from /w/skills/git. Wrap the server under another name, or rename that one.
        git is no skill any more.
        Its data was left in /d/skills/git-1
        ");
    }
}
