//! Text of skills and manifests is shown, never obeyed.

use std::borrow::Cow;

/// One line of text: nothing in it ends the line or moves the cursor.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |character| match character {
        '\t' => ' ',
        other => picture(other),
    })
}

/// Several lines of text: line breaks and tabs stay, everything else a terminal obeys is replaced.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    let text = match text.contains("\r\n") {
        true => Cow::Owned(text.replace("\r\n", "\n")),
        false => Cow::Borrowed(text),
    };
    match replaced(&text, |character| match character {
        '\n' | '\t' => character,
        other => picture(other),
    }) {
        Cow::Owned(clean) => Cow::Owned(clean),
        Cow::Borrowed(_) => text,
    }
}

/// Whether a terminal obeys the character rather than showing it, or shows others in another order.
pub(super) fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn replaced(text: &str, replace: impl Fn(char) -> char) -> Cow<'_, str> {
    if text
        .chars()
        .any(|character| replace(character) != character)
    {
        Cow::Owned(text.chars().map(replace).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// What stands for a character that is not shown: Unicode's picture of it, where there is one.
fn picture(character: char) -> char {
    match character {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        other if is_obeyed(other) => '\u{fffd}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(line("plain ünï 漢字"), "plain ünï 漢字");
        assert_eq!(line("a\nb\tc\u{1b}[31md\r\u{7f}"), "a␊b c␛[31md␍␡");
        assert_eq!(
            line("x\u{9b}2J\u{202e}y\u{2028}z"),
            "x\u{fffd}2J\u{fffd}y\u{fffd}z"
        );
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\r\n\tb\rc\u{1b}]0;x\u{7}"), "a\n\tb␍c␛]0;x␇");
        assert!(matches!(block("a\nb"), Cow::Borrowed("a\nb")));
    }
}
