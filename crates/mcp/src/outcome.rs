//! What a model reads of a call: the result, or an error it can act upon.

use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use rmcp::model::CallToolResult;
use rmcp::model::ContentBlock;
use rmcp::model::Resource;
use rmcp::model::ResourceContents;
use rmcp::model::ResultType;
use serde_json::Value;
use serde_json::json;

use crate::catalogue::SkillTool;
use crate::results::Results;
use crate::schema::Wrapping;

/// The most text of a result in an answer, in bytes: about 25,000 tokens, where clients cut.
const MAX_TEXT: usize = 100_000;

/// The answer to a call that succeeded. What is too long for it is kept in `results`.
pub(crate) fn success(
    value: Value,
    tool: &SkillTool,
    id: &str,
    results: &mut Results,
) -> CallToolResult {
    let text = text(&value);
    if text.len() <= MAX_TEXT {
        return answer(
            vec![ContentBlock::text(text)],
            Some(tool.wrapping.apply(value)),
        );
    }
    let shown = text.floor_char_boundary(MAX_TEXT);
    let first = text[..shown].to_owned();
    let bytes = text.len();
    let title = format!("{}.{}", tool.skill, tool.method);
    let note = |key: &str| Message::new(key).with("bytes", bytes).with("shown", shown);
    let mut content = vec![ContentBlock::text(first)];
    match results.keep(id, title.clone(), text) {
        Some(kept) => {
            let note = note("mcp-shortened").with("uri", &kept.uri);
            content.push(ContentBlock::text(note.render(Locale::default())));
            content.push(ContentBlock::resource_link(resource(
                &kept.uri, title, bytes,
            )));
        }
        None => content.push(ContentBlock::text(
            note("mcp-cut").render(Locale::default()),
        )),
    }
    // Whoever was promised an object of a certain shape must get it, however large.
    let structured = tool.promises.then(|| tool.wrapping.apply(value));
    answer(content, structured)
}

/// The answer to a call of a server of MCP that runs as a skill: what it gave. Nothing for one that is not in the
/// protocol's form, or has more text than an answer.
pub(crate) fn as_given(result: Value) -> Option<CallToolResult> {
    let mut result: CallToolResult = serde_json::from_value(result).ok()?;
    // A server of an older revision does not say it, and none that is a skill has anything else to say.
    result.result_type = Some(ResultType::COMPLETE);
    let length = |block: &ContentBlock| match block {
        ContentBlock::Text(block) => block.text.len(),
        ContentBlock::Resource(block) => match &block.resource {
            ResourceContents::TextResourceContents { text, .. } => text.len(),
            _ => 0,
        },
        _ => 0,
    };
    let length: usize = result.content.iter().map(length).sum();
    (length <= MAX_TEXT).then_some(result)
}

/// The answer to a question about skills.
pub(crate) fn told(value: Value) -> CallToolResult {
    let text = ContentBlock::text(value.to_string());
    answer(vec![text], Some(Wrapping::WhereNeeded.apply(value)))
}

/// The answer to a call that failed: everything a model needs to do better.
pub(crate) fn failure(error: &ErrorReport) -> CallToolResult {
    let message = error.message(Locale::default());
    let remediation = error.remediation(Locale::default());
    let mut text = format!("{}: {message}\n{remediation}", error.code.as_str());
    if let Some(stack) = &error.stack {
        text.push_str("\n\n");
        text.push_str(stack);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({
        "code": error.code.as_str(),
        "message": message,
        "remediation": remediation,
        "retryable": error.retryable,
        "correlation_id": error.correlation_id,
    }));
    result
}

pub(crate) fn resource(uri: &str, title: String, bytes: usize) -> Resource {
    let mut resource = Resource::new(uri, title);
    resource.mime_type = Some("text/plain".to_owned());
    resource.size = u64::try_from(bytes).ok();
    resource
}

fn answer(content: Vec<ContentBlock>, structured: Option<Value>) -> CallToolResult {
    let mut result = CallToolResult::success(content);
    result.structured_content = structured;
    result
}

/// A text as it is, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mycelium_types::ErrorCode;

    use super::*;
    use crate::schema::Shape;

    fn tool() -> SkillTool {
        SkillTool {
            skill: "writer".parse().unwrap(),
            method: "write".to_owned(),
            shape: Shape::List,
            wrapping: Wrapping::WhereNeeded,
            promises: false,
        }
    }

    #[test]
    fn a_short_result_is_text_and_an_object() {
        let mut results = Results::default();
        let result = success(json!("hello"), &tool(), "1", &mut results);
        assert_eq!(result.content[0].as_text().unwrap().text, "hello");
        assert_eq!(result.structured_content, Some(json!({"result": "hello"})));
        let result = success(json!({"a": 1}), &tool(), "2", &mut results);
        assert_eq!(result.content[0].as_text().unwrap().text, r#"{"a":1}"#);
        assert_eq!(result.structured_content, Some(json!({"a": 1})));
    }

    #[test]
    fn a_long_result_is_cut_between_characters_and_kept_whole() {
        let mut results = Results::default();
        let long = "ä".repeat(MAX_TEXT);
        let result = success(json!(long), &tool(), "id", &mut results);
        let first = &result.content[0].as_text().unwrap().text;
        assert!(first.len() <= MAX_TEXT && long.starts_with(first.as_str()));
        assert_eq!(result.structured_content, None);
        assert_eq!(results.get("mycelium://results/id").unwrap().text, long);
        assert!(matches!(result.content[2], ContentBlock::ResourceLink(_)));
    }

    #[test]
    fn what_a_server_gave_is_passed_on_unless_it_is_too_much() {
        let image = json!({"type": "image", "data": "AAAA", "mimeType": "image/png"});
        let given = json!({"content": [image, {"type": "text", "text": "x"}], "structuredContent": {"a": 1}});
        let result = as_given(given.clone()).unwrap();
        let written = serde_json::to_value(&result).unwrap();
        assert_eq!(written["content"], given["content"]);
        assert_eq!(written["structuredContent"], given["structuredContent"]);
        assert_eq!(result.result_type, Some(ResultType::COMPLETE));
        let asks = json!({"content": given["content"], "resultType": "input_required"});
        assert!(as_given(asks).is_none());
        let long = "x".repeat(MAX_TEXT + 1);
        assert!(as_given(json!({"content": [{"type": "text", "text": long}]})).is_none());
        let read = json!({"type": "resource", "resource": {"uri": "a:b", "text": long}});
        assert!(as_given(json!({"content": [read]})).is_none());
        assert!(as_given(json!({"content": 7})).is_none());
    }

    #[test]
    fn an_error_says_its_code_and_what_to_do() {
        let error = ErrorReport::new(ErrorCode::SkillNotFound)
            .with("skill", "greter")
            .with("suggestion", "greeter");
        let result = failure(&error);
        assert_eq!(result.is_error, Some(true));
        let text = &result.content[0].as_text().unwrap().text;
        assert!(text.starts_with("SKILL_NOT_FOUND: ") && text.contains("greeter"));
        assert_eq!(
            result.structured_content.unwrap()["code"],
            "SKILL_NOT_FOUND"
        );
    }
}
