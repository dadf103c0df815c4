//! `info`: all about one skill.

use mycelium_protocol::control::Answer;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Denial;
use mycelium_protocol::control::LimitUsage;
use mycelium_protocol::control::MethodInfo;
use mycelium_protocol::control::PermissionInfo;
use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::WrappedInfo;
use mycelium_types::AgentSkill;
use mycelium_types::ExitStatus;
use mycelium_types::Limit;
use mycelium_types::Risk;
use mycelium_types::Timestamp;

use crate::arguments::Format;
use crate::arguments::SkillArgument;
use crate::arguments::Verbosity;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::render::quantity;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(
    argument: &SkillArgument,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let skill = session.selector(&argument.skill)?;
    let info = answer!(session.request(Command::Info(skill))?, Info);
    let verbosity = session.output.verbosity();
    session
        .output
        .result(&info, |page| describe(&info, verbosity, page))?;
    if session.output.format() == Format::Human && !info.diagnostics.is_empty() {
        let locale = session.output.locale();
        session.output.say(|page| {
            for diagnostic in &info.diagnostics {
                page.block(Style::Plain, "", &diagnostic.render(locale));
            }
        });
    }
    Ok(ExitStatus::Success)
}

fn describe(info: &SkillInfo, verbosity: Verbosity, page: &mut Page) {
    let skill = &info.summary;
    let text = Text::new("info-skill")
        .with("name", &skill.id.name)
        .with("version", &skill.id.version);
    page.say_styled(Style::Strong, &text);
    page.say(&Text::new("info-description").with("description", &skill.description));
    if let Some(author) = &info.author {
        page.say(&Text::new("info-author").with("author", &author.name));
    }
    if let Some(license) = &info.license {
        page.say(&Text::new("info-license").with("license", license));
    }
    let state = Text::new("info-state")
        .with("state", skill.state)
        .with("breaker", &info.breaker);
    page.say(&state);
    if let Some(deprecation) = &skill.deprecated {
        let replacement = deprecation.replacement.as_deref().unwrap_or("none");
        let text = Text::new("info-deprecated")
            .with("message", &deprecation.message)
            .with("replacement", replacement);
        page.say_styled(Style::Caution, &text);
    }
    if verbosity == Verbosity::Verbose {
        describe_origin(info, page);
    }

    if let Some(server) = &info.server {
        describe_server(server, page);
    }
    section(page, "info-dependencies", info.dependencies.len());
    for dependency in &info.dependencies {
        let resolved = dependency.resolved.as_deref().unwrap_or("none");
        let text = Text::new("info-dependency")
            .with("name", &dependency.name)
            .with("range", &dependency.range)
            .with("kind", &dependency.kind)
            .with("resolved", resolved)
            .with("cached", dependency.cached);
        item(page, &text);
    }
    section(page, "info-permissions", info.permissions.len());
    for permission in &info.permissions {
        item(
            page,
            &Text::new("info-permission").with("permission", &permission.permission),
        );
        if verbosity == Verbosity::Verbose || !permission.granted {
            describe_risk(permission, page);
        }
        describe_last_use(permission, verbosity, page);
        describe_denials(&permission.denials, page);
    }
    if let Some(answer) = &info.answer {
        let word = match answer.answer {
            Answer::Granted => "granted",
            Answer::Once => "once",
            Answer::Refused => "refused",
        };
        let by = if answer.by.is_empty() {
            "?"
        } else {
            &answer.by
        };
        let text = Text::new("info-answer")
            .with("answer", word)
            .with("by", by)
            .with(
                "time",
                format!(
                    "{:.0}",
                    Timestamp::from_milliseconds(answer.at_milliseconds)
                ),
            );
        page.line(format!("  {}", text.render(page.look().locale)));
    }
    if let Some(agent) = &info.agent {
        describe_agent_skill(agent, info.instructions.as_deref(), verbosity, page);
    }
    section(page, "info-methods", info.methods.len());
    for method in &info.methods {
        let text = Text::new("info-method").with("signature", signature(method));
        item(page, &text);
        if let Some(description) = &method.description {
            let text = Text::new("info-detail").with("text", description);
            page.line(format!("      {}", text.render(page.look().locale)));
        }
    }
    section(page, "info-hooks", info.hooks.len());
    for hook in &info.hooks {
        item(page, &Text::new("info-hook").with("hook", hook));
    }
    if verbosity == Verbosity::Verbose {
        describe_limits(info, page);
    }
}

/// What a skill runs that was made of a server of MCP, and what it can read because of that.
pub(super) fn describe_server(server: &WrappedInfo, page: &mut Page) {
    let code = server.installation.iter();
    let code: Vec<_> = code.map(|path| path.display().to_string()).collect();
    let listed = [
        ("wrap-command", vec![server.command.clone()]),
        ("wrap-code", code),
        ("wrap-variables", server.variables.clone()),
    ];
    for (key, values) in listed {
        if !values.is_empty() {
            page.say(&Text::new(key).with("value", values.join(", ")));
        }
    }
}

/// What its `SKILL.md` says. The instructions themselves are told on request: they are for agents.
fn describe_agent_skill(
    agent: &AgentSkill,
    instructions: Option<&str>,
    verbosity: Verbosity,
    page: &mut Page,
) {
    page.blank();
    let instructions = instructions.unwrap_or_default();
    let starters = match (agent.model_invocable, agent.user_invocable) {
        (true, true) => "both",
        (true, false) => "agents",
        (false, true) => "people",
        (false, false) => "nobody",
    };
    let text = Text::new("info-agent-skill")
        .with("file", &agent.file)
        .with("lines", instructions.lines().count())
        .with("starters", starters);
    page.say(&text);
    if !agent.allowed_tools.is_empty() {
        let tools = agent.allowed_tools.join(", ");
        item(page, &Text::new("info-allowed-tools").with("tools", tools));
    }
    if verbosity == Verbosity::Verbose {
        for line in instructions.lines() {
            page.line(format!("    {line}"));
        }
    }
}

fn describe_origin(info: &SkillInfo, page: &mut Page) {
    let versions: Vec<_> = info.versions.iter().map(ToString::to_string).collect();
    let text = Text::new("info-origin")
        .with("source", &info.summary.source)
        .with(
            "server",
            info.summary.offered_by.as_deref().unwrap_or("none"),
        )
        .with("root", info.root.display())
        .with("digest", info.digest)
        .with("engine", &info.engine)
        .with("versions", versions.join(", "))
        .with("tags", info.summary.tags.join(", "));
    page.say(&text);
}

/// Adds each limit, and how much of it is used where something runs.
fn describe_limits(info: &SkillInfo, page: &mut Page) {
    page.blank();
    page.say(&Text::new("info-limits"));
    if !info.usage.is_empty() {
        return describe_usage(&info.usage, page);
    }
    for limit in Limit::ALL {
        let text = Text::new("info-limit")
            .with("limit", limit)
            .with("used", "none")
            .with("value", info.limits.get(*limit));
        item(page, &text);
    }
}

/// Adds how much of each limit is used.
pub(super) fn describe_usage(usage: &[LimitUsage], page: &mut Page) {
    for LimitUsage { limit, used, value } in usage {
        let text = Text::new("info-limit")
            .with("limit", limit)
            .with("used", used.map_or_else(|| "none".to_owned(), quantity))
            .with("value", value);
        item(page, &text);
    }
}

/// Adds what can go wrong when a permission is granted, and what its author says of it.
pub(super) fn describe_risk(permission: &PermissionInfo, page: &mut Page) {
    let locale = page.look().locale;
    let what = Text::new(permission.asked.risk_key()).render(locale);
    let text = Text::new("info-risk")
        .with("risk", permission.risk.as_str())
        .with("what", what);
    let style = match permission.risk {
        Risk::Low | Risk::Medium => Style::Plain,
        Risk::High => Style::Caution,
    };
    page.styled(style, format!("      {}", text.render(locale)));
    if permission.reads_tls {
        page.line(format!(
            "      {}",
            Text::new("info-reads-tls").render(locale)
        ));
    }
    if let Some(reason) = &permission.reason {
        let text = Text::new("info-reason").with("reason", reason);
        page.line(format!("      {}", text.render(locale)));
    }
}

/// Adds when a permission was last used; that it never was is said to who wants to know more.
fn describe_last_use(permission: &PermissionInfo, verbosity: Verbosity, page: &mut Page) {
    let last = permission.last_used_milliseconds;
    if last.is_none() && (verbosity != Verbosity::Verbose || !permission.granted) {
        return;
    }
    let time = last.map_or_else(
        || "never".to_owned(),
        |last| format!("{:.0}", Timestamp::from_milliseconds(last)),
    );
    let text = Text::new("info-last-use").with("time", time);
    page.line(format!("      {}", text.render(page.look().locale)));
}

/// Adds why parts of a permission are not granted.
pub(super) fn describe_denials<'d>(denials: impl IntoIterator<Item = &'d Denial>, page: &mut Page) {
    let locale = page.look().locale;
    for denial in denials {
        let text = Text::new("info-denial")
            .with("permission", &denial.permission)
            .with("reason", Text::new(denial.reason.key()).render(locale));
        page.styled(Style::Caution, format!("      {}", text.render(locale)));
    }
}

fn section(page: &mut Page, key: &str, count: usize) {
    page.blank();
    page.say(&Text::new(key).with("count", count));
}

fn item(page: &mut Page, text: &Text) {
    let text = text.render(page.look().locale);
    page.line(format!("  - {text}"));
}

/// `greet(name: string): string`, as far as names and types are known.
fn signature(method: &MethodInfo) -> String {
    let parameters: Vec<_> = method
        .parameters
        .iter()
        .map(|parameter| match &parameter.type_name {
            Some(type_name) => format!("{}: {type_name}", parameter.name),
            None => parameter.name.clone(),
        })
        .collect();
    let returns = method
        .returns
        .as_ref()
        .map_or_else(String::new, |returns| format!(": {returns}"));
    format!("{}({}){returns}", method.name, parameters.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::render::Look;

    fn value() -> Value {
        json!({
            "name": "hello-world",
            "version": "1.0.0",
            "description": "A simple greeting skill demonstrating infrastructure capabilities",
            "source": {"kind": "folder", "path": "/w/custom-skills/hello-world"},
            "tags": ["demo", "greeting"],
            "state": "LOADED",
            "versions": ["1.0.0"],
            "author": {"name": "Mycelium Team"},
            "license": "MIT",
            "root": "/w/custom-skills/hello-world",
            "digest": mycelium_types::Digest::of(b"x"),
            "engine": "quickjs",
            "dependencies": [{
                "name": "lodash", "range": "^4.17.21", "kind": "npm", "resolved": "4.17.21", "cached": true
            }],
            "permissions": [{
                "permission": "filesystem: write access to ./output",
                "asked": {"type": "filesystem", "paths": ["./output"], "access": "write"},
                "risk": "medium", "granted": true, "denials": []
            }],
            "methods": [
                {"name": "greet", "parameters": [{"name": "name", "type_name": "string"}], "returns": "string"},
                {"name": "farewellAsync", "parameters": [{"name": "name"}]},
            ],
            "hooks": ["onInit", "onUnload"],
            "limits": mycelium_types::Limits::default(),
            "breaker": "closed",
            "diagnostics": [],
        })
    }

    fn shown(value: Value, verbosity: Verbosity) -> String {
        let info: SkillInfo = serde_json::from_value(value).unwrap();
        let mut page = Page::new(Look::default());
        describe(&info, verbosity, &mut page);
        page.render()
    }

    #[test]
    fn the_specifications_page() {
        insta::assert_snapshot!(shown(value(), Verbosity::Normal), @r"
        Skill: hello-world (v1.0.0)
        Description: A simple greeting skill demonstrating infrastructure capabilities
        Author: Mycelium Team
        License: MIT
        State: LOADED (not yet initialized)

        Dependencies (1):
          - lodash@^4.17.21 (resolved: 4.17.21, cached: yes)

        Permissions:
          - filesystem: write access to ./output

        Exported Methods:
          - greet(name: string): string
          - farewellAsync(name)

        Lifecycle Hooks:
          - onInit: implemented
          - onUnload: implemented
        ");
    }

    #[test]
    fn the_last_use_of_a_permission_is_told_and_that_there_was_none_if_asked() {
        let mut used = value();
        used["permissions"][0]["last_used_milliseconds"] = json!(951_782_399_999_u64);
        let page = shown(used, Verbosity::Normal);
        assert!(
            page.contains("      last used 2000-02-28T23:59:59Z\n"),
            "{page}"
        );
        assert!(!shown(value(), Verbosity::Normal).contains("in use"));
        let page = shown(value(), Verbosity::Verbose);
        assert!(page.contains("      not seen in use\n"), "{page}");
    }

    #[test]
    fn limits_are_told_before_anything_runs() {
        let page = shown(value(), Verbosity::Verbose);
        let (_, limits) = page.split_once("Limits:").unwrap();
        assert_eq!(limits.matches("  - ").count(), Limit::ALL.len(), "{limits}");
        assert!(limits.contains("  - wallSeconds: 30\n"), "{limits}");
    }

    #[test]
    fn what_is_missing_refused_or_out_of_date_is_said() {
        let mut value = value();
        value["state"] = json!("ACTIVE");
        value["breaker"] = json!("open");
        value["deprecated"] = json!({"message": "old\u{1b}[2J", "replacement": "greeter"});
        value["dependencies"] = json!([{
            "name": "lodash", "range": "^4", "kind": "npm", "resolved": null, "cached": false
        }]);
        value["permissions"] = json!([{
            "permission": "network: requests to api.example.com",
            "asked": {"type": "network", "hosts": ["api.example.com"]},
            "risk": "medium",
            "reason": "To look\u{1b}[2J up the weather.",
            "granted": false,
            "denials": [{
                "permission": {"type": "network", "hosts": ["api.example.com"]},
                "reason": "not-granted",
            }],
        }]);
        value["answer"] =
            json!({"answer": "refused", "by": "ann", "at_milliseconds": 951_782_399_999_u64});
        value["methods"] = json!([{"name": "m", "description": "does it", "parameters": []}]);
        value["hooks"] = json!([]);
        value["usage"] = json!([
            {"limit": "memoryMB", "used": 12.5, "value": 500},
            {"limit": "processes", "used": null, "value": 0},
        ]);
        insta::assert_snapshot!(shown(value, Verbosity::Verbose), @r"
        Skill: hello-world (v1.0.0)
        Description: A simple greeting skill demonstrating infrastructure capabilities
        Author: Mycelium Team
        License: MIT
        State: ACTIVE, circuit open
        Deprecated: old␛[2J (use greeter instead)
        Source: /w/custom-skills/hello-world
        Folder: /w/custom-skills/hello-world
        Digest: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
        Engine: quickjs
        Versions: 1.0.0
        Tags: demo, greeting

        Dependencies (1):
          - lodash@^4 (not resolved yet, cached: no)

        Permissions:
          - network: requests to api.example.com
              medium risk: everything that it can read can be sent there
              its author says: “To look␛[2J up the weather.”
              not granted: network: requests to api.example.com; nobody has granted it (see `mycelium trust SKILL`)
          Refused for good by ann on 2000-02-28T23:59:59Z, for exactly this content

        Exported Methods:
          - m()
              does it

        Lifecycle Hooks: none

        Limits:
          - memoryMB: 12.5 of 500
          - processes: 0
        ");
    }
}
