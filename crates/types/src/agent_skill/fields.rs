//! The fields of a front matter, read as leniently as they are written.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

use crate::AgentSkill;
use crate::Digest;
use crate::FieldPath;
use crate::Findings;
use crate::Member;
use crate::Message;
use crate::Node;
use crate::NodeValue;
use crate::SkillName;
use crate::manifest::text::is_shown_in_prose;
use crate::nearest;

/// The fields of the specification.
pub(super) const SPECIFIED: [&str; 6] = [
    "name",
    "description",
    "license",
    "compatibility",
    "metadata",
    "allowed-tools",
];
/// The fields that Claude Code has besides.
const CLAUDE_CODE: [&str; 14] = [
    "when_to_use",
    "argument-hint",
    "arguments",
    "disable-model-invocation",
    "user-invocable",
    "disallowed-tools",
    "paths",
    "agent",
    "background",
    "context",
    "effort",
    "model",
    "shell",
    "hooks",
];
/// Those of them that are kept as they are written.
const SETTINGS: [&str; 6] = ["agent", "background", "context", "effort", "model", "shell"];
/// The most characters of a name that are kept.
const MAX_TITLE: usize = 256;
/// The most items of a list, and fields of `metadata`, that are kept.
const MAX_ITEMS: usize = 500;

/// The fields of one front matter. Offsets in it count from `base`.
pub(super) struct Fields<'n, 'f, 't> {
    pub(super) members: &'n [Member],
    pub(super) base: usize,
    pub(super) findings: &'f mut Findings<'t>,
}

/// Reads the fields; `None` if there is no description.
pub(super) fn read(mut fields: Fields<'_, '_, '_>, file: &str, folder: &str) -> Option<AgentSkill> {
    let description = fields.text("description").unwrap_or_default();
    if description.trim().is_empty() {
        return None;
    }
    let description = fields.shortened("description", description.trim());
    let written = fields.text("name").unwrap_or_default();
    let (name, title) = fields.name(written.trim(), folder);
    let mut settings = BTreeMap::new();
    for name in SETTINGS {
        if let Some(value) = fields.text(name) {
            settings.insert(name.to_owned(), value);
        }
    }
    if fields.member("hooks").is_some() {
        fields.note("hooks", Message::new("agent-skill-hooks"));
    }
    let skill = AgentSkill {
        file: file.to_owned(),
        name,
        title,
        description,
        when_to_use: fields.text("when_to_use"),
        license: fields.text("license"),
        compatibility: fields.text("compatibility"),
        metadata: fields.metadata(),
        allowed_tools: fields.allowed_tools(),
        disallowed_tools: fields.tools("disallowed-tools"),
        argument_hint: fields.text("argument-hint"),
        arguments: fields.words("arguments"),
        model_invocable: !fields.switch("disable-model-invocation", false),
        user_invocable: fields.switch("user-invocable", true),
        paths: fields.tools("paths"),
        settings,
        stands_alone: true,
        scripts: Vec::new(),
    };
    fields.note_unknown();
    Some(skill)
}

/// What is said of a field that the specification does not have.
pub(super) fn foreign(name: &str) -> Message {
    let is_claude_code = CLAUDE_CODE.contains(&name);
    let known = SPECIFIED.into_iter().chain(CLAUDE_CODE);
    let suggestion = nearest(name, known).filter(|_| !is_claude_code);
    Message::new("agent-skill-foreign")
        .with("owner", if is_claude_code { "claude" } else { "none" })
        .with("suggestion", suggestion.unwrap_or("none"))
}

impl Fields<'_, '_, '_> {
    /// The field, if it is there: of several the last, as most readers of YAML have it.
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().rev().find(|member| member.name == name)
    }

    fn note(&mut self, name: &str, message: Message) {
        let at = self.member(name).map_or(0, |member| member.offset);
        let path = FieldPath::Root.member(name);
        self.findings.note(self.base + at, &path, message);
    }

    /// The field as a text without what a terminal obeys. What is no text is given as JSON.
    fn text(&mut self, name: &str) -> Option<String> {
        let node = self.member(name)?.node.clone();
        let text = match &node.value {
            NodeValue::Text(text) => text.clone(),
            NodeValue::List(_) | NodeValue::Object(_) => {
                self.note(
                    name,
                    Message::new("agent-skill-not-text").with("found", node.kind()),
                );
                node.to_json().to_string()
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {
                node.to_json().to_string()
            }
        };
        (!text.is_empty()).then(|| shown(&text))
    }

    /// The beginning of a text that is longer than a description may be.
    fn shortened(&mut self, name: &str, text: &str) -> String {
        const MOST: usize = AgentSkill::MAX_DESCRIPTION;
        let Some((end, _)) = text.char_indices().nth(MOST) else {
            return text.to_owned();
        };
        let message = Message::new("agent-skill-shortened").with("most", MOST);
        self.note(name, message);
        let mut kept = text[..end].to_owned();
        kept.pop();
        kept.push('…');
        kept
    }

    /// The name for commands and the one to show.
    fn name(&mut self, written: &str, folder: &str) -> (SkillName, String) {
        let title = match written {
            "" => folder,
            written => written,
        };
        let name = match title.parse() {
            Ok(name) => name,
            Err(_) => {
                let name = fitting(title);
                let message = Message::new("agent-skill-renamed").with("name", &name);
                self.note("name", message);
                name
            }
        };
        (name, shown(title).chars().take(MAX_TITLE).collect())
    }

    fn metadata(&mut self) -> BTreeMap<String, String> {
        let Some(node) = self.member("metadata").map(|member| member.node.clone()) else {
            return BTreeMap::new();
        };
        let NodeValue::Object(members) = &node.value else {
            if node.value != NodeValue::Text(String::new()) {
                self.note("metadata", Message::new("agent-skill-metadata"));
            }
            return BTreeMap::new();
        };
        let mut metadata = BTreeMap::new();
        for member in members.iter().take(MAX_ITEMS) {
            let text = match &member.node.value {
                NodeValue::Text(text) => text.clone(),
                NodeValue::Null
                | NodeValue::Bool(_)
                | NodeValue::Number(_)
                | NodeValue::List(_)
                | NodeValue::Object(_) => {
                    let path = FieldPath::Root.member("metadata");
                    let message =
                        Message::new("agent-skill-not-text").with("found", member.node.kind());
                    self.findings.note(
                        self.base + member.offset,
                        &path.member(&member.name),
                        message,
                    );
                    member.node.to_json().to_string()
                }
            };
            metadata.insert(shown(&member.name), shown(&text));
        }
        metadata
    }

    /// A list, or a text of words that commas or spaces separate.
    fn words(&mut self, name: &str) -> Vec<String> {
        self.items(name, |c| c == ',' || c.is_whitespace())
    }

    /// The tools that the specification has as words of one text.
    fn allowed_tools(&mut self) -> Vec<String> {
        let name = "allowed-tools";
        let form = self
            .member(name)
            .and_then(|member| match &member.node.value {
                NodeValue::List(_) => Some("list"),
                // What is in parentheses may have commas of its own.
                NodeValue::Text(text) => {
                    let outside = text.split('(').map(|part| part.rsplit(')').next());
                    let has_comma =
                        |part: Option<&str>| part.is_some_and(|part| part.contains(','));
                    outside.into_iter().any(has_comma).then_some("commas")
                }
                _ => None,
            });
        if let Some(form) = form {
            self.note(name, Message::new("agent-skill-tools").with("form", form));
        }
        self.tools(name)
    }

    /// Like [`Self::words`], but what is in parentheses belongs together.
    fn tools(&mut self, name: &str) -> Vec<String> {
        let mut depth = 0_usize;
        self.items(name, move |c| {
            match c {
                '(' | '{' => depth += 1,
                ')' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && (c == ',' || c.is_whitespace())
        })
    }

    fn items(&mut self, name: &str, ends: impl FnMut(char) -> bool) -> Vec<String> {
        let Some(node) = self.member(name).map(|member| &member.node) else {
            return Vec::new();
        };
        let texts: Vec<String> = match &node.value {
            NodeValue::Text(text) => text.split(ends).map(str::to_owned).collect(),
            NodeValue::List(items) => items.iter().map(scalar).collect(),
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Object(_) => {
                let message = Message::new("agent-skill-not-list").with("found", node.kind());
                self.note(name, message);
                return Vec::new();
            }
        };
        texts
            .into_iter()
            .map(|text| shown(text.trim()))
            .filter(|text| !text.is_empty())
            .take(MAX_ITEMS)
            .collect()
    }

    /// A truth value as Claude Code reads them.
    fn switch(&mut self, name: &str, default: bool) -> bool {
        let Some(member) = self.member(name) else {
            return default;
        };
        let text = scalar(&member.node).trim().to_lowercase();
        match text.as_str() {
            "true" | "yes" | "on" | "1" => true,
            "false" | "no" | "off" | "0" => false,
            _ => {
                let message = Message::new("agent-skill-not-switch")
                    .with("found", crate::printable(&text))
                    .with("default", default);
                self.note(name, message);
                default
            }
        }
    }

    /// Says of fields that nobody knows that they have no effect.
    fn note_unknown(&mut self) {
        for member in self.members {
            let name = member.name.as_str();
            if SPECIFIED.contains(&name) || CLAUDE_CODE.contains(&name) {
                continue;
            }
            let path = FieldPath::Root.member(name);
            let message = Message::new("agent-skill-no-effect");
            self.findings
                .note(self.base + member.offset, &path, message);
        }
    }
}

fn scalar(node: &Node) -> String {
    match &node.value {
        NodeValue::Text(text) => text.clone(),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::List(_)
        | NodeValue::Object(_) => node.to_json().to_string(),
    }
}

/// The text without characters that are not shown.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if is_shown_in_prose(c) { c } else { '\u{fffd}' })
        .collect()
}

/// The nearest name that commands can have: `PDF Tools` is `pdf-tools`. Where hardly anything of it fits, it is made
/// from a digest, so that it is always the same.
fn fitting(title: &str) -> SkillName {
    let mut name = String::new();
    for c in title.nfkd().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            // The marks that decomposing took off their letters.
            '\u{300}'..='\u{36f}' => {}
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
        if name.len() == SkillName::MAX_LEN {
            break;
        }
    }
    let letters = title.chars().filter(|c| c.is_alphanumeric()).count();
    let kept = name.bytes().filter(u8::is_ascii_alphanumeric).count();
    let from_digest = || format!("skill-{}", &Digest::of(title.as_bytes()).to_string()[..8]);
    let name = match name.trim_matches('-') {
        // Half of it at least, or two names in another script would become one.
        name if kept > 0 && kept * 2 >= letters.min(SkillName::MAX_LEN) => name.to_owned(),
        _ => from_digest(),
    };
    match name.parse() {
        Ok(name) => name,
        Err(_) => unreachable!("only characters that names have, and at least one"),
    }
}
