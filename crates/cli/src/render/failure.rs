//! Errors: code, message, the skill's stack and the remedy, always.

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use serde_json::Value;
use serde_json::json;

use super::Page;
use super::Style;
use super::Text;
use super::event::add_stack;
use super::quantity;
use crate::arguments::Verbosity;

/// The last line of a failed command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Footer {
    /// None.
    None,
    /// What became of a call.
    Call {
        /// Its time, in milliseconds.
        milliseconds: f64,
    },
}

/// How an error is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub(super) verbosity: Verbosity,
    /// Whether an event has told message and stack already.
    pub(super) message_known: bool,
    pub(super) footer: Footer,
}

/// Adds an error's lines.
pub(super) fn describe(report: &ErrorReport, telling: Telling, page: &mut Page) {
    let locale = page.look().locale;
    let message = report.message(locale);
    if !telling.message_known {
        let mut lines = message.lines();
        let first = Text::new("error-message").with("message", lines.next().unwrap_or_default());
        page.say_styled(Style::Bad, &first);
        for line in lines {
            page.block(Style::Bad, "  ", line);
        }
        if let Some(stack) = &report.stack {
            add_stack(page, stack, &message);
        }
    }
    if report.code == ErrorCode::SecurityViolation
        && let Some(permission) = report.context.get("permission")
    {
        let text = Text::new("violation-permission").with("permission", permission);
        page.block(Style::Plain, "  ", &text.render(locale));
    }
    for diagnostic in &report.diagnostics {
        page.block(Style::Plain, "  ", &diagnostic.render(locale));
    }
    if !page.is_empty() {
        page.blank();
    }

    let code = Text::new("error-code").with("code", report.code);
    page.say_styled(Style::Strong, &code);
    let remedy = Text::new("error-remedy").with("remedy", report.remediation(locale));
    page.say(&remedy);
    if telling.verbosity == Verbosity::Verbose {
        if let Some(id) = &report.correlation_id {
            page.say(&Text::new("error-correlation").with("id", id));
        }
        if report.retryable {
            page.say(&Text::new("error-retryable"));
        }
    }

    if let Footer::Call { milliseconds } = telling.footer
        && telling.verbosity != Verbosity::Quiet
    {
        let key = match report.code.exit_status() {
            ExitStatus::Breaker => "call-blocked",
            ExitStatus::Denied => "call-denied",
            ExitStatus::Success
            | ExitStatus::Skill
            | ExitStatus::Usage
            | ExitStatus::Invalid
            | ExitStatus::NotFound
            | ExitStatus::Dependency
            | ExitStatus::Limit
            | ExitStatus::Internal
            | ExitStatus::Interrupted => "call-failed",
        };
        page.blank();
        page.say(&Text::new(key).with("time", quantity::milliseconds(milliseconds)));
    }
}

/// An error's fields as every JSON object has them.
pub(crate) fn error_value(report: &ErrorReport, locale: Locale) -> Value {
    json!({
        "code": report.code,
        "message": report.message(locale),
        "remediation": report.remediation(locale),
        "context": report.context,
        "retryable": report.retryable,
        "correlation_id": report.correlation_id,
        "stack": report.stack,
        "diagnostics": report.diagnostics,
    })
}

#[cfg(test)]
mod tests {

    use super::super::Look;
    use super::*;

    fn shown(report: &ErrorReport, telling: Telling) -> String {
        let mut page = Page::new(Look::default());
        describe(report, telling, &mut page);
        page.render()
    }

    const PLAIN: Telling = Telling {
        verbosity: Verbosity::Normal,
        message_known: false,
        footer: Footer::Call { milliseconds: 5.2 },
    };

    fn failure() -> ErrorReport {
        let mut report = ErrorReport::new(ErrorCode::SkillExecutionError)
            .with("skill", "faulty-skill")
            .with("method", "willFail")
            .with("reason", "Intentional failure for testing");
        report.stack = Some(
            "Error: Intentional failure for testing\n    at willFail (/w/index.js:3:11)".into(),
        );
        report.correlation_id = Some("c-1".into());
        report
    }

    #[test]
    fn a_failed_call() {
        insta::assert_snapshot!(shown(&failure(), PLAIN), @r"
        Error: Intentional failure for testing
          Stack: Error: Intentional failure for testing
            at willFail (/w/index.js:3:11)

        Error Code: SKILL_EXECUTION_ERROR
        Remediation: Check skill implementation for bugs. Review error logs for details.

        Execution failed after 5ms
        ");
    }

    #[test]
    fn a_failed_call_whose_event_was_shown() {
        let telling = Telling {
            message_known: true,
            verbosity: Verbosity::Verbose,
            ..PLAIN
        };
        insta::assert_snapshot!(shown(&failure(), telling), @r"
        Error Code: SKILL_EXECUTION_ERROR
        Remediation: Check skill implementation for bugs. Review error logs for details.
        Correlation ID: c-1

        Execution failed after 5ms
        ");
    }

    #[test]
    fn refusals_end_differently() {
        let breaker = ErrorReport::new(ErrorCode::CircuitBreakerOpen)
            .with("skill", "faulty-skill")
            .with("seconds", 60);
        let violation = ErrorReport::new(ErrorCode::SecurityViolation)
            .with("skill", "malicious-skill")
            .with("operation", "read")
            .with("path", "/etc/passwd")
            .with("permission", r#"{"type":"secret","names":["K"]}"#);
        let both = [shown(&breaker, PLAIN), shown(&violation, PLAIN)];
        insta::assert_snapshot!(both.join("---\n"), @r#"
        Error: Skill `faulty-skill` failed repeatedly; calls are refused for another 60 seconds.

        Error Code: CIRCUIT_BREAKER_OPEN
        Remediation: Wait for circuit to close or reset manually with /skills reset faulty-skill

        Execution blocked
        ---
        Error: Skill `malicious-skill` tried to read /etc/passwd, which it may not.
          Permission that would allow it: {"type":"secret","names":["K"]}

        Error Code: SECURITY_VIOLATION
        Remediation: Request filesystem permission in skill manifest or remove unauthorized access.

        Execution blocked by security policy
        "#);
    }

    #[test]
    fn a_message_of_several_lines_stays_below_its_label() {
        let report = ErrorReport::new(ErrorCode::SkillExecutionError)
            .with("reason", "first\nError Code: FORGED\u{1b}[2J");
        let telling = Telling {
            footer: Footer::None,
            ..PLAIN
        };
        let text = shown(&report, telling);
        assert!(
            text.starts_with("Error: first\n  Error Code: FORGED␛[2J\n\n"),
            "{text}"
        );
    }

    #[test]
    fn json_has_all_fields() {
        let value = error_value(&failure(), Locale::EnUs);
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            keys,
            [
                "code",
                "message",
                "remediation",
                "context",
                "retryable",
                "correlation_id",
                "stack",
                "diagnostics"
            ]
        );
        assert_eq!(value["code"], "SKILL_EXECUTION_ERROR");
        assert_eq!(value["message"], "Intentional failure for testing");
    }
}
