//! The catalogue of texts people read, one Fluent file for each language.
//!
//! A text is found by its key: an error code for errors (`SKILL_NOT_FOUND`, with the remedy in the
//! attribute `.help`), a kebab-case word for everything else. Another language is another file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;

use fluent_bundle::FluentArgs;
use fluent_bundle::FluentBundle;
use fluent_bundle::FluentResource;
use fluent_bundle::FluentValue;
use unic_langid::LanguageIdentifier;

/// A language the catalogue has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// American English, which every text exists in.
    #[default]
    EnUs,
}

impl Locale {
    /// The locale's BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
        }
    }

    fn files(self) -> &'static [&'static str] {
        match self {
            Self::EnUs => &[
                include_str!("../messages/en-US/agent-skill.ftl"),
                include_str!("../messages/en-US/audit.ftl"),
                include_str!("../messages/en-US/config.ftl"),
                include_str!("../messages/en-US/dependency.ftl"),
                include_str!("../messages/en-US/discovery.ftl"),
                include_str!("../messages/en-US/document.ftl"),
                include_str!("../messages/en-US/errors.ftl"),
                include_str!("../messages/en-US/explain.ftl"),
                include_str!("../messages/en-US/help.ftl"),
                include_str!("../messages/en-US/loading.ftl"),
                include_str!("../messages/en-US/manifest.ftl"),
                include_str!("../messages/en-US/mcp.ftl"),
                include_str!("../messages/en-US/output.ftl"),
                include_str!("../messages/en-US/sandbox.ftl"),
                include_str!("../messages/en-US/servers.ftl"),
                include_str!("../messages/en-US/usage.ftl"),
            ],
        }
    }
}

/// A text to be said: a key of the catalogue and the values it names.
///
/// ```
/// use mycelium_types::{Locale, Message};
///
/// let message = Message::new("SKILL_NOT_FOUND").with("skill", "greeter");
/// assert!(message.render(Locale::EnUs).contains("greeter"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    key: String,
    args: BTreeMap<String, String>,
}

impl Message {
    /// The text of `key`, with no values yet.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            args: BTreeMap::new(),
        }
    }

    /// Gives the text's variable `name` a value. A whole number also selects plural forms.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// The text's key in the catalogue.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values given so far, by variable.
    #[must_use]
    pub fn args(&self) -> &BTreeMap<String, String> {
        &self.args
    }

    /// The text in `locale`; an unknown key gives the key itself, so that nothing is ever silent.
    #[must_use]
    pub fn render(&self, locale: Locale) -> String {
        lookup(locale, &self.key, None, &self.args).unwrap_or_else(|| self.key.clone())
    }

    /// The text's remedy in `locale`, if it has one.
    #[must_use]
    pub fn render_help(&self, locale: Locale) -> Option<String> {
        self.render_attribute("help", locale)
    }

    /// The text's attribute `name` in `locale`, if it has one.
    #[must_use]
    pub fn render_attribute(&self, name: &str, locale: Locale) -> Option<String> {
        lookup(locale, &self.key, Some(name), &self.args)
    }
}

thread_local! {
    // A bundle is not `Sync` and costs about a millisecond to parse: one per thread, made on first use.
    static BUNDLES: RefCell<HashMap<Locale, FluentBundle<FluentResource>>> = RefCell::default();
}

pub(crate) fn lookup(
    locale: Locale,
    key: &str,
    attribute: Option<&str>,
    args: &BTreeMap<String, String>,
) -> Option<String> {
    BUNDLES.with_borrow_mut(|bundles| {
        let bundle = bundles.entry(locale).or_insert_with(|| parse(locale));
        let message = bundle.get_message(key)?;
        let pattern = match attribute {
            Some(name) => message.get_attribute(name)?.value(),
            None => message.value()?,
        };
        let mut values = FluentArgs::new();
        for (name, value) in args {
            let whole = value
                .parse::<i64>()
                .ok()
                .filter(|number| number.to_string() == *value);
            values.set(
                name.as_str(),
                whole.map_or_else(|| FluentValue::from(value.as_str()), FluentValue::from),
            );
        }
        let mut problems = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&values), &mut problems);
        Some(text.into_owned())
    })
}

fn parse(locale: Locale) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = locale.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new(vec![language]);
    // Isolation marks are for right-to-left text; in a terminal they are only noise.
    bundle.set_use_isolating(false);
    for file in locale.files() {
        // What a broken line leaves is used; a test below keeps broken lines out.
        let resource = match FluentResource::try_new((*file).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn every_file_parses() {
        for file in Locale::EnUs.files() {
            if let Err((_, problems)) = FluentResource::try_new((*file).to_owned()) {
                panic!("{problems:?}");
            }
        }
    }

    #[test]
    fn no_key_is_in_two_files() {
        let mut keys: Vec<&str> = Locale::EnUs
            .files()
            .iter()
            .flat_map(|file| file.lines())
            .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
            .collect();
        keys.sort_unstable();
        let twice: Vec<_> = keys.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_error_code_has_a_text_and_a_remedy() {
        for code in ErrorCode::ALL {
            let message = Message::new(code.as_str());
            assert_ne!(message.render(Locale::EnUs), code.as_str(), "{code}");
            assert!(message.render_help(Locale::EnUs).is_some(), "{code}");
        }
    }

    #[test]
    fn an_unknown_key_is_shown() {
        assert_eq!(
            Message::new("no-such-key").render(Locale::EnUs),
            "no-such-key"
        );
    }
}
