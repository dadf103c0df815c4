//! `mcp servers`, `mcp tools`, `mcp call`, `mcp read`: other MCP servers.

use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::ServerDescription;
use mycelium_protocol::control::ServersReport;
use mycelium_protocol::control::ToolReport;
use mycelium_protocol::control::ToolRequest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::printable;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::arguments;
use crate::arguments::ToolOptions;
use crate::arguments::Verbosity;
use crate::error::Error;
use crate::input;
use crate::render::Page;
use crate::render::Style;
use crate::render::Table;
use crate::render::Text;
use crate::render::milliseconds;
use crate::render::result_text;
use crate::session::Session;
use crate::session::answer;

/// The longest first line of a tool's description that is shown, in characters.
const MAX_DESCRIPTION: usize = 120;

pub(super) fn list(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let report = answer!(session.request(Command::Servers)?, Servers);
    session
        .output
        .result(&report, |page| describe_all(&report, page))?;
    Ok(ExitStatus::Success)
}

pub(super) fn tools(server: &str, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let server = server.to_owned();
    let report = answer!(session.request(Command::Server { server })?, Server);
    session
        .output
        .result(&report, |page| describe(&report, page))?;
    Ok(ExitStatus::Success)
}

pub(super) fn call(options: &ToolOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let request = ToolRequest {
        server: options.server.clone(),
        tool: options.tool.clone(),
        arguments: named(options, session)?,
        timeout_seconds: session.settings.timeout_seconds,
    };
    let report = answer!(session.request(Command::Tool(request))?, Tool);
    let verbosity = session.output.verbosity();
    session
        .output
        .result(&report, |page| show(&report, verbosity, page))?;
    Ok(ExitStatus::Success)
}

pub(super) fn read(
    server: &str,
    uri: &str,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let command = Command::Resource {
        server: server.to_owned(),
        uri: uri.to_owned(),
    };
    let contents = answer!(session.request(command)?, Resource);
    let value = json!({ "server": server, "uri": uri, "contents": contents });
    session.output.result(&value, |page| {
        for one in &contents {
            match one["text"].as_str() {
                Some(text) => page.block(Style::Plain, "", text),
                None => page.line(result_text(one)),
            }
        }
    })?;
    Ok(ExitStatus::Success)
}

/// The arguments that were typed: tools take them by name.
fn named(options: &ToolOptions, session: &Session<'_>) -> Result<Map<String, Value>, Error> {
    let invalid = |reason: String| -> Error {
        ErrorReport::new(ErrorCode::ToolArgumentsInvalid)
            .with("server", printable(&options.server))
            .with("tool", printable(&options.tool))
            .with("reason", reason)
            .into()
    };
    let read = match options.args_json.as_deref() {
        None => return pairs(&options.words).map_err(invalid),
        Some("-") => arguments::from_json(&input::read_all(session.transport.interrupt())?),
        Some(text) => arguments::from_json(text),
    };
    match read.map_err(|error| invalid(format!("{error}.")))? {
        Arguments::Named(members) => Ok(members),
        Arguments::Positional(_) => Err(invalid("tools take one JSON object.".to_owned())),
    }
}

/// `KEY=VALUE` pairs, or one object.
fn pairs(words: &[String]) -> Result<Map<String, Value>, String> {
    if let [one] = words
        && let Ok(Arguments::Named(members)) = arguments::from_json(one)
    {
        return Ok(members);
    }
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').ok_or_else(|| {
            let word = printable(word);
            format!("`{word}` is neither KEY=VALUE nor a JSON object.")
        })?;
        let value = arguments::from_words(vec![value.to_owned()]);
        match value.map_err(|error| format!("{error}."))? {
            Arguments::Positional(mut list) => {
                Ok((name.to_owned(), list.pop().unwrap_or_default()))
            }
            Arguments::Named(members) => Ok((name.to_owned(), Value::Object(members))),
        }
    };
    words.iter().map(pair).collect()
}

fn describe_all(report: &ServersReport, page: &mut Page) {
    let locale = page.look().locale;
    if report.servers.is_empty() {
        page.say(&Text::new("servers-empty"));
    } else {
        let head = Text::new("servers-head");
        let names = ["name", "origin", "state", "target"];
        let mut table = Table::new(names.map(|name| head.attribute(name, locale)));
        for server in &report.servers {
            let state = Text::new("server-state").with("state", server.state);
            table.row([
                server.name.clone(),
                server.origin.clone(),
                state.render(locale),
                server.target.clone(),
            ]);
        }
        table.add_to(page);
    }
    for problem in &report.problems {
        page.block(Style::Caution, "", &problem.render(locale));
    }
}

fn describe(report: &ServerDescription, page: &mut Page) {
    let unknown = || "?".to_owned();
    let text = Text::new("server-about")
        .with("name", &report.server)
        .with("title", report.title.clone().unwrap_or_else(unknown))
        .with("version", report.version.clone().unwrap_or_else(unknown))
        .with("protocol", &report.protocol);
    page.say(&text);
    if report.tools.is_empty() {
        page.say(&Text::new("server-has-no-tools"));
    }
    for tool in &report.tools {
        page.blank();
        page.block(Style::Plain, "", &tool_line(&tool.name, &tool.input_schema));
        let description = tool.description.as_deref().unwrap_or_default();
        let first = description.lines().find(|line| !line.trim().is_empty());
        if let Some(line) = first {
            let line: String = line.trim().chars().take(MAX_DESCRIPTION).collect();
            page.block(Style::Plain, "  ", &line);
        }
    }
    if !report.resources.is_empty() {
        page.blank();
        page.say(&Text::new("server-resources"));
        for resource in &report.resources {
            let uri = resource["uri"].as_str().unwrap_or_default();
            page.block(Style::Plain, "  ", uri);
        }
    }
}

/// `name(a, b?)`: what a tool takes, by its schema.
fn tool_line(name: &str, schema: &Value) -> String {
    let is_required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|names| names.iter().any(|one| one == name))
    };
    let members = schema["properties"].as_object().into_iter().flatten();
    let members: Vec<_> = members
        .map(|(name, _)| match is_required(name) {
            true => name.clone(),
            false => format!("{name}?"),
        })
        .collect();
    format!("{name}({})", members.join(", "))
}

fn show(report: &ToolReport, verbosity: Verbosity, page: &mut Page) {
    let content = report.result["content"].as_array();
    let texts: Option<Vec<&str>> = content.map(|blocks| {
        let texts = blocks.iter().filter_map(|block| block["text"].as_str());
        texts.collect()
    });
    // Texts alone are for people; whatever else there is is shown as it is.
    match texts.filter(|texts| Some(texts.len()) == content.map(Vec::len)) {
        Some(texts) => {
            for text in texts {
                page.block(Style::Plain, "", text);
            }
        }
        None => page.line(result_text(&report.result)),
    }
    if verbosity != Verbosity::Quiet {
        page.blank();
        let time = milliseconds(report.milliseconds);
        page.say(&Text::new("call-time").with("time", time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_pairs_or_an_object() {
        let words = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            pairs(&words).map(Value::Object)
        };
        assert_eq!(words(&[]), Ok(json!({})));
        assert_eq!(words(&["{\"a\": 1}"]), Ok(json!({"a": 1})));
        assert_eq!(
            words(&["a=1", "b=x=y", "c=", "d=[true]"]),
            Ok(json!({"a": 1, "b": "x=y", "c": "", "d": [true]}))
        );
        assert!(words(&["a"]).is_err());
        assert!(words(&["[1]"]).is_err());
    }

    #[test]
    fn a_tool_s_line_names_what_it_takes() {
        let schema = json!({"properties": {"a": {}, "b": {}}, "required": ["b"]});
        assert_eq!(tool_line("t", &schema), "t(a?, b)");
        assert_eq!(tool_line("t", &json!({})), "t()");
    }
}
