//! `search`: known skills that meet conditions.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::SearchRequest;
use mycelium_types::ExitStatus;

use super::list;
use crate::arguments::SearchOptions;
use crate::error::Error;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(options: SearchOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let request = request(options);
    let skills = answer!(session.request(Command::Search(request))?, Skills);
    list::show(&skills, "search-empty", session)
}

fn request(options: SearchOptions) -> SearchRequest {
    SearchRequest {
        text: (!options.text.is_empty()).then(|| options.text.join(" ")),
        name: options.name,
        tags: options.tags,
        author: options.author,
        category: options.category,
        min_version: options.min_version,
        max_version: options.max_version,
        limit: options.limit.map_or(0, |limit| limit as usize),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Typed;
    use crate::arguments::TypedCommand;

    #[test]
    fn every_condition_can_be_given() {
        let line = "mycelium search two words --name n --tag a --tag b --author me --category c \
                    --min-version 1.0.0 --max-version 2.0.0 --limit 7";
        let typed = Typed::try_parse_from(line.split_whitespace()).unwrap();
        let Some(TypedCommand::Search(options)) = typed.command else {
            panic!("another command");
        };
        assert_eq!(
            request(options),
            SearchRequest {
                text: Some("two words".into()),
                name: Some("n".into()),
                tags: vec!["a".into(), "b".into()],
                author: Some("me".into()),
                category: Some("c".into()),
                min_version: Some("1.0.0".into()),
                max_version: Some("2.0.0".into()),
                limit: 7,
            }
        );
    }
}
