//! A line of the shell, cut into words.

/// A line ends inside a quotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quotation that begins with {quote} has no end")]
pub(crate) struct OpenQuotation {
    quote: char,
}

/// Cuts a line where the usual shells would: at blanks outside quotations. A backslash takes the next
/// character as it is, except within single quotes; a `#` at the beginning of a word starts a comment.
///
/// # Errors
/// When a quotation has no end.
pub(crate) fn split_line(line: &str) -> Result<Vec<String>, OpenQuotation> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '#' if word.is_none() => break,
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                quotation(character, &mut characters, word)?;
            }
            '\\' => word
                .get_or_insert_default()
                .push(characters.next().unwrap_or('\\')),
            blank if blank.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quotation(
    quote: char,
    characters: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), OpenQuotation> {
    while let Some(character) = characters.next() {
        match character {
            end if end == quote => return Ok(()),
            '\\' if quote == '"' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            other => word.push(other),
        }
    }
    Err(OpenQuotation { quote })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_like_a_shell() {
        for (line, words) in [
            ("", &[][..]),
            ("  # nothing", &[]),
            (
                "/skills exec hello-world greet \"Claude Code\"",
                &["/skills", "exec", "hello-world", "greet", "Claude Code"],
            ),
            (r#"a '{"k": "v\n"}' b"#, &["a", r#"{"k": "v\n"}"#, "b"]),
            (r#"a "{\"k\": \d}" ''"#, &["a", r#"{"k": \d}"#, ""]),
            (r"one\ word x#y # comment", &["one word", "x#y"]),
            ("a'b'\"c\"", &["abc"]),
            ("end\\", &["end\\"]),
        ] {
            assert_eq!(split_line(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn an_open_quotation_is_an_error() {
        for line in ["say 'x", "say \"x", "say \"x\\"] {
            assert!(split_line(line).is_err(), "{line}");
        }
    }
}
