//! A value that is never shown.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

/// A secret's value: not shown by `Debug`, and wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// The most bytes a value has.
    pub const MAX_BYTES: usize = 8 << 10;

    /// A value that can be part of a header: printable ASCII, not empty, no space at either end.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Option<Self> {
        let fits = (1..=Self::MAX_BYTES).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b' '..=b'~'))
            && text.trim().len() == text.len();
        fits.then_some(Self(text))
    }

    /// The value itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_header_can_hold_is_a_value_and_none_is_shown() {
        let value = |text: &str| SecretValue::new(Zeroizing::new(text.to_owned()));
        for text in [
            "",
            " ",
            "a\n",
            "a\r\nb: c",
            "a\0",
            "é",
            " a",
            &"a".repeat(8193),
        ] {
            assert_eq!(value(text), None, "{text:?}");
        }
        let secret = value("s3 cret").unwrap();
        assert_eq!(secret.reveal(), "s3 cret");
        assert!(!format!("{secret:?}").contains("s3"));
    }
}
