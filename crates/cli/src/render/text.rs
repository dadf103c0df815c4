//! Texts of the catalogue with values of untrusted origin.

use std::fmt;

use mycelium_types::Locale;
use mycelium_types::Message;

use super::untrusted;

/// A text of the catalogue. Its values cannot break out of their line.
#[derive(Clone, Debug)]
pub(crate) struct Text(Message);

impl Text {
    pub(crate) fn new(key: impl Into<String>) -> Self {
        Self(Message::new(key))
    }

    pub(crate) fn with(self, name: &str, value: impl fmt::Display) -> Self {
        Self(self.0.with(name, untrusted::line(&value.to_string())))
    }

    pub(crate) fn render(&self, locale: Locale) -> String {
        self.0.render(locale)
    }

    /// The text's attribute `name`; its name if it has none.
    pub(crate) fn attribute(&self, name: &str, locale: Locale) -> String {
        self.0
            .render_attribute(name, locale)
            .unwrap_or_else(|| name.to_owned())
    }
}
