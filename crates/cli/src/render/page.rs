//! Lines for people, styled and neutralised.

use std::fmt::Write as _;

use mycelium_types::Locale;

use super::Text;
use super::untrusted;

/// How a line stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Plain,
    /// A headline or a table's head.
    Strong,
    /// What may be skipped.
    Faint,
    /// An error.
    Bad,
    /// A warning.
    Caution,
    /// A success.
    Good,
}

impl Style {
    /// The parameters of the terminal's "select graphic rendition" (ECMA-48 §8.3.117).
    fn parameters(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Bad => Some("1;31"),
            Self::Caution => Some("33"),
            Self::Good => Some("32"),
        }
    }
}

/// What a page has to know of the place where it is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) locale: Locale,
    pub(crate) colour: bool,
    /// Columns of the terminal, if it is one.
    pub(crate) width: Option<usize>,
}

/// Lines for people. No line can hold what a terminal obeys, wherever its text came from.
#[derive(Debug, Default)]
pub(crate) struct Page {
    look: Look,
    lines: Vec<(Style, String)>,
}

impl Page {
    pub(crate) fn new(look: Look) -> Self {
        Self {
            look,
            lines: Vec::new(),
        }
    }

    pub(crate) fn look(&self) -> Look {
        self.look
    }

    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.styled(Style::Plain, text);
    }

    pub(crate) fn styled(&mut self, style: Style, text: impl AsRef<str>) {
        self.lines
            .push((style, untrusted::line(text.as_ref()).into_owned()));
    }

    /// A text of the catalogue, which may have several lines.
    pub(crate) fn say(&mut self, text: &Text) {
        self.say_styled(Style::Plain, text);
    }

    pub(crate) fn say_styled(&mut self, style: Style, text: &Text) {
        self.block(style, "", &text.render(self.look.locale));
    }

    /// Several lines, each after `indent`.
    pub(crate) fn block(&mut self, style: Style, indent: &str, text: &str) {
        let clean = untrusted::block(text);
        for line in clean.lines() {
            self.lines.push((style, format!("{indent}{line}")));
        }
    }

    pub(crate) fn blank(&mut self) {
        self.lines.push((Style::Plain, String::new()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The page as it is written, each line with its line break.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for (style, line) in &self.lines {
            let parameters = style.parameters().filter(|_| self.look.colour);
            let _ = match parameters {
                Some(parameters) if !line.is_empty() => {
                    writeln!(text, "\u{1b}[{parameters}m{line}\u{1b}[0m")
                }
                _ => writeln!(text, "{line}"),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_styles_reach_the_terminal() {
        let mut page = Page::new(Look {
            colour: true,
            ..Look::default()
        });
        page.styled(Style::Bad, "a\u{1b}[2Jb\nc");
        page.block(Style::Plain, "  ", "one\ntwo\u{7}");
        page.styled(Style::Faint, "");
        assert_eq!(
            page.render(),
            "\u{1b}[1;31ma␛[2Jb␊c\u{1b}[0m\n  one\n  two␇\n\n"
        );
    }
}
