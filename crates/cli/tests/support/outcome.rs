//! What a program did, without what differs from run to run.

use std::fmt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

/// Status and output of a program. Folders of the test are `[ROOT]`, times `[TIME]`.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(output: &Output, root: &Path) -> Self {
        let text = |bytes: &[u8]| normalised(&String::from_utf8_lossy(bytes), root);
        Self {
            // A program that was killed has no status of its own.
            status: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value: Value = match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {self}"),
        };
        assert_eq!(value["schema_version"], 1, "{self}");
        value
    }

    /// The same, if the status is `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "exit: {}\n--- stdout\n{}--- stderr\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// Replaces the test's folder and every number of milliseconds.
pub(crate) fn normalised(text: &str, root: &Path) -> String {
    let text = text.replace(&root.display().to_string(), "[ROOT]");
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let after = rest[start..]
            .find(|character: char| !character.is_ascii_digit())
            .map_or(rest.len(), |length| start + length);
        let is_time = rest[after..].starts_with("ms")
            && !rest[after + 2..].starts_with(|next: char| next.is_alphanumeric());
        if is_time {
            clean.push_str(&rest[..start]);
            clean.push_str("[TIME]");
            rest = &rest[after + 2..];
        } else {
            clean.push_str(&rest[..after]);
            rest = &rest[after..];
        }
    }
    clean.push_str(rest);
    clean
}

#[test]
fn only_folders_and_times_are_replaced() {
    assert_eq!(
        normalised("/t/x/project took 127ms, 3 msgs, 12m", Path::new("/t/x")),
        "[ROOT]/project took [TIME], 3 msgs, 12m"
    );
}
