//! Defects of this program: a short report instead of a backtrace.

use std::any::Any;
use std::backtrace::Backtrace;
use std::backtrace::BacktraceStatus;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::panic::UnwindSafe;

use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;

use crate::render::Text;
use crate::render::line;

/// Runs `body`. A panic is told as the defect it is and becomes the status for defects.
pub(crate) fn guard(body: impl FnOnce() -> ExitStatus + UnwindSafe) -> ExitStatus {
    std::panic::set_hook(Box::new(tell));
    std::panic::catch_unwind(body).unwrap_or(ExitStatus::Internal)
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(String::new, |location| location.to_string());
    let mut text = report(&message(panic.payload()), &place);
    // Captured only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("\n{backtrace}"));
    }
    // Nobody can be told that standard error is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

fn report(message: &str, place: &str) -> String {
    let locale = Locale::default();
    let reason = match message {
        "" => place.to_owned(),
        message => format!("{message} ({place})"),
    };
    let report = ErrorReport::internal(line(&reason));
    let lines = [
        Text::new("error-message").with("message", report.message(locale)),
        Text::new("error-code").with("code", report.code),
        Text::new("error-remedy").with("remedy", report.remediation(locale)),
        Text::new("defect-version").with("version", env!("CARGO_PKG_VERSION")),
    ];
    lines
        .iter()
        .map(|line| line.render(locale) + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_status_for_defects() {
        let status = guard(|| panic!("deliberately, in a test"));
        assert_eq!(status, ExitStatus::Internal);
        assert_eq!(guard(|| ExitStatus::Breaker), ExitStatus::Breaker);
    }

    #[test]
    fn the_report_is_short_and_says_what_to_do() {
        insta::assert_snapshot!(report("index out of bounds\n", "src/x.rs:1:2"), @r"
        Error: Something went wrong inside Mycelium: index out of bounds␊ (src/x.rs:1:2)
        Error Code: INTERNAL
        Remediation: This is a defect. Please report it with the output of `mycelium doctor` and `mycelium daemon logs`.
        Version: 0.1.0
        ");
    }
}
