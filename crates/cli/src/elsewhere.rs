//! What the program is on a system without a sandbox for skills: it says so, and runs nothing.

use std::ffi::OsString;

use mycelium_types::ErrorCode;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use mycelium_types::Message;
use serde_json::json;

/// What is said to whoever starts it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For standard output.
    pub(crate) output: String,
    /// For standard error.
    pub(crate) error: String,
    pub(crate) status: ExitStatus,
}

/// Answers the words of a command line on `system`, as [`std::env::consts::OS`] calls it.
pub(crate) fn answer(words: &[OsString], system: &str) -> Answer {
    if words.iter().any(|word| word == "--version" || word == "-V") {
        return Answer {
            output: format!("mycelium {}\n", env!("CARGO_PKG_VERSION")),
            error: String::new(),
            status: ExitStatus::Success,
        };
    }
    let said = |key| {
        Message::new(key)
            .with("system", system)
            .render(Locale::default())
    };
    let (message, remediation) = (said("system-unsupported"), said("system-unsupported-help"));
    let code = ErrorCode::SandboxUnavailable;
    let (output, error) = match words.iter().any(|word| word == "--json") {
        true => {
            let error = json!({"code": code, "message": message, "remediation": remediation});
            let report = json!({"schema_version": 1, "error": error});
            (format!("{report}\n"), String::new())
        }
        false => {
            let text =
                format!("Error: {message}\n\nError Code: {code}\nRemediation: {remediation}\n");
            (String::new(), text)
        }
    };
    Answer {
        output,
        error,
        status: code.exit_status(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(words: &[&str]) -> Answer {
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        answer(&words, "macos")
    }

    #[test]
    fn every_command_is_refused_with_what_to_do_instead() {
        for words in [&[][..], &["exec", "greeter", "greet"], &["doctor"]] {
            let Answer {
                output,
                error,
                status,
            } = answer_to(words);
            assert_eq!((output.as_str(), status), ("", ExitStatus::Denied));
            for part in ["SANDBOX_UNAVAILABLE", "`macos`", "virtual machine"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }

    #[test]
    fn programs_get_the_refusal_as_json() {
        let Answer { output, error, .. } = answer_to(&["list", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&output).unwrap();
        assert_eq!(report["error"]["code"], "SANDBOX_UNAVAILABLE");
        assert_eq!(
            (report["schema_version"].as_u64(), error.as_str()),
            (Some(1), "")
        );
    }

    #[test]
    fn the_version_is_told_everywhere() {
        let Answer { output, status, .. } = answer_to(&["--version"]);
        assert!(output.starts_with("mycelium "), "{output}");
        assert_eq!(status, ExitStatus::Success);
    }
}
