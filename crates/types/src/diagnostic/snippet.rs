//! The piece of a line that a remark shows, and where its caret goes.

/// The most characters of the line before the place.
const BEFORE: usize = 80;
/// The most characters of a snippet.
const WIDTH: usize = 160;
/// Stands for what was cut off.
const CUT: char = '…';

/// The line around byte `offset` of `text`: whole if it is short, else cut on both sides.
///
/// The work is bounded by the snippet's width, not by the length of the line.
pub(crate) fn snippet(text: &str, offset: usize) -> String {
    let (before, after) = split(text, offset);
    let mut start: Vec<char> = before
        .chars()
        .rev()
        .take_while(|c| *c != '\n')
        .take(BEFORE + 1)
        .collect();
    if start.len() > BEFORE {
        start.truncate(BEFORE - 1);
        start.push(CUT);
    }
    start.reverse();

    let room = WIDTH - start.len();
    let mut end: Vec<char> = after
        .chars()
        .take_while(|c| *c != '\n')
        .take(room + 1)
        .collect();
    if end.len() > room {
        end.truncate(room - 1);
        end.push(CUT);
    } else if end.last() == Some(&'\r') {
        end.pop();
    }
    start.into_iter().chain(end).map(visible).collect()
}

/// The character of the snippet, counted from 1, that is the line's character `column`.
///
/// `snippet` cuts a line at a fixed distance before the place, so the column alone tells.
pub(crate) fn caret(column: usize) -> usize {
    column.min(BEFORE + 1)
}

fn split(text: &str, offset: usize) -> (&str, &str) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    text.split_at(offset)
}

/// A text as it can be shown inside a sentence: at most 60 characters, none that a terminal obeys.
///
/// ```
/// assert_eq!(mycelium_types::printable("a\u{1b}[2J"), "a␛[2J");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    const WIDTH: usize = 60;
    let mut shown: String = text.chars().take(WIDTH).map(visible).collect();
    if text.chars().nth(WIDTH).is_some() {
        shown.pop();
        shown.push(CUT);
    }
    shown
}

/// Whether a terminal or an editor obeys `c` rather than showing it: control characters, line and
/// paragraph separators, and the marks that reorder text, which can make it look like another.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One visible character for each character, so that columns stay what they are.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        c if is_unprintable(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_shown_whole() {
        let text = "first\n  \"a\":\t1,\r\nlast";
        assert_eq!(snippet(text, 8), "  \"a\": 1,");
        assert_eq!(snippet(text, 0), "first");
        assert_eq!(snippet(text, text.len()), "last");
        assert_eq!(snippet("", 0), "");
    }

    #[test]
    fn a_long_line_is_cut_so_that_the_caret_finds_its_place() {
        let line = format!("{}X{}", "é".repeat(500), "b".repeat(500));
        let place = line.find('X').unwrap();
        let shown = snippet(&line, place);
        assert_eq!(shown.chars().count(), WIDTH);
        assert_eq!(shown.chars().nth(caret(501) - 1), Some('X'));
        assert!(shown.starts_with(CUT) && shown.ends_with(CUT));
        for column in [1, 79, 80, 81, 82, 200] {
            let line = format!("{}X tail", "-".repeat(column - 1));
            let shown = snippet(&line, column - 1);
            assert_eq!(shown.chars().nth(caret(column) - 1), Some('X'), "{column}");
        }
    }

    #[test]
    fn nothing_a_terminal_obeys_is_left() {
        let text = "\u{1b}[31m\u{9b}\u{202e}\0\u{7f}";
        for shown in [snippet(text, 3), printable(text)] {
            assert_eq!(shown, "␛[31m\u{fffd}\u{fffd}␀␡");
        }
        assert_eq!(printable(&"x".repeat(100)).chars().count(), 60);
    }
}
