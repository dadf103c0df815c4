//! `exec`: run a method of a skill.

use std::io::IsTerminal as _;

use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::ExecReport;
use mycelium_protocol::control::ExecRequest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use mycelium_types::printable;
use serde_json::Value;
use serde_json::json;

use super::trust;
use crate::arguments;
use crate::arguments::ExecOptions;
use crate::arguments::Format;
use crate::arguments::Verbosity;
use crate::error::Error;
use crate::input;
use crate::render::Footer;
use crate::render::Page;
use crate::render::Text;
use crate::render::error_value;
use crate::render::milliseconds;
use crate::render::result_text;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(options: ExecOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let request = request(options, session)?;
    let mut report = answer!(session.request(Command::Exec(request.clone()))?, Exec);
    if asks_for_permission(&report, session)
        && trust::offer(&request.skill, &request.method, session)?
    {
        report = answer!(session.request(Command::Exec(request))?, Exec);
    }
    if let (Err(error), Some(package)) = (&mut report.outcome, &session.package) {
        // What the error advises to type must lead to the package.
        error
            .context
            .insert("skill".to_owned(), package.typed.clone());
    }
    show(&report, session)
}

/// The call that was typed.
pub(super) fn request(
    options: ExecOptions,
    session: &mut Session<'_>,
) -> Result<ExecRequest, Error> {
    let args = call_arguments(&options, session)?;
    Ok(ExecRequest {
        skill: session.selector(&options.skill)?,
        method: options.method,
        args,
        timeout_seconds: session.settings.timeout_seconds,
        correlation_id: None,
        agent: None,
    })
}

fn call_arguments(options: &ExecOptions, session: &Session<'_>) -> Result<Arguments, Error> {
    let read = match options.args_json.as_deref() {
        None => arguments::from_words(options.words.clone()),
        Some("-") => arguments::from_json(&input::read_all(session.transport.interrupt())?),
        Some(text) => arguments::from_json(text),
    };
    read.map_err(|error| {
        ErrorReport::new(ErrorCode::ArgumentsInvalid)
            .with("skill", printable(&options.skill))
            .with("method", printable(&options.method))
            .with("reason", format!("{error}."))
            .into()
    })
}

/// Whether the call was refused for want of a permission and there is somebody to ask.
fn asks_for_permission(report: &ExecReport, session: &Session<'_>) -> bool {
    matches!(&report.outcome, Err(error) if error.code == ErrorCode::PermissionRequired)
        && session.output.format() == Format::Human
        && std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
}

fn show(report: &ExecReport, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let verbosity = session.output.verbosity();
    let locale = session.output.locale();
    match &report.outcome {
        Ok(result) => {
            session.output.result(&value(report, locale), |page| {
                describe(report, result, verbosity, page);
            })?;
            Ok(ExitStatus::Success)
        }
        Err(error) => {
            match session.output.format() {
                Format::Json => session.output.result(&value(report, locale), |_| {})?,
                Format::Human => {
                    let milliseconds = report.milliseconds;
                    let footer = Footer::Call { milliseconds };
                    session.output.failure(error, footer)?;
                }
            }
            Ok(error.code.exit_status())
        }
    }
}

fn describe(report: &ExecReport, result: &Value, verbosity: Verbosity, page: &mut Page) {
    let result = result_text(result);
    if verbosity == Verbosity::Quiet {
        page.line(result);
        return;
    }
    page.say(&Text::new("call-result").with("result", result));
    page.blank();
    let time = milliseconds(report.milliseconds);
    page.say(&Text::new("call-time").with("time", time));
    if verbosity == Verbosity::Verbose {
        let cpu = report.cpu_microseconds.map(|time| format!("{time}µs"));
        let memory = report.memory_bytes.map(crate::render::mebibytes);
        let unknown = || "?".to_owned();
        let text = Text::new("call-details")
            .with("attempts", report.attempts)
            .with("cpu", cpu.unwrap_or_else(unknown))
            .with("memory", memory.unwrap_or_else(unknown))
            .with("id", &report.correlation_id);
        page.say(&text);
    }
}

/// The report with `result` or `error` in place of its outcome.
pub(super) fn value(report: &ExecReport, locale: Locale) -> Value {
    let mut value = json!({
        "skill": report.skill,
        "version": report.version,
        "method": report.method,
    });
    match &report.outcome {
        Ok(result) => value["result"] = result.clone(),
        Err(error) => value["error"] = error_value(error, locale),
    }
    value["correlation_id"] = json!(report.correlation_id);
    value["attempts"] = json!(report.attempts);
    value["milliseconds"] = json!(report.milliseconds);
    value["cpu_microseconds"] = json!(report.cpu_microseconds);
    value["memory_bytes"] = json!(report.memory_bytes);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Look;
    use crate::render::envelope;

    fn report(outcome: Result<Value, ErrorReport>) -> ExecReport {
        ExecReport {
            skill: "hello-world".parse().unwrap(),
            version: Some("1.0.0".parse().unwrap()),
            method: "greet".into(),
            outcome,
            tool_result: None,
            correlation_id: "c-1".into(),
            attempts: 1,
            milliseconds: 126.8,
            cpu_microseconds: Some(310),
            memory_bytes: None,
        }
    }

    fn shown(result: &Value, verbosity: Verbosity) -> String {
        let mut page = Page::new(Look::default());
        describe(&report(Ok(result.clone())), result, verbosity, &mut page);
        page.render()
    }

    #[test]
    fn results_are_json_on_one_line() {
        let result = json!("Hello, Claude! (Greeting #1)");
        insta::assert_snapshot!(shown(&result, Verbosity::Normal), @r#"
        Result: "Hello, Claude! (Greeting #1)"

        Execution completed in 127ms
        "#);
        insta::assert_snapshot!(shown(&json!({"a": ["\u{9b}\n", null]}), Verbosity::Verbose), @r#"
        Result: {"a":["\u009b\n",null]}

        Execution completed in 127ms
        Attempts: 1, processor time: 310µs, memory: ?, correlation ID: c-1
        "#);
        assert_eq!(shown(&json!([1, 2.5]), Verbosity::Quiet), "[1,2.5]\n");
    }

    #[test]
    fn the_json_object_has_a_result_or_an_error() {
        let good = envelope(&value(&report(Ok(json!([1]))), Locale::EnUs)).unwrap();
        insta::assert_snapshot!(good, @r#"{"schema_version":1,"skill":"hello-world","version":"1.0.0","method":"greet","result":[1],"correlation_id":"c-1","attempts":1,"milliseconds":126.8,"cpu_microseconds":310,"memory_bytes":null}"#);
        let error = ErrorReport::new(ErrorCode::SkillExecutionError).with("reason", "no");
        let bad = value(&report(Err(error)), Locale::EnUs);
        assert_eq!(bad["error"]["code"], "SKILL_EXECUTION_ERROR");
        assert!(bad.get("result").is_none());
    }
}
