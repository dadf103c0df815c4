//! Agent Skills as prompts: instructions that a person starts by their name.

use mycelium_runtime::Audience;
use mycelium_types::AgentSkill;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use rmcp::model::GetPromptResult;
use rmcp::model::JsonObject;
use rmcp::model::Prompt;
use rmcp::model::PromptArgument;
use rmcp::model::PromptMessage;
use rmcp::model::Role;
use serde_json::Value;

use crate::view::View;

/// The argument of a skill that names none: everything that is typed after its name.
const ARGUMENTS: &str = "arguments";
/// The most bytes of one argument.
const MAX_ARGUMENT: usize = 64 << 10;

impl View {
    /// The skills that a person may start by their name.
    pub(crate) async fn prompts(&self) -> Result<Vec<Prompt>, ErrorReport> {
        let skills = self
            .runtime
            .agent_skills(&self.context, Audience::Person)
            .await?;
        let prompts = skills.iter().filter_map(|record| {
            let agent = record.manifest.agent.as_deref()?;
            let name = record.name().as_str();
            agent.user_invocable.then(|| {
                Prompt::new(name, Some(&agent.description), Some(arguments(agent)))
                    .with_title(&agent.title)
            })
        });
        Ok(prompts.collect())
    }

    /// The instructions of the skill `name`, completed with `given`; `None` if no such skill may be started.
    pub(crate) async fn prompt(
        &self,
        name: &str,
        given: &JsonObject,
    ) -> Result<Option<GetPromptResult>, ErrorReport> {
        let skills = self
            .runtime
            .agent_skills(&self.context, Audience::Person)
            .await?;
        let record = skills.iter().find(|record| record.name().as_str() == name);
        let agent = record.and_then(|record| record.manifest.agent.as_deref());
        let (Some(record), Some(agent)) = (record, agent.filter(|it| it.user_invocable)) else {
            return Ok(None);
        };
        let values = match agent.arguments.as_slice() {
            [] => words(text(given, ARGUMENTS)),
            names => positions(names, given),
        };
        let found = self
            .runtime
            .instructions(&self.context, record.name(), &values)
            .await?;
        Ok(found.map(|found| {
            let message = PromptMessage::new_text(Role::User, found.text);
            GetPromptResult::new(vec![message]).with_description(found.description)
        }))
    }
}

fn arguments(agent: &AgentSkill) -> Vec<PromptArgument> {
    let hint = agent.argument_hint.as_deref();
    if agent.arguments.is_empty() {
        let text = Message::new("mcp-prompt-arguments").render(Locale::default());
        let argument = PromptArgument::new(ARGUMENTS).with_required(false);
        return vec![argument.with_description(hint.unwrap_or(&text))];
    }
    let named = agent.arguments.iter().map(|name| {
        let argument = PromptArgument::new(name).with_required(false);
        match hint {
            Some(hint) => argument.with_description(hint),
            None => argument,
        }
    });
    named.collect()
}

fn text<'a>(given: &'a JsonObject, name: &str) -> &'a str {
    let text = given.get(name).and_then(Value::as_str).unwrap_or_default();
    &text[..text.floor_char_boundary(MAX_ARGUMENT)]
}

/// The values of named arguments in order, up to the last one that is given.
fn positions(names: &[String], given: &JsonObject) -> Vec<String> {
    let last = names.iter().rposition(|name| given.contains_key(name));
    let names = names.iter().take(last.map_or(0, |last| last + 1));
    names.map(|name| text(given, name).to_owned()).collect()
}

/// The words of a text, as a shell splits them: what stands in quotes is one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (Some(_) | None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quoted_words_are_one() {
        assert_eq!(words("a  \"b c\" d'e f' ''"), ["a", "b c", "de f", ""]);
        assert_eq!(words("open \"end"), ["open", "end"]);
        assert!(words("  ").is_empty());
    }

    #[test]
    fn named_arguments_take_their_places() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let given = |value: Value| value.as_object().cloned().unwrap_or_default();
        assert_eq!(positions(&names, &given(json!({"b": "x"}))), ["", "x"]);
        assert!(positions(&names, &given(json!({"d": "x"}))).is_empty());
    }
}
