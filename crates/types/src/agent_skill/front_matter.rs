//! Where the front matter of a `SKILL.md` begins and ends.

use std::borrow::Cow;
use std::ops::Range;

/// What the lines before and after the front matter begin with.
const FENCE: &str = "---";

/// The text of a file with line breaks as YAML means them, as the reference reads it too: `\r\n` and `\r` are
/// `\n`.
pub(super) fn normalised(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Where things are in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The YAML.
    pub(super) yaml: Range<usize>,
    /// The instructions.
    pub(super) body: Range<usize>,
}

/// Why there is no front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoFrontMatter {
    /// It does not begin.
    Missing,
    /// It has no end.
    Open,
}

/// As people mean it: from a line `---`, which only blank lines may precede, to the next such line.
pub(super) fn by_lines(text: &str) -> Result<Parts, NoFrontMatter> {
    let blank = text.len() - text.trim_start().len();
    let first = text[..blank].rfind('\n').map_or(0, |at| at + 1);
    let rest = &text[first..];
    let line = rest.lines().next().unwrap_or_default();
    if line.trim() != FENCE {
        return Err(NoFrontMatter::Missing);
    }
    let start = (first + line.len() + 1).min(text.len());
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return Ok(Parts {
                yaml: start..at,
                body: at + line.len()..text.len(),
            });
        }
        at += line.len();
    }
    Err(NoFrontMatter::Open)
}

/// As the reference validator splits it: it begins with the file's first three hyphens and ends with the next
/// three, wherever they are.
pub(super) fn by_reference(text: &str) -> Result<Parts, NoFrontMatter> {
    let rest = text.strip_prefix(FENCE).ok_or(NoFrontMatter::Missing)?;
    let length = rest.find(FENCE).ok_or(NoFrontMatter::Open)?;
    let end = FENCE.len() + length;
    Ok(Parts {
        yaml: FENCE.len()..end,
        body: end + FENCE.len()..text.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, how: fn(&str) -> Result<Parts, NoFrontMatter>) -> Option<(&str, &str)> {
        let parts = how(text).ok()?;
        Some((&text[parts.yaml], &text[parts.body]))
    }

    #[test]
    fn lines_count_for_people_and_hyphens_for_the_reference() {
        let plain = "---\na: b\n---\nbody\n";
        assert_eq!(split(plain, by_lines), Some(("a: b\n", "body\n")));
        assert_eq!(split(plain, by_reference), Some(("\na: b\n", "\nbody\n")));

        let inside = "---\na: b---c\n---\nbody";
        assert_eq!(split(inside, by_lines), Some(("a: b---c\n", "body")));
        assert_eq!(
            split(inside, by_reference),
            Some(("\na: b", "c\n---\nbody"))
        );

        let late = "\n \n--- \na: b\n---  ";
        assert_eq!(split(late, by_lines), Some(("a: b\n", "")));
        assert_eq!(by_reference(late), Err(NoFrontMatter::Missing));
    }

    #[test]
    fn what_has_no_front_matter_says_why() {
        for (text, lines, reference) in [
            ("", NoFrontMatter::Missing, NoFrontMatter::Missing),
            ("# Title", NoFrontMatter::Missing, NoFrontMatter::Missing),
            ("---", NoFrontMatter::Open, NoFrontMatter::Open),
            ("---\na: b\n", NoFrontMatter::Open, NoFrontMatter::Open),
            ("--\n--\n", NoFrontMatter::Missing, NoFrontMatter::Missing),
        ] {
            assert_eq!(by_lines(text), Err(lines), "{text:?}");
            assert_eq!(by_reference(text), Err(reference), "{text:?}");
        }
    }

    #[test]
    fn line_breaks_are_one() {
        assert_eq!(normalised("a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
