//! Secrets by reference: a worker holds placeholders, and what they stand for goes to the hosts they are for.

use std::io;
use std::sync::Arc;

use mycelium_policy::SecretGrant;
use mycelium_types::SecretValue;
use zeroize::Zeroizing;

use crate::Host;
use crate::HostPattern;
use crate::InvalidHost;
use crate::NetworkError;
use crate::broker::Shared;

/// The most places in which one request has one secret. With more of them it gets none: requests must not grow
/// without bounds.
const MAX_PLACES: usize = 16;

/// Where the values of secrets are. Asked for each request, so that a new value counts at once.
pub trait SecretSource: Send + Sync {
    /// The value of a secret, if there is one. May block.
    ///
    /// # Errors
    /// When nobody can tell.
    fn reveal(&self, name: &str) -> io::Result<Option<SecretValue>>;
}

/// A granted secret, compiled.
#[derive(Clone, Debug)]
pub(crate) struct SecretRule {
    name: String,
    placeholder: String,
    /// Empty means every host that the worker may talk to.
    hosts: Vec<HostPattern>,
}

impl SecretRule {
    pub(crate) fn compile(grant: &SecretGrant) -> Result<Self, InvalidHost> {
        let hosts = grant.hosts.iter().map(|host| host.parse());
        Ok(Self {
            name: grant.name.clone(),
            placeholder: grant.placeholder.clone(),
            hosts: hosts.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_for(&self, host: &Host, port: u16) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|one| one.covers(host, port))
    }
}

/// What the placeholders of one request become.
#[derive(Debug, Default)]
pub(crate) struct Revealed {
    values: Vec<(String, SecretValue)>,
    /// The names of the secrets whose values the request gets.
    pub(crate) given: Vec<String>,
    /// The names of those whose placeholders stay what they are, because the host is another one.
    pub(crate) withheld: Vec<String>,
}

impl Revealed {
    /// The value of a header.
    pub(crate) fn header(&self, value: &[u8]) -> Zeroizing<Vec<u8>> {
        self.put_in(value, |secret| secret.as_bytes().to_vec())
    }

    /// A path with a query. What is in the path stays: paths are on record.
    pub(crate) fn target(&self, target: &str) -> Zeroizing<Vec<u8>> {
        let query = target.find('?').unwrap_or(target.len());
        let (path, query) = target.as_bytes().split_at(query);
        let query = self.put_in(query, |secret| percent_encoded(secret).into_bytes());
        let mut whole = Zeroizing::new(Vec::with_capacity(path.len() + query.len()));
        whole.extend_from_slice(path);
        whole.extend_from_slice(&query);
        whole
    }

    /// Lines of headers, each ended by a carriage return and a line feed.
    pub(crate) fn fields(&self, lines: &[u8]) -> Zeroizing<Vec<u8>> {
        if self.values.is_empty() {
            return Zeroizing::new(lines.to_vec());
        }
        let mut all = Zeroizing::new(Vec::with_capacity(lines.len() + SecretValue::MAX_BYTES));
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let value = line.iter().position(|byte| *byte == b':').unwrap_or(0);
            let (name, value) = line.split_at(value);
            all.extend_from_slice(name);
            all.extend_from_slice(&self.header(value));
        }
        all
    }

    fn put_in(&self, text: &[u8], form: impl Fn(&str) -> Vec<u8>) -> Zeroizing<Vec<u8>> {
        let mut text = Zeroizing::new(text.to_vec());
        for (placeholder, value) in &self.values {
            let placeholder = placeholder.as_bytes();
            let value = Zeroizing::new(form(value.reveal()));
            // As long as it gets: what grows leaves copies behind.
            let size = text.len() + count(&text, placeholder) * value.len();
            let mut whole = Zeroizing::new(Vec::with_capacity(size));
            let mut rest = text.as_slice();
            while let Some(at) = find(rest, placeholder) {
                whole.extend_from_slice(&rest[..at]);
                whole.extend_from_slice(&value);
                rest = &rest[at + placeholder.len()..];
            }
            whole.extend_from_slice(rest);
            text = whole;
        }
        text
    }
}

impl Shared {
    /// What the placeholders in `texts`, which go to `host`, become there.
    pub(crate) async fn reveal(
        self: &Arc<Self>,
        host: &Host,
        port: u16,
        texts: &[&[u8]],
    ) -> Result<Revealed, NetworkError> {
        let mut revealed = Revealed::default();
        let rules = self.gate.secrets();
        let is_named = |rule: &&SecretRule| {
            let placeholder = rule.placeholder.as_bytes();
            texts.iter().any(|text| find(text, placeholder).is_some())
        };
        let mut named: Vec<_> = rules.iter().filter(is_named).collect();
        named.sort_by_key(|rule| !rule.is_for(host, port));
        for rule in named {
            // Several permissions can name one secret: one that is for this host comes first, and counts.
            let Revealed {
                given, withheld, ..
            } = &revealed;
            if given.contains(&rule.name) || withheld.contains(&rule.name) {
                continue;
            }
            let counts = texts
                .iter()
                .map(|text| count(text, rule.placeholder.as_bytes()));
            if rule.is_for(host, port) && counts.sum::<usize>() <= MAX_PLACES {
                let value = self.value(rule.name.clone()).await?;
                self.log.given.note(&rule.placeholder, &value);
                revealed.values.push((rule.placeholder.clone(), value));
                revealed.given.push(rule.name.clone());
            } else {
                revealed.withheld.push(rule.name.clone());
            }
        }
        Ok(revealed)
    }

    async fn value(self: &Arc<Self>, name: String) -> Result<SecretValue, NetworkError> {
        let shared = Arc::clone(self);
        let asked = name.clone();
        let answer = tokio::task::spawn_blocking(move || match shared.secrets.get() {
            Some(source) => source.reveal(&asked),
            None => Ok(None),
        });
        match answer.await.map_err(io::Error::other) {
            Ok(Ok(Some(value))) => Ok(value),
            Ok(Ok(None)) => Err(NetworkError::SecretMissing { name }),
            Ok(Err(source)) | Err(source) => Err(NetworkError::SecretUnreadable { name, source }),
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len())
        .filter(|window| *window == part)
        .count()
}

/// The text as a part of a query has it (RFC 3986, 2.3).
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revealed(values: &[(&str, &str)]) -> Revealed {
        let value = |text: &str| SecretValue::new(text.to_owned().into()).unwrap();
        Revealed {
            values: values
                .iter()
                .map(|(placeholder, text)| ((*placeholder).to_owned(), value(text)))
                .collect(),
            ..Revealed::default()
        }
    }

    #[test]
    fn values_are_put_into_headers_and_queries_and_nowhere_else() {
        let revealed = revealed(&[("PLACE", "a b&c"), ("OTHER", "x")]);
        assert_eq!(
            &**revealed.header(b"Bearer PLACE, PLACE OTHER"),
            b"Bearer a b&c, a b&c x"
        );
        assert_eq!(&**revealed.target("/PLACE?k=PLACE"), b"/PLACE?k=a%20b%26c");
        assert_eq!(&**revealed.target("/PLACE"), b"/PLACE");
        assert_eq!(
            &**revealed.fields(b"X-PLACE: PLACE\r\nOTHER: OTHER\r\n"),
            b"X-PLACE: a b&c\r\nOTHER: x\r\n"
        );
        assert!(!format!("{revealed:?}").contains("a b&c"));
    }
}
