//! Which documents have which words, and how much a match is worth.
//!
//! The measure is BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
//! Beyond", 2009) with weighted fields: a word in a field of weight w counts as w occurrences.
//!
//! SQLite's FTS5 would do the same, but its `bm25()` visits every match of every word once to weigh the
//! word and once to score it, about a microsecond each: 100 ms for a word that 100,000 documents have.
//! The lists here take a few nanoseconds for each match.

use std::collections::HashMap;

/// How fast more occurrences stop to matter: the usual value.
const K1: f32 = 1.2;
/// How much the length of a document matters: the usual value.
const B: f32 = 0.75;
/// What a word is worth that only begins with the word asked for.
const BEGINNING: f32 = 0.5;

/// The words of many documents, numbered from 0.
pub(super) struct Ranking {
    /// Sorted, so that words with the same beginning are neighbours.
    words: Vec<(Box<str>, Vec<Occurrence>)>,
    /// How long each document is, so that 1 is the average, tempered by `B`.
    lengths: Vec<f32>,
}

/// A word in a document.
struct Occurrence {
    document: u32,
    /// The sum of the weights of the fields it is in, each as often as it is there.
    weight: f32,
}

/// How well a document matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Score {
    pub(super) document: usize,
    pub(super) score: f32,
}

/// Documents on their way into a ranking, one after another.
#[derive(Default)]
pub(super) struct RankingBuilder {
    words: HashMap<Box<str>, Vec<Occurrence>>,
    lengths: Vec<u32>,
}

impl RankingBuilder {
    /// Starts the next document.
    pub(super) fn start_document(&mut self) {
        self.lengths.push(0);
    }

    /// Adds a word to the document started last, in a field of weight `weight`.
    pub(super) fn add(&mut self, word: &str, weight: f32) {
        let document = self.lengths.len().saturating_sub(1) as u32;
        if let Some(length) = self.lengths.last_mut() {
            *length += 1;
        }
        let occurrence = Occurrence { document, weight };
        match self.words.get_mut(word) {
            Some(occurrences) => match occurrences.last_mut() {
                Some(last) if last.document == document => last.weight += weight,
                Some(_) | None => occurrences.push(occurrence),
            },
            None => {
                self.words.insert(word.into(), vec![occurrence]);
            }
        }
    }

    /// Ends the last document.
    pub(super) fn finish(self) -> Ranking {
        let total: u64 = self.lengths.iter().map(|length| u64::from(*length)).sum();
        let average = total as f32 / self.lengths.len().max(1) as f32;
        let mut words: Vec<_> = self.words.into_iter().collect();
        words.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let relative = |length: u32| 1.0 - B + B * length as f32 / average.max(1.0);
        Ranking {
            words,
            lengths: self.lengths.into_iter().map(relative).collect(),
        }
    }
}

impl Ranking {
    /// Those of the documents that `admits` lets through that have all of the words, the last of which
    /// may be the beginning of a word; if none has all, those that have some. In no order.
    pub(super) fn matches(&self, words: &[String], admits: impl Fn(usize) -> bool) -> Vec<Score> {
        let count = self.lengths.len();
        let mut scores = vec![0.0_f32; count];
        let mut matched = vec![0_usize; count];
        let mut weights = vec![0.0_f32; count];
        let mut having = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let is_last = index + 1 == words.len();
            self.weigh(word, is_last, &mut weights, &mut having);
            let rarity = rarity(count, having.len());
            for document in having.drain(..) {
                let document = document as usize;
                let weight = std::mem::take(&mut weights[document]);
                let length = self.lengths[document];
                scores[document] += rarity * weight * (K1 + 1.0) / (weight + K1 * length);
                matched[document] += 1;
            }
        }
        let some: Vec<_> = (0..count)
            .filter(|document| matched[*document] > 0 && admits(*document))
            .collect();
        let is_all = |document: &usize| matched[*document] == words.len();
        let has_all = some.iter().any(is_all);
        some.into_iter()
            .filter(|document| !has_all || is_all(document))
            .map(|document| Score {
                document,
                score: scores[document],
            })
            .collect()
    }

    /// Sums up the weights of a word in every document that has it, and lists those documents.
    fn weigh(&self, word: &str, is_beginning: bool, weights: &mut [f32], having: &mut Vec<u32>) {
        let mut add = |occurrences: &[Occurrence], factor: f32| {
            for occurrence in occurrences {
                let weight = &mut weights[occurrence.document as usize];
                if *weight == 0.0 {
                    having.push(occurrence.document);
                }
                *weight += occurrence.weight * factor;
            }
        };
        let from = self.words.partition_point(|(known, _)| **known < *word);
        let mut known = self.words[from..].iter().peekable();
        if let Some((_, occurrences)) = known.next_if(|(known, _)| **known == *word) {
            add(occurrences, 1.0);
        }
        if is_beginning {
            known
                .take_while(|(longer, _)| longer.starts_with(word))
                .for_each(|(_, occurrences)| add(occurrences, BEGINNING));
        }
    }
}

/// What a word is worth that `having` of `count` documents have: little if most have it.
fn rarity(count: usize, having: usize) -> f32 {
    let (count, having) = (count as f32, having as f32);
    (1.0 + (count - having + 0.5) / (having + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(documents: &[&str]) -> Ranking {
        let mut ranking = RankingBuilder::default();
        for document in documents {
            ranking.start_document();
            document.split(' ').for_each(|word| ranking.add(word, 1.0));
        }
        ranking.finish()
    }

    fn best(ranking: &Ranking, words: &[&str]) -> Vec<usize> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut scores = ranking.matches(&words, |document| document != 99);
        scores.sort_by(|a, b| b.score.total_cmp(&a.score));
        scores.iter().map(|score| score.document).collect()
    }

    #[test]
    fn the_formula_is_bm25() {
        let ranking = ranking(&["a b", "a c d e", "f g h i j k"]);
        let scores = ranking.matches(&["b".to_owned()], |_| true);
        // Three documents of 4 words on average, one of 2 words has it once.
        let idf = (1.0_f32 + 2.5 / 1.5).ln();
        let expected = idf * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 2.0 / 4.0));
        assert_eq!(scores.len(), 1);
        assert!((scores[0].score - expected).abs() < 1e-6, "{scores:?}");
    }

    #[test]
    fn all_words_before_some_and_rare_before_common() {
        let ranking = ranking(&["a b", "a c", "a d", "b c x", "a a a a"]);
        assert_eq!(best(&ranking, &["a", "b"]), [0]);
        let words = ["a".to_owned(), "b".to_owned()];
        let others = ranking.matches(&words, |document| document != 0);
        assert_eq!(others.len(), 4, "the one that has both is not let through");
        assert_eq!(best(&ranking, &["d", "x"]), [2, 3]);
        assert_eq!(best(&ranking, &["a"])[0], 4);
        assert_eq!(best(&ranking, &["nothing"]), [0; 0]);
        assert_eq!(best(&ranking, &[]), [0; 0]);
    }

    #[test]
    fn only_the_last_word_may_be_a_beginning_and_is_worth_less() {
        let ranking = ranking(&["greeting", "greet", "great", "egret"]);
        assert_eq!(best(&ranking, &["gree"]), [0, 1]);
        assert_eq!(best(&ranking, &["greet"]), [1, 0]);
        assert_eq!(best(&ranking, &["greet", "greeting"]), [0, 1]);
    }
}
