//! What a server of MCP offers besides tools, in the form of a tool's result.

use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_types::ServerOffer;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use crate::quickjs::plain_failure;

#[derive(Deserialize)]
struct Read {
    contents: Vec<Value>,
}

#[derive(Deserialize)]
struct Given {
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    content: Value,
}

/// The server's answer as the result of a tool: whole, and as content that an agent shows to its model.
pub(super) fn as_tool_result(
    offer: ServerOffer,
    answer: &RawValue,
) -> Result<Box<RawValue>, Failure> {
    result(offer, answer).map_err(|error| {
        let message = format!(
            "its answer to {} does not keep to the protocol: {error}",
            offer.method()
        );
        plain_failure(FailureKind::Thrown, message)
    })
}

fn result(offer: ServerOffer, answer: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let text = answer.get();
    let content: Vec<Value> = match offer {
        ServerOffer::ListResources
        | ServerOffer::ListResourceTemplates
        | ServerOffer::ListPrompts => vec![json!({"type": "text", "text": text})],
        ServerOffer::ReadResource => {
            let read: Read = serde_json::from_str(text)?;
            let embedded = |resource| json!({"type": "resource", "resource": resource});
            read.contents.into_iter().map(embedded).collect()
        }
        ServerOffer::GetPrompt => {
            let given: Given = serde_json::from_str(text)?;
            given
                .messages
                .into_iter()
                .map(|said| said.content)
                .collect()
        }
    };
    let whole: serde_json::Map<String, Value> = serde_json::from_str(text)?;
    to_raw_value(&json!({"content": content, "structuredContent": whole}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(offer: ServerOffer, answer: &Value) -> Result<Value, Failure> {
        let result = as_tool_result(offer, &to_raw_value(answer).unwrap())?;
        Ok(serde_json::from_str(result.get()).unwrap())
    }

    #[test]
    fn what_is_read_is_content_and_is_whole() {
        let answer = json!({"contents": [{"uri": "a:b", "text": "words"}], "_meta": {"x": 1}});
        let told = told(ServerOffer::ReadResource, &answer).unwrap();
        assert_eq!(told["structuredContent"], answer);
        let block = json!({"type": "resource", "resource": {"uri": "a:b", "text": "words"}});
        assert_eq!(told["content"], json!([block]));
    }

    #[test]
    fn a_prompt_is_what_its_messages_say() {
        let block = json!({"type": "text", "text": "Do it."});
        let answer = json!({"messages": [{"role": "user", "content": block}]});
        let told = told(ServerOffer::GetPrompt, &answer).unwrap();
        assert_eq!(told["content"], json!([block]));
    }

    #[test]
    fn what_is_not_of_the_protocol_is_a_failure() {
        for (offer, answer) in [
            (ServerOffer::ReadResource, json!({"contents": 7})),
            (ServerOffer::GetPrompt, json!({"messages": [7]})),
            (ServerOffer::ListPrompts, json!([])),
        ] {
            let failure = told(offer, &answer).unwrap_err();
            assert!(failure.message.contains(offer.method()), "{failure:?}");
        }
    }
}
