//! The words for agents and for whom their entries are.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use mycelium_config::AgentClient;
use mycelium_config::AgentScope;

/// Reads an agent's word.
pub(super) fn client() -> impl TypedValueParser<Value = AgentClient> {
    one_of(AgentClient::ALL, AgentClient::as_str)
}

/// Reads a scope's word.
pub(super) fn scope() -> impl TypedValueParser<Value = AgentScope> {
    one_of(AgentScope::ALL, AgentScope::as_str)
}

fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.map(word)).try_map(move |text| {
        let found = all.into_iter().find(|one| word(*one) == text);
        found.ok_or("no such word")
    })
}
