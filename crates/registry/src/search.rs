//! Full-text search over the known skills: an FTS5 table in memory, brought up to date when it is used.
//!
//! The table belongs to one registry and not to the shared file, so that the words of one workspace's
//! skills never weigh in another's ranking.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use mycelium_types::Manifest;
use mycelium_types::SkillId;
use mycelium_types::SkillName;
use mycelium_types::Version;
use rusqlite::Connection;
use rusqlite::params;

use crate::SkillRecord;
use crate::catalogue::Catalogue;

/// How many skills a search gives if the query does not say.
const DEFAULT_LIMIT: usize = 50;
/// How many matches are ranked. Words that match more say nothing, and ranking costs a microsecond each.
const MAX_RANKED: usize = 2_000;
/// How many words of a query count.
const MAX_WORDS: usize = 32;
/// How many characters of a word count.
const MAX_WORD: usize = 64;

const SCHEMA: &str = "
    CREATE VIRTUAL TABLE search USING fts5 (
        name, words, exports, description,
        content = '', contentless_delete = 1,
        tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
    );
";

/// Finds matches of a query and how well each matches: a word in the name counts most, then tags,
/// keywords and category, then exports, then descriptions.
const RANKED: &str = "
    SELECT rowid, bm25(search, 10.0, 5.0, 2.0, 1.0) FROM search WHERE search MATCH ?1
";

/// Conditions a skill must meet; absent ones are met by all. Letter case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words to find in name, tags, keywords, category, exports and descriptions. The last one may be
    /// the beginning of a word. If no skill has all of them, those that have some are found.
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

/// A skill that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The skill: of several versions that meet the conditions, the newest.
    pub record: Arc<SkillRecord>,
    /// How well it matches the words: more is better. 0 without words.
    pub score: f64,
}

/// The conditions of a query but its words, in lower case.
struct Filter<'q> {
    query: &'q SearchQuery,
    name: Option<String>,
    tags: Vec<String>,
    author: Option<String>,
    category: Option<String>,
}

/// The table, and which skills its rows are.
pub(crate) struct SearchIndex {
    connection: Connection,
    catalogue: Arc<Catalogue>,
    rows: HashMap<SkillId, i64>,
    records: HashMap<i64, Arc<SkillRecord>>,
    next_row: i64,
}

impl SearchIndex {
    /// An empty index.
    pub(crate) fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection,
            catalogue: Arc::default(),
            rows: HashMap::new(),
            records: HashMap::new(),
            next_row: 1,
        })
    }

    /// Brings the table up to the catalogue. Only what changed costs anything.
    pub(crate) fn update(&mut self, catalogue: &Arc<Catalogue>) -> rusqlite::Result<()> {
        if Arc::ptr_eq(&self.catalogue, catalogue) {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        let mut rows = HashMap::new();
        let mut records = HashMap::new();
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO search (rowid, name, words, exports, description)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let mut delete = transaction.prepare_cached("DELETE FROM search WHERE rowid = ?1")?;
            let mut next_row = self.next_row;
            for record in catalogue.iter() {
                let id = record.id();
                let known = self.rows.get(&id).copied().filter(|row| {
                    let indexed = self.records.get(row);
                    indexed.is_some_and(|indexed| Arc::ptr_eq(indexed, record))
                });
                let row = match known {
                    Some(row) => row,
                    None => {
                        let row = next_row;
                        next_row += 1;
                        let manifest = &record.manifest;
                        insert.execute(params![
                            row,
                            manifest.name.as_str(),
                            words(manifest),
                            exports(manifest),
                            descriptions(manifest),
                        ])?;
                        row
                    }
                };
                rows.insert(id, row);
                records.insert(row, Arc::clone(record));
            }
            for row in self.records.keys().filter(|row| !records.contains_key(row)) {
                delete.execute([row])?;
            }
            self.next_row = next_row;
        }
        transaction.commit()?;
        self.rows = rows;
        self.records = records;
        self.catalogue = Arc::clone(catalogue);
        Ok(())
    }

    /// The skills that meet the query, the best first.
    pub(crate) fn search(&self, query: &SearchQuery) -> rusqlite::Result<Vec<SearchHit>> {
        let filter = Filter::of(query);
        let mut hits = match query.text.as_deref().map(query_words) {
            Some(words) if words.is_empty() => Vec::new(),
            Some(words) => {
                let all = self.matches(&expression(&words, " AND "), &filter)?;
                if all.is_empty() && words.len() > 1 {
                    self.matches(&expression(&words, " OR "), &filter)?
                } else {
                    all
                }
            }
            None => self
                .catalogue
                .iter()
                .filter(|record| filter.admits(record))
                .map(|record| SearchHit {
                    record: Arc::clone(record),
                    score: 0.0,
                })
                .collect(),
        };
        let text = query.text.as_deref().unwrap_or_default().trim();
        hits.sort_by(|a, b| compare(a, b, text));
        // The versions of one name need not be neighbours, but newer ones come first among equals.
        let mut newest: HashMap<SkillName, usize> = HashMap::new();
        let mut kept: Vec<SearchHit> = Vec::new();
        for hit in hits {
            match newest.get(hit.record.name()) {
                Some(index) if kept[*index].record.version() < hit.record.version() => {
                    kept[*index].record = hit.record;
                }
                Some(_) => {}
                None => {
                    newest.insert(hit.record.name().clone(), kept.len());
                    kept.push(hit);
                }
            }
        }
        kept.truncate(if query.limit == 0 {
            DEFAULT_LIMIT
        } else {
            query.limit
        });
        Ok(kept)
    }

    /// Ranks what matches. If that is too much, it ranks what matches in the name, then what matches in
    /// name and tags, and only part of the rest: then the words are in so many descriptions that they
    /// tell nothing.
    fn matches(&self, expression: &str, filter: &Filter<'_>) -> rusqlite::Result<Vec<SearchHit>> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let is_complete = self.rank(expression, filter, &mut seen, &mut found)?;
        if !is_complete {
            for columns in ["{name} : ", "{name words} : "] {
                let narrow = format!("{columns}({expression})");
                self.rank(&narrow, filter, &mut seen, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Adds matches to `found`; whether there were few enough to add all.
    fn rank(
        &self,
        expression: &str,
        filter: &Filter<'_>,
        seen: &mut HashSet<i64>,
        found: &mut Vec<SearchHit>,
    ) -> rusqlite::Result<bool> {
        let mut statement = self.connection.prepare_cached(RANKED)?;
        let mut rows = statement.query([expression])?;
        let mut ranked = 0;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let Some(record) = self.records.get(&id).filter(|record| filter.admits(record)) else {
                continue;
            };
            if ranked == MAX_RANKED {
                return Ok(false);
            }
            ranked += 1;
            if seen.insert(id) {
                let bm25: f64 = row.get(1)?;
                found.push(SearchHit {
                    record: Arc::clone(record),
                    // FTS5 gives better matches smaller numbers.
                    score: -bm25,
                });
            }
        }
        Ok(true)
    }
}

/// A skill whose name is the text comes first, then the better match; equals by name, the newer
/// version first.
fn compare(a: &SearchHit, b: &SearchHit, text: &str) -> Ordering {
    let is_named = |hit: &SearchHit| hit.record.name().as_str().eq_ignore_ascii_case(text);
    is_named(b)
        .cmp(&is_named(a))
        .then(b.score.total_cmp(&a.score))
        .then_with(|| a.record.name().cmp(b.record.name()))
        .then_with(|| b.record.version().cmp(a.record.version()))
}

/// The words of a text, cut down to what counts. A word has at least one letter or digit.
fn query_words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MAX_WORDS)
        .map(|word| word.chars().take(MAX_WORD).collect())
        .collect()
}

/// The words in FTS5's query language: each a string, so that nothing in it has a meaning there, and
/// the last one also the beginning of a word.
fn expression(words: &[String], operator: &str) -> String {
    let quoted: Vec<_> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    format!("{} *", quoted.join(operator))
}

fn words(manifest: &Manifest) -> String {
    let tags = manifest.tags.iter().chain(&manifest.keywords);
    let words: Vec<_> = tags.chain(&manifest.category).map(String::as_str).collect();
    words.join(" ")
}

fn exports(manifest: &Manifest) -> String {
    let mut text = String::new();
    for export in &manifest.exports {
        text.push_str(&export.name);
        text.push(' ');
        text.push_str(&parts_of_name(&export.name));
        text.push(' ');
        text.push_str(export.description.as_deref().unwrap_or_default());
        text.push(' ');
    }
    text
}

/// `farewellAsync` as `farewell Async`, so that it is found by either.
fn parts_of_name(name: &str) -> String {
    let mut parts = String::new();
    let mut before_is_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && before_is_lower {
            parts.push(' ');
        }
        before_is_lower = c.is_lowercase() || c.is_ascii_digit();
        parts.push(c);
    }
    parts
}

fn descriptions(manifest: &Manifest) -> String {
    let mut text = manifest.description.clone();
    for description in manifest.descriptions.values() {
        text.push('\n');
        text.push_str(description);
    }
    text
}

impl<'q> Filter<'q> {
    fn of(query: &'q SearchQuery) -> Self {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Self {
            query,
            name: lower(&query.name),
            tags: query.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            author: lower(&query.author),
            category: lower(&query.category),
        }
    }

    fn admits(&self, record: &SkillRecord) -> bool {
        let manifest = &record.manifest;
        let has_tag = |tag: &String| manifest.tags.iter().any(|has| has.to_lowercase() == *tag);
        let author = || {
            manifest
                .author
                .as_ref()
                .map(|author| author.name.to_lowercase())
        };
        let category = || manifest.category.as_ref().map(|has| has.to_lowercase());
        let query = self.query;
        self.name
            .as_ref()
            .is_none_or(|part| manifest.name.as_str().contains(part.as_str()))
            && self.tags.iter().all(has_tag)
            && self
                .author
                .as_ref()
                .is_none_or(|part| author().is_some_and(|name| name.contains(part.as_str())))
            && (self.category.is_none() || self.category == category())
            && query
                .min_version
                .as_ref()
                .is_none_or(|least| *record.version() >= *least)
            && query
                .max_version
                .as_ref()
                .is_none_or(|most| *record.version() <= *most)
    }
}
