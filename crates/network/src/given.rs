//! The values of secrets that hosts were given: what comes back may repeat them, and is not to be shown so.

use std::borrow::Cow;
use std::fmt;
use std::sync::PoisonError;
use std::sync::RwLock;

use mycelium_types::SecretValue;
use zeroize::Zeroizing;

use crate::RequestRecord;
use crate::Verdict;
use crate::secrets::percent_encoded;

/// The most values that are remembered. A worker that is given more, because they change while it lives, has the
/// oldest forgotten.
const MAX_VALUES: usize = 64;
/// The shortest value that is looked for, in bytes: shorter ones are in many texts by chance.
const MIN_BYTES: usize = 8;

/// The values of secrets that one worker's hosts were given, for whoever shows what that worker says.
///
/// Values of fewer than 8 bytes are not looked for, nor are forms other than the value itself and that of a query.
#[derive(Default)]
pub struct GivenSecrets(RwLock<Vec<Given>>);

struct Given {
    placeholder: String,
    /// The value as it is, and as it is in a query if that is something else.
    forms: Vec<Zeroizing<String>>,
}

impl Given {
    fn new(placeholder: &str, value: &str) -> Self {
        let mut forms = vec![
            Zeroizing::new(value.to_owned()),
            Zeroizing::new(percent_encoded(value)),
        ];
        forms.dedup();
        Self {
            placeholder: placeholder.to_owned(),
            forms,
        }
    }
}

impl GivenSecrets {
    /// Takes note of a value that goes to a host.
    pub(crate) fn note(&self, placeholder: &str, value: &SecretValue) {
        let value = value.reveal();
        if value.len() < MIN_BYTES {
            return;
        }
        let mut given = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_known = |one: &Given| one.forms.first().is_some_and(|form| form.as_str() == value);
        if given.iter().any(is_known) {
            return;
        }
        if given.len() == MAX_VALUES {
            given.remove(0);
        }
        given.push(Given::new(placeholder, value));
    }

    /// The text with placeholders where the values are.
    #[must_use]
    pub fn conceal<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let given = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = Cow::Borrowed(text);
        for one in given.iter() {
            for form in &one.forms {
                if text.contains(form.as_str()) {
                    text = Cow::Owned(text.replace(form.as_str(), &one.placeholder));
                }
            }
        }
        text
    }

    /// Conceals what is in a record.
    pub(crate) fn conceal_in(&self, record: &mut RequestRecord) {
        let conceal = |text: &mut String| {
            if let Cow::Owned(concealed) = self.conceal(text) {
                *text = concealed;
            }
        };
        conceal(&mut record.host);
        record.path.as_mut().map(conceal);
        match &mut record.verdict {
            Verdict::Allowed => {}
            Verdict::Refused(refusal) => conceal(&mut refusal.host),
            Verdict::Failed { reason } => conceal(reason),
        }
    }
}

impl fmt::Debug for GivenSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenSecrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned().into()).unwrap()
    }

    #[test]
    fn values_are_concealed_as_they_are_and_as_in_a_query() {
        let given = GivenSecrets::default();
        assert!(matches!(given.conceal("pass word 1"), Cow::Borrowed(_)));
        given.note("PLACE", &value("pass word 1"));
        given.note("PLACE", &value("pass word 1"));
        given.note("SHORT", &value("abc"));
        assert_eq!(
            given.conceal("you sent 'pass word 1' as ?k=pass%20word%201, abc"),
            "you sent 'PLACE' as ?k=PLACE, abc"
        );
        // A new value of the same secret does not make the old one known.
        given.note("PLACE", &value("pass word 2"));
        assert_eq!(given.conceal("pass word 1, pass word 2"), "PLACE, PLACE");
        assert!(!format!("{given:?}").contains("pass"));
    }

    #[test]
    fn not_more_values_are_remembered_than_may() {
        let given = GivenSecrets::default();
        for number in 0..=MAX_VALUES {
            given.note("PLACE", &value(&format!("value number {number:03}")));
        }
        assert_eq!(given.conceal("value number 000"), "value number 000");
        assert_eq!(given.conceal("value number 001"), "PLACE");
    }
}
