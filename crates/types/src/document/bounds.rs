//! What is refused before anything is parsed.

/// The largest document, in bytes: 1 MiB.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of lists and objects.
pub(super) const MAX_DEPTH: usize = 64;
/// The most values, counting each item, member, list and object.
pub(super) const MAX_VALUES: usize = 20_000;

/// A bound that a text goes beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// Nested too deep; the first bracket that is.
    Depth { offset: usize },
    /// Too many values; the first that is too much.
    Values { offset: usize },
}

/// Counts brackets and commas outside strings and comments in one pass without recursion, so that
/// the parser and everything after it may recurse. A text that is not JSON may be counted wrong;
/// the parser stops at the place where it stops being JSON, and until there the count is right.
///
/// Returns the first character that JSON does not have at its place although the parser lets it
/// pass: exotic white space between values, a control character inside a string. Other programs
/// would refuse the file for it.
pub(super) fn check(text: &str) -> Result<Option<usize>, Exceeded> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut values = 1_usize;
    let mut stranger = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(bytes, at);
                let inside = &bytes[at..end.min(bytes.len())];
                let control = inside.iter().position(|b| *b < b' ');
                stranger = stranger.or_else(|| Some(at + control?));
                at = end;
            }
            b'/' => at = end_of_comment(bytes, at),
            b'\x0b' | b'\x0c' | 0x80.. => stranger = stranger.or(Some(at)),
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > MAX_DEPTH {
                    return Err(Exceeded::Depth { offset: at });
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if values > MAX_VALUES {
            return Err(Exceeded::Values { offset: at });
        }
        at += 1;
    }
    Ok(stranger)
}

/// The closing quote of the string that opens at `open`, or the end of the text.
fn end_of_string(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The last byte of the comment that starts at `slash`; `slash` itself if none does.
fn end_of_comment(bytes: &[u8], slash: usize) -> usize {
    let rest = &bytes[slash..];
    let length = match rest.get(1) {
        Some(b'/') => rest.iter().position(|b| matches!(b, b'\n' | b'\r')),
        Some(b'*') => rest
            .get(2..)
            .and_then(|inner| inner.windows(2).position(|pair| pair == b"*/"))
            .map(|inner| inner + 4),
        _ => return slash,
    };
    slash + length.unwrap_or(rest.len()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_outside_strings_and_comments_only() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(check(&deep(MAX_DEPTH)), Ok(None));
        assert_eq!(
            check(&deep(10_000)),
            Err(Exceeded::Depth { offset: MAX_DEPTH })
        );
        let brackets = "[".repeat(10_000);
        assert_eq!(check(&format!("\"\\\"{brackets}\"")), Ok(None));
        assert_eq!(check(&format!("// {brackets}\n1")), Ok(None));
        assert_eq!(check(&format!("/* {brackets} */ 1")), Ok(None));
        assert!(check(&format!("/**/{brackets}")).is_err());
        assert!(check(&format!("// \r{brackets}")).is_err());
        let items = format!("[{}]", vec!["1"; MAX_VALUES].join(","));
        assert!(matches!(check(&items), Err(Exceeded::Values { .. })));
    }

    #[test]
    fn never_reads_past_the_end() {
        for text in ["", "\"", "\"\\", "/", "//", "/*", "/**", "/*/", "]"] {
            assert_eq!(check(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn sees_what_json_does_not_have() {
        for (text, place) in [
            ("[\"é\\t\"]", None),
            ("// é\t\u{b}", None),
            ("[\"a\tb\"]", Some(3)),
            ("[\n\u{a0}1\u{b}]", Some(2)),
        ] {
            assert_eq!(check(text), Ok(place), "{text:?}");
        }
    }
}
