//! What a server of MCP says: JSON-RPC, one message a line, of which nothing is believed.

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::CallProgress;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The longest text of an error that is passed on, in bytes.
const MAX_MESSAGE: usize = 16 << 10;

/// One line of a server.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// The answer to a request.
    Answer {
        id: u64,
        result: Result<&'a RawValue, Refused>,
    },
    /// It asks something itself.
    Asks { id: &'a RawValue, method: String },
    /// How far the request with this number is.
    Progress(u64, CallProgress),
    /// A line for its log.
    Logs(ConsoleLevel, String),
    /// Its tools are others than before.
    ToolsChanged,
    /// Something that nobody waits for.
    Else,
    /// It is no message: many programs print other things too.
    Text,
}

/// How a server refused a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Refused {
    pub(super) code: i64,
    pub(super) message: String,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    method: Option<String>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Refused>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    progress_token: u64,
    progress: f64,
    #[serde(default)]
    total: Option<f64>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    level: String,
    #[serde(default)]
    data: Value,
}

impl<'a> Said<'a> {
    /// What a line says.
    pub(super) fn of(line: &'a [u8]) -> Self {
        let read = serde_json::from_slice::<Line<'a>>(line);
        // A list of the same values would be read as well.
        let (Ok(line), true) = (read, line.trim_ascii_start().starts_with(b"{")) else {
            return Self::Text;
        };
        match (line.id, line.method) {
            (Some(id), Some(method)) => Self::Asks { id, method },
            (Some(id), None) => Self::answer(id, line.result, line.error),
            (None, Some(method)) => {
                let params = line.params.map_or("{}", RawValue::get);
                notification(&method, params).unwrap_or(Self::Else)
            }
            (None, None) => Self::Text,
        }
    }

    fn answer(id: &RawValue, result: Option<&'a RawValue>, error: Option<Refused>) -> Self {
        let Ok(id) = id.get().parse() else {
            return Self::Else;
        };
        match (result, error) {
            (_, Some(mut refused)) => {
                cut(&mut refused.message);
                Self::Answer {
                    id,
                    result: Err(refused),
                }
            }
            (Some(result), None) => Self::Answer {
                id,
                result: Ok(result),
            },
            (None, None) => Self::Else,
        }
    }
}

fn notification<'a>(method: &str, params: &str) -> Option<Said<'a>> {
    Some(match method {
        "notifications/progress" => {
            let told: Progress = serde_json::from_str(params).ok()?;
            let progress = CallProgress {
                done: told.progress,
                total: told.total,
                message: told.message,
            };
            Said::Progress(told.progress_token, progress)
        }
        "notifications/message" => {
            let log: Log = serde_json::from_str(params).ok()?;
            let text = match log.data {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Said::Logs(level(&log.level), text)
        }
        "notifications/tools/list_changed" => Said::ToolsChanged,
        _ => return None,
    })
}

fn level(name: &str) -> ConsoleLevel {
    match name {
        "debug" => ConsoleLevel::Debug,
        "warning" => ConsoleLevel::Warn,
        "error" | "critical" | "alert" | "emergency" => ConsoleLevel::Error,
        _ => ConsoleLevel::Info,
    }
}

fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(MAX_MESSAGE));
}

/// The words of a tool's result that says it failed; nothing for one that does not.
pub(super) fn failure_of(result: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outcome {
        #[serde(default)]
        is_error: bool,
        #[serde(default)]
        content: Vec<Block>,
    }
    #[derive(Deserialize)]
    struct Block {
        #[serde(default)]
        text: Option<String>,
    }
    let outcome: Outcome = serde_json::from_str(result.get()).ok()?;
    let said = outcome.content.into_iter().filter_map(|block| block.text);
    outcome.is_error.then(|| {
        let mut text = said.collect::<Vec<_>>().join("\n");
        cut(&mut text);
        match text.trim() {
            "" => "the tool failed and did not say why".to_owned(),
            text => text.to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        format!("{:?}", Said::of(line.as_bytes()))
    }

    #[test]
    fn lines_are_what_they_say_or_text() {
        assert!(said(r#"{"jsonrpc":"2.0","id":7,"result":{"a":1}}"#).contains("Answer { id: 7"));
        for line in [
            "",
            "hello",
            "{",
            "{}",
            "[1]",
            "7",
            r#"{"id":1,"id":2}"#,
            "\u{0}",
        ] {
            assert_eq!(said(line), "Text", "{line}");
        }
        for line in [
            r#"{"id":"seven","result":{}}"#,
            r#"{"id":7}"#,
            r#"{"id":-7,"result":1}"#,
            r#"{"method":"notifications/unheard"}"#,
            r#"{"method":"notifications/progress","params":{"progressToken":"x","progress":1}}"#,
            r#"{"method":"notifications/progress"}"#,
        ] {
            assert_eq!(said(line), "Else", "{line}");
        }
        assert!(said(r#"{"id":"x","method":"ping"}"#).starts_with("Asks"));
        let refused = r#"{"id":1,"error":{"code":-32601,"message":"no"},"result":1}"#;
        assert!(said(refused).contains("code: -32601"));
        let deep = format!(r#"{{"id":1,"result":{}"#, "[".repeat(100_000));
        assert_eq!(said(&deep), "Text");
    }

    #[test]
    fn notifications_are_heard() {
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":3,"progress":1,"total":4}}"#;
        assert!(matches!(
            Said::of(progress.as_bytes()),
            Said::Progress(
                3,
                CallProgress {
                    done: 1.0,
                    total: Some(4.0),
                    message: None
                }
            )
        ));
        let log =
            r#"{"method":"notifications/message","params":{"level":"warning","data":{"a":1}}}"#;
        assert!(matches!(
            Said::of(log.as_bytes()),
            Said::Logs(ConsoleLevel::Warn, text) if text == r#"{"a":1}"#
        ));
        let changed = r#"{"method":"notifications/tools/list_changed"}"#;
        assert!(matches!(Said::of(changed.as_bytes()), Said::ToolsChanged));
    }

    #[test]
    fn a_result_that_is_an_error_has_its_words() {
        let failure = |text: &str| failure_of(&RawValue::from_string(text.to_owned()).unwrap());
        assert_eq!(failure(r#"{"content":[]}"#), None);
        assert_eq!(failure("7"), None);
        let words = r#"{"isError":true,"content":[{"type":"text","text":"no"},{"type":"image","data":""}]}"#;
        assert_eq!(failure(words).as_deref(), Some("no"));
        let silent = failure(r#"{"isError":true}"#);
        assert!(silent.unwrap().contains("did not say"));
    }
}
