//! Results too long for an answer, kept for whoever wants the rest.

use std::collections::VecDeque;

/// The most bytes kept for one session; the oldest go first.
const MAX_KEPT: usize = 32 << 20;
/// The scheme and place of their addresses.
const PREFIX: &str = "mycelium://results/";

/// The long results of one session, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Results {
    kept: VecDeque<KeptResult>,
    bytes: usize,
}

/// One long result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptResult {
    /// Its address.
    pub(crate) uri: String,
    /// What it is the result of.
    pub(crate) title: String,
    /// All of it.
    pub(crate) text: String,
}

impl Results {
    /// Keeps a result and tells its address; nothing if it is larger than all that may be kept.
    pub(crate) fn keep(&mut self, id: &str, title: String, text: String) -> Option<KeptResult> {
        if text.len() > MAX_KEPT {
            return None;
        }
        let result = KeptResult {
            uri: format!("{PREFIX}{id}"),
            title,
            text,
        };
        self.bytes += result.text.len();
        self.kept.push_back(result.clone());
        while self.bytes > MAX_KEPT {
            let oldest = self.kept.pop_front()?;
            self.bytes -= oldest.text.len();
        }
        Some(result)
    }

    pub(crate) fn get(&self, uri: &str) -> Option<&KeptResult> {
        self.kept.iter().find(|kept| kept.uri == uri)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &KeptResult> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let mut results = Results::default();
        let large = || "x".repeat(MAX_KEPT / 2);
        for id in ["one", "two", "three"] {
            assert!(results.keep(id, id.to_owned(), large()).is_some());
        }
        let kept: Vec<_> = results.all().map(|kept| kept.title.as_str()).collect();
        assert_eq!(kept, ["two", "three"]);
        assert!(results.get("mycelium://results/one").is_none());
        assert!(results.get("mycelium://results/three").is_some());
        assert!(
            results
                .keep("four", String::new(), "x".repeat(MAX_KEPT + 1))
                .is_none()
        );
        assert_eq!(results.all().count(), 2);
    }
}
