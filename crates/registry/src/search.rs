//! Search over the known skills by words and conditions.

mod ranking;
mod words;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use mycelium_types::Manifest;
use mycelium_types::Version;

use crate::SkillRecord;
use crate::catalogue::Catalogue;
use ranking::Ranking;
use ranking::RankingBuilder;
use ranking::Score;
use words::for_each_word;
use words::parts_of_name;

/// How many skills a search gives if the query does not say.
const DEFAULT_LIMIT: usize = 50;
/// How many words of a query count.
const MAX_WORDS: usize = 32;

/// What a word in a field is worth.
const NAME: f32 = 10.0;
const TAGS: f32 = 5.0;
const EXPORTS: f32 = 2.0;
const DESCRIPTION: f32 = 1.0;

/// Conditions a skill must meet; absent ones are met by all. Letter case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words to find in name, tags, keywords, category, exports and descriptions. The last one may be
    /// the beginning of a word. If no skill has all of them, those that have some are found. Nothing in
    /// it has a special meaning.
    pub text: Option<String>,
    /// Part of the name.
    pub name: Option<String>,
    /// Tags, all of which it must have.
    pub tags: Vec<String>,
    /// Part of the author's name.
    pub author: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// The least version.
    pub min_version: Option<Version>,
    /// The greatest version.
    pub max_version: Option<Version>,
    /// How many skills at most; 0 means 50.
    pub limit: usize,
}

/// A skill that was found. One that is deprecated is found like any other; its record says so.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The skill: of several versions that meet the conditions, the newest.
    pub record: Arc<SkillRecord>,
    /// How well the name's best version matches the words: more is better. 0 without words.
    pub score: f32,
}

/// What is searched: everything in one catalogue.
pub(crate) struct SearchIndex {
    catalogue: Arc<Catalogue>,
    /// By name, the newest version first.
    documents: Vec<Document>,
    ranking: Ranking,
}

/// A skill, and what conditions are about in lower case.
struct Document {
    record: Arc<SkillRecord>,
    tags: Box<[String]>,
    author: Option<String>,
    category: Option<String>,
}

/// The conditions of a query but its words, in lower case.
struct Filter<'q> {
    query: &'q SearchQuery,
    name: Option<String>,
    tags: Vec<String>,
    author: Option<String>,
    category: Option<String>,
    /// There are no conditions, so that no document need be looked at.
    is_open: bool,
}

/// A document that matches, ordered so that the best is the greatest.
struct Match {
    /// Its name is the text that is searched for.
    is_named: bool,
    score: f32,
    document: usize,
}

impl SearchIndex {
    pub(crate) fn of(catalogue: &Arc<Catalogue>) -> Self {
        let mut ranking = RankingBuilder::default();
        for record in catalogue.iter() {
            ranking.start_document();
            add_words(&mut ranking, &record.manifest);
        }
        Self {
            catalogue: Arc::clone(catalogue),
            documents: catalogue.iter().map(Document::of).collect(),
            ranking: ranking.finish(),
        }
    }

    /// Whether this is an index of `catalogue`.
    pub(crate) fn is_of(&self, catalogue: &Arc<Catalogue>) -> bool {
        Arc::ptr_eq(&self.catalogue, catalogue)
    }

    /// The skills that meet the query, the best first; equals by name.
    pub(crate) fn search(&self, query: &SearchQuery) -> Vec<SearchHit> {
        let filter = Filter::of(query);
        let limit = if query.limit == 0 {
            DEFAULT_LIMIT
        } else {
            query.limit
        };
        let Some(text) = &query.text else {
            let admitted = self.documents.iter().filter(|one| filter.admits(one));
            let mut hits: Vec<SearchHit> = Vec::new();
            for document in admitted {
                // The first of a name is its newest version.
                let is_next = hits.last().is_none_or(|hit| !document.is_version_of(hit));
                if is_next && hits.len() == limit {
                    break;
                }
                if is_next {
                    hits.push(document.hit(0.0));
                }
            }
            return hits;
        };
        let named = self.named(text.trim());
        let mut is_match = vec![false; self.documents.len()];
        // A heap costs little where a few of very many are wanted.
        let mut matches: BinaryHeap<Match> = self
            .ranking
            .matches(&query_words(text), |index| {
                filter.admits(&self.documents[index])
            })
            .into_iter()
            .map(|Score { document, score }| {
                is_match[document] = true;
                Match {
                    is_named: named.contains(&document),
                    score,
                    document,
                }
            })
            .collect();
        let mut names = HashSet::new();
        let mut hits = Vec::new();
        while hits.len() < limit
            && let Some(found) = matches.pop()
        {
            let name = self.documents[found.document].record.name().as_str();
            if names.insert(name) {
                let newest = self.newest(found.document, &is_match);
                hits.push(self.documents[newest].hit(found.score));
            }
        }
        hits
    }

    /// The documents whose skill has that name.
    fn named(&self, name: &str) -> Range<usize> {
        let name = name.to_ascii_lowercase();
        let before = |one: &Document| one.record.name().as_str() < name.as_str();
        let start = self.documents.partition_point(before);
        let same = |one: &&Document| one.record.name().as_str() == name;
        let versions = self.documents[start..].iter().take_while(same).count();
        start..start + versions
    }

    /// The newest version of the skill at `index` that matches, too.
    fn newest(&self, index: usize, is_match: &[bool]) -> usize {
        let name = self.documents[index].record.name();
        let newer = (0..index).rev();
        newer
            .take_while(|newer| self.documents[*newer].record.name() == name)
            .filter(|newer| is_match[*newer])
            .last()
            .unwrap_or(index)
    }
}

fn query_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_word(text, |word| {
        if words.len() < MAX_WORDS {
            words.push(word.to_owned());
        }
    });
    words
}

/// What a skill is found by.
fn add_words(ranking: &mut RankingBuilder, manifest: &Manifest) {
    let mut add = |text: &str, weight| for_each_word(text, |word| ranking.add(word, weight));
    add(manifest.name.as_str(), NAME);
    let tags = manifest.tags.iter().chain(&manifest.keywords);
    for tag in tags.chain(&manifest.category) {
        add(tag, TAGS);
    }
    for export in &manifest.exports {
        add(&export.name, EXPORTS);
        if let Some(parts) = parts_of_name(&export.name) {
            add(&parts, EXPORTS);
        }
        add(
            export.description.as_deref().unwrap_or_default(),
            DESCRIPTION,
        );
    }
    add(&manifest.description, DESCRIPTION);
    for description in manifest.descriptions.values() {
        add(description, DESCRIPTION);
    }
}

impl Document {
    fn of(record: &Arc<SkillRecord>) -> Self {
        let manifest = &record.manifest;
        let author = manifest.author.as_ref();
        Self {
            record: Arc::clone(record),
            tags: manifest.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            author: author.map(|author| author.name.to_lowercase()),
            category: manifest.category.as_ref().map(|has| has.to_lowercase()),
        }
    }

    fn is_version_of(&self, hit: &SearchHit) -> bool {
        self.record.name() == hit.record.name()
    }

    fn hit(&self, score: f32) -> SearchHit {
        SearchHit {
            record: Arc::clone(&self.record),
            score,
        }
    }
}

impl<'q> Filter<'q> {
    fn of(query: &'q SearchQuery) -> Self {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        let conditions = SearchQuery {
            text: None,
            limit: 0,
            ..query.clone()
        };
        Self {
            query,
            name: lower(&query.name),
            tags: query.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            author: lower(&query.author),
            category: lower(&query.category),
            is_open: conditions == SearchQuery::default(),
        }
    }

    fn admits(&self, document: &Document) -> bool {
        if self.is_open {
            return true;
        }
        let holds = |whole: Option<&str>, part: &Option<String>| match part {
            Some(part) => whole.is_some_and(|whole| whole.contains(part.as_str())),
            None => true,
        };
        let record = &document.record;
        let least = self.query.min_version.as_ref();
        let most = self.query.max_version.as_ref();
        holds(Some(record.name().as_str()), &self.name)
            && self.tags.iter().all(|tag| document.tags.contains(tag))
            && holds(document.author.as_deref(), &self.author)
            && (self.category.is_none() || self.category == document.category)
            && least.is_none_or(|least| record.version() >= least)
            && most.is_none_or(|most| record.version() <= most)
    }
}

impl Ord for Match {
    fn cmp(&self, other: &Self) -> Ordering {
        self.is_named
            .cmp(&other.is_named)
            .then(self.score.total_cmp(&other.score))
            // Documents are numbered by name and from new to old; the first of equals is the best.
            .then(other.document.cmp(&self.document))
    }
}

impl PartialOrd for Match {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Match {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Match {}
