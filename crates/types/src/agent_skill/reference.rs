//! The verdict of the reference validator (`skills-ref` 0.1.1, command `agentskills`), rule for rule.
//!
//! Its rules are the specification's and some that follow from how it is made: three hyphens anywhere end the front
//! matter, and the YAML is `strictyaml`'s.

use std::borrow::Cow;

use unicode_general_category::GeneralCategory as Category;
use unicode_general_category::get_general_category;
use unicode_normalization::UnicodeNormalization as _;

use crate::FieldPath;
use crate::Member;
use crate::Message;
use crate::Node;
use crate::NodeValue;
use crate::agent_skill::fields::SPECIFIED;
use crate::agent_skill::fields::foreign;
use crate::agent_skill::front_matter::NoFrontMatter;
use crate::agent_skill::front_matter::by_reference;
use crate::agent_skill::yaml;
use crate::agent_skill::yaml::Literal;
use crate::agent_skill::yaml::Problem;

/// The byte order mark.
const MARK: char = '\u{feff}';
/// The longest name, in characters.
const MAX_NAME: usize = 64;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 1024;
/// The longest text about compatibility, in characters.
const MAX_COMPATIBILITY: usize = 500;

/// What the reference validator would object to.
pub(super) struct Violation {
    /// The byte of the text.
    pub(super) offset: usize,
    /// The field; empty for the whole file.
    pub(super) field: String,
    pub(super) message: Message,
}

impl Violation {
    fn of_file(offset: usize, message: Message) -> Self {
        Self {
            offset,
            field: String::new(),
            message,
        }
    }
}

/// Everything the reference validator would object to in `text`, the content of a file in `folder`. Line breaks are
/// `\n` already; the byte order mark, if there is one, is still there.
pub(super) fn violations(text: &str, folder: &str) -> Vec<Violation> {
    let parts = match by_reference(text) {
        Ok(parts) => parts,
        Err(NoFrontMatter::Missing) => {
            return vec![Violation::of_file(0, Message::new("agent-skill-no-fence"))];
        }
        Err(NoFrontMatter::Open) => {
            return vec![Violation::of_file(0, Message::new("agent-skill-open"))];
        }
    };
    let base = parts.yaml.start;
    let yaml = &text[parts.yaml];
    if let Some((at, character)) = unprintable(yaml) {
        let code = format!("U+{:04X}", u32::from(character));
        let message = Message::new("agent-skill-character").with("code", code);
        return vec![Violation::of_file(base + at, message)];
    }
    let separators = separators(yaml);
    let yaml = as_understood(yaml);
    let read = match yaml::read(&yaml) {
        Ok(read) => read,
        Err(unreadable) => {
            let message = unreadable_message(&unreadable.problem);
            return vec![Violation::of_file(base + unreadable.offset, message)];
        }
    };
    if let Some((at, beyond)) = read.beyond.first() {
        let message = Message::new("agent-skill-strict-yaml").with("what", beyond.as_str());
        return vec![Violation::of_file(base + at, message)];
    }
    let separated = after_separator(&yaml, &separators, &read.literals);
    if let Some(at) = stray(&yaml, &read.literals).or(separated) {
        let message = Message::new("agent-skill-stray");
        return vec![Violation::of_file(base + at, message)];
    }
    if let Some(at) = early_end(&yaml) {
        let message = unreadable_message(&Problem::SecondDocument);
        return vec![Violation::of_file(base + at, message)];
    }
    let NodeValue::Object(members) = &read.node.value else {
        let message = Message::new("agent-skill-not-mapping").with("found", read.node.kind());
        return vec![Violation::of_file(base + read.node.offset, message)];
    };
    let mut check = Check {
        members,
        base,
        violations: Vec::new(),
    };
    check.fields();
    check.name(folder);
    check.description();
    check.compatibility();
    check.violations
}

/// What is said of YAML that cannot be read.
pub(super) fn unreadable_message(problem: &Problem) -> Message {
    match problem {
        Problem::Syntax(reason) => Message::new("agent-skill-yaml").with("reason", reason),
        Problem::Alias => Message::new("agent-skill-strict-yaml").with("what", "alias"),
        Problem::SecondDocument => {
            Message::new("agent-skill-strict-yaml").with("what", "second-document")
        }
        Problem::TooLarge => Message::new("agent-skill-yaml-large"),
        Problem::Empty => Message::new("agent-skill-not-mapping").with("found", "null"),
    }
}

/// The first character that YAML 1.2 does not allow.
fn unprintable(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| {
        !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    })
}

/// The text as the reference's scanner takes it where ours would take it differently.
pub(super) fn as_understood(yaml: &str) -> Cow<'_, str> {
    let is_odd = |c: char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | MARK);
    if !yaml.contains(is_odd) && !yaml.contains("\\u") && !yaml.contains("\\U") {
        return Cow::Borrowed(yaml);
    }
    let replaced = yaml.char_indices().map(|(at, c)| match c {
        // They end no line, and separate like spaces.
        '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        MARK if at == 0 => ' ',
        // Any other character that is neither letter nor digit would do.
        MARK => char::REPLACEMENT_CHARACTER,
        other => other,
    });
    let mut text: String = replaced.collect();
    // Half a pair is a character to it.
    for escape in ["\\u", "\\U0000"] {
        let mut from = 0;
        while let Some(found) = text[from..].find(escape) {
            let at = from + found + escape.len();
            let digits = text.as_bytes().get(at..at + 4);
            if digits.is_some_and(is_half_of_pair) {
                text.replace_range(at..at + 4, "fffd");
            }
            from = at;
        }
    }
    Cow::Owned(text)
}

fn is_half_of_pair(digits: &[u8]) -> bool {
    let number = str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    number.is_some_and(|number| (0xd800..0xe000).contains(&number))
}

/// Where the line separators of Unicode are in the text [`as_understood`].
fn separators(yaml: &str) -> Vec<usize> {
    let mut shorter = 0;
    let mut found = Vec::new();
    for (at, c) in yaml.char_indices() {
        let is_separator = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
        if is_separator {
            found.push(at - shorter);
        }
        if is_separator || c == MARK && at == 0 {
            shorter += c.len_utf8() - 1;
        }
    }
    found
}

/// The first thing behind a line separator in a block or a comment. Both end there for the reference, and nothing may follow in
/// the same line but a comment.
fn after_separator(yaml: &str, separators: &[usize], literals: &[Literal]) -> Option<usize> {
    separators.iter().copied().find_map(|at| {
        let index = literals.partition_point(|literal| literal.place.start <= at);
        let literal = index.checked_sub(1).and_then(|index| literals.get(index));
        let literal = literal.filter(|literal| at < literal.place.end);
        let ends_there = match literal {
            Some(literal) => literal.is_block,
            None => is_in_comment(yaml, at, literals),
        };
        let rest = yaml[at..].lines().next().unwrap_or_default();
        let next = rest.trim_start_matches(' ');
        let is_over = next.is_empty() || next.starts_with('#');
        (ends_there && !is_over).then_some(at + rest.len() - next.len())
    })
}

/// Whether a comment begins before this place, which is in no literal, in its line.
fn is_in_comment(yaml: &str, at: usize, literals: &[Literal]) -> bool {
    let line = yaml[..at].rfind('\n').map_or(0, |at| at + 1);
    let ends = literals.iter().map(|literal| literal.place.end);
    let start = ends.filter(|end| *end <= at).max().unwrap_or(0).max(line);
    let own = &yaml[start..at];
    own.starts_with('#') || own.contains(" #")
}

/// The first tab that is neither in quotes, in the text of a block, nor in a comment.
fn stray(yaml: &str, literals: &[Literal]) -> Option<usize> {
    let mut tabs = yaml.match_indices('\t').map(|(at, _)| at);
    tabs.find(|tab| {
        let before = &yaml[..*tab];
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let index = literals.partition_point(|literal| literal.place.start <= *tab);
        let literal = index.checked_sub(1).and_then(|index| literals.get(index));
        let start = match literal {
            Some(literal) if *tab < literal.place.end => {
                let first = &yaml[..literal.place.start];
                let indent = first.len() - first.rfind('\n').map_or(0, |at| at + 1);
                // Less indented than a block, it is none of its text.
                return literal.is_block && tab - line < indent;
            }
            Some(literal) => line.max(literal.place.end),
            None => line,
        };
        let own = &yaml[start..*tab];
        !(own.starts_with('#') || own.contains(" #"))
    })
}

/// Where a document ends that has not begun.
fn early_end(yaml: &str) -> Option<usize> {
    let mut at = 0;
    for line in yaml.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') {
            let ends = line.strip_prefix("...")?;
            return (ends.is_empty() || ends.starts_with([' ', '\t', '\n'])).then_some(at);
        }
        at += line.len();
    }
    None
}

struct Check<'n> {
    members: &'n [Member],
    base: usize,
    violations: Vec<Violation>,
}

impl<'n> Check<'n> {
    fn member(&self, name: &str) -> Option<&'n Member> {
        self.members.iter().find(|member| member.name == name)
    }

    fn object(&mut self, node: &Node, field: &str, message: Message) {
        self.violations.push(Violation {
            offset: self.base + node.offset,
            field: field.to_owned(),
            message,
        });
    }

    fn missing(&mut self, field: &str) {
        self.violations.push(Violation {
            offset: 0,
            field: field.to_owned(),
            message: Message::new("agent-skill-missing"),
        });
    }

    fn fields(&mut self) {
        for member in self.members {
            if !SPECIFIED.contains(&member.name.as_str()) {
                self.violations.push(Violation {
                    offset: self.base + member.offset,
                    field: FieldPath::Root.member(&member.name).to_string(),
                    message: foreign(&member.name),
                });
            }
        }
    }

    fn name(&mut self, folder: &str) {
        let Some(member) = self.member("name") else {
            return self.missing("name");
        };
        let node = &member.node;
        let problem = |problem: &str| Message::new("agent-skill-name").with("problem", problem);
        let written = match &node.value {
            NodeValue::Text(text) if !stripped(text).is_empty() => stripped(text),
            _ => return self.object(node, "name", Message::new("agent-skill-empty")),
        };
        let name: String = written.nfkc().collect();
        let length = name.chars().count();
        if length > MAX_NAME {
            let message = Message::new("agent-skill-long")
                .with("length", length)
                .with("most", MAX_NAME);
            self.object(node, "name", message);
        }
        if name != name.to_lowercase() {
            self.object(node, "name", problem("case"));
        }
        if name.starts_with('-') || name.ends_with('-') {
            self.object(node, "name", problem("edge"));
        }
        if name.contains("--") {
            self.object(node, "name", problem("double"));
        }
        if let Some(other) = name.chars().find(|c| *c != '-' && !is_alphanumeric(*c)) {
            let message =
                problem("character").with("character", crate::printable(&other.to_string()));
            self.object(node, "name", message);
        }
        if folder.nfkc().ne(name.chars()) {
            let message = problem("folder")
                .with("name", crate::printable(&name))
                .with("folder", crate::printable(folder));
            self.object(node, "name", message);
        }
    }

    fn description(&mut self) {
        let Some(member) = self.member("description") else {
            return self.missing("description");
        };
        match &member.node.value {
            NodeValue::Text(text) if !stripped(text).is_empty() => {
                self.length(&member.node, "description", text, MAX_DESCRIPTION);
            }
            _ => self.object(
                &member.node,
                "description",
                Message::new("agent-skill-empty"),
            ),
        }
    }

    fn compatibility(&mut self) {
        let Some(member) = self.member("compatibility") else {
            return;
        };
        match &member.node.value {
            NodeValue::Text(text) => {
                self.length(&member.node, "compatibility", text, MAX_COMPATIBILITY);
            }
            _ => {
                let found = member.node.kind();
                let message = Message::new("agent-skill-not-text").with("found", found);
                self.object(&member.node, "compatibility", message);
            }
        }
    }

    fn length(&mut self, node: &Node, field: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length > most {
            let message = Message::new("agent-skill-long")
                .with("length", length)
                .with("most", most);
            self.object(node, field, message);
        }
    }
}

/// The text without white space around it, as Python has it: Unicode's, and four separators of ASCII.
fn stripped(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}

/// A letter or number as Python's `isalnum` has it: by general category, so that marks are none.
fn is_alphanumeric(c: char) -> bool {
    matches!(
        get_general_category(c),
        Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
            | Category::DecimalNumber
            | Category::LetterNumber
            | Category::OtherNumber
    )
}
