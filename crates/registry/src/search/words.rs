//! Text as the words that are searched for.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The longest word kept, in bytes; of a longer one only the beginning counts.
const MAX_WORD: usize = 64;

/// Calls `each` with every word of `text`: runs of letters and digits, in lower case and without
/// accents, so that `Función` is found by `funcion`.
pub(super) fn for_each_word(text: &str, mut each: impl FnMut(&str)) {
    let folded = fold(text);
    for word in folded.split(|c: char| !c.is_alphanumeric()) {
        let mut end = word.len().min(MAX_WORD);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        if end > 0 {
            each(&word[..end]);
        }
    }
}

/// The parts of a name in camel case, if it has several: `farewell Async` of `farewellAsync`.
pub(super) fn parts_of_name(name: &str) -> Option<String> {
    let mut parts = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            parts.push(' ');
        }
        after_lower = c.is_lowercase() || c.is_ascii_digit();
        parts.push(c);
    }
    (parts.len() > name.len()).then_some(parts)
}

fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize_iter(text.chars());
    let is_accent = |c: &char| matches!(c, '\u{300}'..='\u{36f}');
    let base = decomposed.filter(|c| !is_accent(c));
    Cow::Owned(base.flat_map(char::to_lowercase).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_runs_of_letters_and_digits() {
        for (text, expected) in [
            ("", ""),
            ("-- !?", ""),
            ("Hello-World v2", "hello|world|v2"),
            ("Función\u{301} ÀÉ ñ", "funcion|ae|n"),
            ("ΆΒ йод", "αβ|иод"),
            ("\"a\" AND (b*) NEAR/2 c:d\0e", "a|and|b|near|2|c|d|e"),
        ] {
            let mut words = Vec::new();
            for_each_word(text, |word| words.push(word.to_owned()));
            assert_eq!(words.join("|"), expected, "{text:?}");
        }
        let mut longest = 0;
        for_each_word(&"é".repeat(500), |word| longest = longest.max(word.len()));
        for_each_word(&"ж".repeat(500), |word| longest = longest.max(word.len()));
        assert_eq!(longest, MAX_WORD);
    }

    #[test]
    fn names_in_camel_case_have_parts() {
        assert_eq!(
            parts_of_name("farewellAsync").as_deref(),
            Some("farewell Async")
        );
        assert_eq!(
            parts_of_name("parseJSON2Yaml").as_deref(),
            Some("parse JSON2 Yaml")
        );
        assert_eq!(parts_of_name("greet"), None);
    }
}
