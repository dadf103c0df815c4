//! Reads the YAML of a front matter: every scalar is a text, nothing is expanded, everything is bounded.
//!
//! What the reference validator's YAML does not have (`strictyaml`: flow style, tags, anchors, repeated keys) is
//! noted beside the value, so that one parser serves both verdicts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use saphyr_parser::Event;
use saphyr_parser::Marker;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::ScanError;
use saphyr_parser::Span;
use saphyr_parser::Tag;

use crate::Member;
use crate::Node;
use crate::NodeValue;

/// The most bytes of YAML.
pub(super) const MAX_BYTES: usize = 2 << 20;
/// The most lists and mappings inside one another.
const MAX_DEPTH: usize = 64;
/// The most values.
const MAX_VALUES: usize = 20_000;

/// The plain key that merges another mapping into its own.
const MERGE: &str = "<<";

/// The plain value that means a default one, of which there is none.
const DEFAULT: &str = "=";
/// The parser's complaint about a line in quotes that is not indented, which `strictyaml` takes.
const NOT_INDENTED: &str = "invalid indentation in quoted scalar";
/// How many texts with such lines are taken.
const MAX_NOT_INDENTED: usize = 20;

/// What a front matter holds.
#[derive(Debug)]
pub(super) struct Yaml {
    /// The value. Its offsets count from the start of the YAML.
    pub(super) node: Node,
    /// What strict YAML has not, and where.
    pub(super) beyond: Vec<(usize, Beyond)>,
    /// The scalars that are not plain, in order.
    pub(super) literals: Vec<Literal>,
}

/// A scalar that is not plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// Where it is: with its quotes, or from the first character of a block's content to its end.
    pub(super) place: Range<usize>,
    /// Whether it is a block, `|` or `>`, and not in quotes.
    pub(super) is_block: bool,
}

/// What strict YAML has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// `{…}` or `[…]`.
    Flow,
    /// `!tag`.
    Tag,
    /// `&anchor`.
    Anchor,
    /// A key that its mapping has already.
    Repeated,
    /// A key that is a list or a mapping.
    Key,
    /// Mappings side by side that are indented differently.
    Indentation,
    /// `<<` with something that cannot be merged.
    Merge,
}

impl Beyond {
    /// The word of the catalogue.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Tag => "tag",
            Self::Anchor => "anchor",
            Self::Repeated => "repeated",
            Self::Key => "key",
            Self::Indentation => "indentation",
            Self::Merge => "merge",
        }
    }
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The byte where reading ended, from the start of the YAML.
    pub(super) offset: usize,
    /// Why.
    pub(super) problem: Problem,
}

/// What is wrong with a YAML text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is none, for this reason, in the parser's words.
    Syntax(String),
    /// `*alias`, which is never expanded.
    Alias,
    /// It has more than one document.
    SecondDocument,
    /// It has too many bytes, levels or values.
    TooLarge,
    /// It has nothing but comments.
    Empty,
}

/// Reads `text`.
pub(super) fn read(text: &str) -> Result<Yaml, Unreadable> {
    if text.len() > MAX_BYTES {
        return Err(Unreadable {
            offset: MAX_BYTES,
            problem: Problem::TooLarge,
        });
    }
    let mut text = Cow::Borrowed(text);
    for _ in 0..MAX_NOT_INDENTED {
        match parse(&text) {
            Err(Unreadable {
                offset,
                problem: Problem::Syntax(reason),
            }) if reason == NOT_INDENTED => {
                // The place is that of the quotes, in which a line break is a space anyway.
                let place = offset..end_of_quotes(&text, offset);
                let joined = text[place.clone()].replace('\n', " ");
                text.to_mut().replace_range(place, &joined);
            }
            other => return other,
        }
    }
    parse(&text)
}

fn parse(text: &str) -> Result<Yaml, Unreadable> {
    let mut builder = Builder {
        places: Places::of(text),
        text,
        frames: Vec::new(),
        finished: None,
        beyond: Vec::new(),
        literals: Vec::new(),
        values: 0,
    };
    let mut parser = Parser::new_from_str(text);
    let mut documents = 0;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| builder.syntax(&error))?;
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(builder.unreadable(span.start, Problem::SecondDocument));
            }
        }
        builder.take(event, span)?;
    }
    let Builder {
        finished,
        beyond,
        literals,
        ..
    } = builder;
    finished
        .map(|node| Yaml {
            node,
            beyond,
            literals,
        })
        .ok_or(Unreadable {
            offset: 0,
            problem: Problem::Empty,
        })
}

struct Builder<'t> {
    text: &'t str,
    places: Places,
    frames: Vec<Frame>,
    finished: Option<Node>,
    beyond: Vec<(usize, Beyond)>,
    literals: Vec<Literal>,
    values: usize,
}

/// A list or mapping that is not complete.
enum Frame {
    List {
        offset: usize,
        items: Vec<Node>,
    },
    Mapping {
        offset: usize,
        members: Vec<Member>,
        names: HashSet<String>,
        key: Option<(Key, usize)>,
        /// The column of the first value that is a mapping itself.
        column: Option<usize>,
    },
}

/// A key whose value is not complete.
enum Key {
    Text(String),
    Merge,
}

/// Whether this is a mapping or a list of mappings.
fn is_mergeable(node: &Node) -> bool {
    match &node.value {
        NodeValue::Object(_) => true,
        NodeValue::List(items) => items
            .iter()
            .all(|item| matches!(item.value, NodeValue::Object(_))),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => false,
    }
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Unreadable> {
        let at = self.places.byte(span.start);
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(_) => Err(self.unreadable(span.start, Problem::Alias)),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(span.start)?;
                self.properties(at, anchor, tag.as_deref());
                let is_plain = style == ScalarStyle::Plain;
                if !is_plain {
                    let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    // The parser counts what follows the quotes too.
                    let end = match is_block {
                        true => self.places.byte(span.end),
                        false => end_of_quotes(self.text, at),
                    };
                    self.literals.push(Literal {
                        place: at..end,
                        is_block,
                    });
                }
                let node = Node {
                    value: match text.as_ref() {
                        // No text: it asks for a merge where nothing can be merged, or for a default value.
                        MERGE if is_plain => NodeValue::Null,
                        DEFAULT if is_plain && !self.expects_key() => NodeValue::Null,
                        _ => NodeValue::Text(text.into_owned()),
                    },
                    offset: at,
                };
                self.complete(node);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span.start, anchor, tag.as_deref(), b'[')?;
                self.frames.push(Frame::List {
                    offset: at,
                    items: Vec::new(),
                });
                Ok(())
            }
            Event::MappingStart(anchor, tag) => {
                self.open(span.start, anchor, tag.as_deref(), b'{')?;
                self.check_indentation(span.start);
                self.frames.push(Frame::Mapping {
                    offset: at,
                    members: Vec::new(),
                    names: HashSet::new(),
                    key: None,
                    column: None,
                });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.frames.pop() {
                    Some(Frame::List { offset, items }) => Node {
                        value: NodeValue::List(items),
                        offset,
                    },
                    Some(Frame::Mapping {
                        offset, members, ..
                    }) => Node {
                        value: NodeValue::Object(members),
                        offset,
                    },
                    None => return Ok(()),
                };
                self.complete(node);
                Ok(())
            }
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Mapping { key: None, .. }))
    }

    fn open(
        &mut self,
        start: Marker,
        anchor: usize,
        tag: Option<&Tag>,
        bracket: u8,
    ) -> Result<(), Unreadable> {
        self.count(start)?;
        if self.frames.len() == MAX_DEPTH {
            return Err(self.unreadable(start, Problem::TooLarge));
        }
        let at = self.places.byte(start);
        self.properties(at, anchor, tag);
        if self.text.as_bytes().get(at) == Some(&bracket) {
            self.beyond.push((at, Beyond::Flow));
        }
        Ok(())
    }

    fn count(&mut self, start: Marker) -> Result<(), Unreadable> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.unreadable(start, Problem::TooLarge));
        }
        Ok(())
    }

    fn properties(&mut self, at: usize, anchor: usize, tag: Option<&Tag>) {
        if anchor != 0 {
            self.beyond.push((at, Beyond::Anchor));
        }
        if tag.is_some() {
            self.beyond.push((at, Beyond::Tag));
        }
    }

    /// Mappings that are values of one mapping have to begin in one column.
    fn check_indentation(&mut self, start: Marker) {
        let at = self.places.byte(start);
        let Some(Frame::Mapping {
            key: Some(_),
            column,
            ..
        }) = self.frames.last_mut()
        else {
            return;
        };
        if *column.get_or_insert(start.col()) != start.col() {
            self.beyond.push((at, Beyond::Indentation));
        }
    }

    /// Puts a complete value where it belongs.
    fn complete(&mut self, node: Node) {
        match self.frames.last_mut() {
            None => self.finished = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Mapping {
                members,
                names,
                key,
                ..
            }) => match key.take() {
                Some((Key::Text(name), offset)) => members.push(Member { name, offset, node }),
                // What is merged into a mapping is none of its own fields.
                Some((Key::Merge, _)) if is_mergeable(&node) => {}
                Some((Key::Merge, offset)) => self.beyond.push((offset, Beyond::Merge)),
                None => {
                    let at = node.offset;
                    let name = match node.value {
                        NodeValue::Text(text) => text,
                        NodeValue::Null => {
                            if !names.insert(MERGE.to_owned()) {
                                self.beyond.push((at, Beyond::Repeated));
                            }
                            *key = Some((Key::Merge, at));
                            return;
                        }
                        NodeValue::Bool(_)
                        | NodeValue::Number(_)
                        | NodeValue::List(_)
                        | NodeValue::Object(_) => {
                            self.beyond.push((at, Beyond::Key));
                            node.to_json().to_string()
                        }
                    };
                    if !names.insert(name.clone()) {
                        self.beyond.push((at, Beyond::Repeated));
                    }
                    *key = Some((Key::Text(name), at));
                }
            },
        }
    }

    fn syntax(&self, error: &ScanError) -> Unreadable {
        self.unreadable(*error.marker(), Problem::Syntax(error.info().to_owned()))
    }

    fn unreadable(&self, marker: Marker, problem: Problem) -> Unreadable {
        Unreadable {
            offset: self.places.byte(marker),
            problem,
        }
    }
}

/// Where the text in quotes that begins at `start` ends.
fn end_of_quotes(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes.get(start);
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == Some(&b'"') => at += 1,
            b'\'' if quote == Some(byte) && bytes.get(at + 1) == quote => at += 1,
            _ if quote == Some(byte) => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Turns the parser's places, which count characters, into bytes.
enum Places {
    /// They are the same.
    Ascii(usize),
    /// Where each character begins.
    Characters(Vec<u32>),
}

impl Places {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text.len());
        }
        let starts = text.char_indices().map(|(at, _)| at);
        // No text here is longer than what was bounded before.
        Self::Characters(
            starts
                .chain([text.len()])
                .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
                .collect(),
        )
    }

    fn byte(&self, marker: Marker) -> usize {
        match self {
            Self::Ascii(length) => marker.index().min(*length),
            Self::Characters(starts) => starts
                .get(marker.index())
                .or(starts.last())
                .map_or(0, |at| *at as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_know_their_places() {
        let text = "a: |\n  b\tc\nd: \"é f\" # g\nh: >-\n  i\n  j\n";
        let literals = read(text).unwrap().literals;
        let found: Vec<_> = literals
            .iter()
            .map(|literal| (&text[literal.place.clone()], literal.is_block))
            .collect();
        assert_eq!(
            found,
            [("b\tc\n", true), ("\"é f\"", false), ("i\n  j\n", true)]
        );
    }
}
