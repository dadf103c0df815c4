//! What a server of MCP offers besides tools, in the form of a tool's result. It may be large, and is copied once.

use std::collections::BTreeMap;

use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_types::ServerOffer;
use serde::Deserialize;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use crate::quickjs::plain_failure;

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    contents: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Given<'a> {
    #[serde(borrow)]
    messages: Vec<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Serialize)]
struct Content<T> {
    content: Vec<T>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "resource")]
struct Embedded<'a> {
    resource: &'a RawValue,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "text")]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    content: [Text<'a>; 1],
    structured_content: &'a RawValue,
}

/// The server's answer as the result of a tool: lists as they are, everything else as content that an agent shows to its
/// model.
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
    match offer {
        ServerOffer::ListResources
        | ServerOffer::ListResourceTemplates
        | ServerOffer::ListPrompts => {
            // It has to be an object.
            let _: BTreeMap<String, IgnoredAny> = serde_json::from_str(text)?;
            to_raw_value(&Listed {
                content: [Text { text }],
                structured_content: answer,
            })
        }
        ServerOffer::ReadResource => {
            let read: Read<'_> = serde_json::from_str(text)?;
            let contents = read.contents.into_iter();
            let content = contents.map(|resource| Embedded { resource }).collect();
            to_raw_value(&Content { content })
        }
        ServerOffer::GetPrompt => {
            let given: Given<'_> = serde_json::from_str(text)?;
            let content = given.messages.into_iter().map(|said| said.content);
            to_raw_value(&Content {
                content: content.collect(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    fn told(offer: ServerOffer, answer: &Value) -> Result<Value, Failure> {
        let result = as_tool_result(offer, &to_raw_value(answer).unwrap())?;
        Ok(serde_json::from_str(result.get()).unwrap())
    }

    #[test]
    fn a_list_is_as_it_is() {
        let answer = json!({"prompts": [], "nextCursor": "2"});
        let told = told(ServerOffer::ListPrompts, &answer).unwrap();
        assert_eq!(told["structuredContent"], answer);
        assert_eq!(told["content"][0]["text"], answer.to_string());
    }

    #[test]
    fn what_is_read_is_content() {
        let answer = json!({"contents": [{"uri": "a:b", "text": "words"}], "_meta": {"x": 1}});
        let told = told(ServerOffer::ReadResource, &answer).unwrap();
        let block = json!({"type": "resource", "resource": {"uri": "a:b", "text": "words"}});
        assert_eq!(told, json!({"content": [block]}));
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
