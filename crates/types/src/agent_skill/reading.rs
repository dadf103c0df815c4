//! Reads a `SKILL.md`: what can be used of it, and whether the reference validator would pass it.

use std::borrow::Cow;

use crate::AgentSkill;
use crate::Diagnostic;
use crate::FieldPath;
use crate::Findings;
use crate::Locale;
use crate::Manifest;
use crate::Message;
use crate::Node;
use crate::NodeValue;
use crate::agent_skill::fields;
use crate::agent_skill::fields::Fields;
use crate::agent_skill::front_matter::NoFrontMatter;
use crate::agent_skill::front_matter::Parts;
use crate::agent_skill::front_matter::by_lines;
use crate::agent_skill::front_matter::by_reference;
use crate::agent_skill::front_matter::normalised;
use crate::agent_skill::reference;
use crate::agent_skill::reference::unreadable_message;
use crate::agent_skill::yaml;
use crate::agent_skill::yaml::Yaml;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// What came of reading a `SKILL.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentSkillReading {
    /// What it says, unless it cannot be used at all. It has no scripts yet.
    pub skill: Option<AgentSkill>,
    /// The instructions: everything after the front matter.
    pub instructions: String,
    /// Whether the reference validator passes it. Warnings are what it objects to, and notes are not.
    pub conforms: bool,
    /// All remarks, in the order of their places in the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl AgentSkill {
    /// Reads `bytes`, the content of the file called `name` in `folder`; `path` is what remarks call it.
    ///
    /// The bytes may be anything. Only without a front matter or a description is there no skill; whatever else is
    /// wrong is a remark.
    ///
    /// ```
    /// use mycelium_types::AgentSkill;
    ///
    /// let text = b"---\nname: hello\ndescription: Greets: warmly.\n---\nSay hello.\n";
    /// let reading = AgentSkill::read(text, "hello/SKILL.md", "SKILL.md", "hello");
    /// assert_eq!(reading.skill.unwrap().description, "Greets: warmly.");
    /// assert!(!reading.conforms);
    /// ```
    #[must_use]
    pub fn read(bytes: &[u8], path: &str, name: &str, folder: &str) -> AgentSkillReading {
        if bytes.len() > Self::MAX_BYTES {
            let message = Message::new("document-too-large")
                .with("size", bytes.len())
                .with("limit", Self::MAX_BYTES);
            return unusable(Findings::without_text(path), message);
        }
        let text = match str::from_utf8(bytes) {
            Ok(text) => normalised(text),
            Err(error) => {
                let at = error.valid_up_to();
                let valid = String::from_utf8_lossy(&bytes[..at]).into_owned();
                let byte = bytes.get(at).copied().unwrap_or_default();
                let message =
                    Message::new("document-not-utf8").with("byte", format!("0x{byte:02X}"));
                let mut findings = Findings::new(path, &valid);
                findings.error(at, &FieldPath::Root, message);
                return AgentSkillReading {
                    skill: None,
                    instructions: String::new(),
                    conforms: false,
                    diagnostics: findings.into_diagnostics(Locale::EnUs),
                };
            }
        };
        let mut findings = Findings::new(path, &text);
        if bytes.contains(&b'\r') {
            findings.note(0, &FieldPath::Root, Message::new("agent-skill-breaks"));
        }
        if name != Self::FILE {
            findings.warning_in_file(Message::new("agent-skill-lower-case"));
        }
        let violations = reference::violations(&text, folder);
        let conforms = violations.is_empty();
        let usable = usable(&text, name, folder, &mut findings);
        for violation in violations {
            let field = match violation.field.as_str() {
                "" => field_at(&text, violation.offset),
                field => FieldPath::Root.member(field),
            };
            let is_cause = usable.skill.is_none() && usable.cause.is_none();
            match is_cause {
                true => findings.error(violation.offset, &field, violation.message),
                false => findings.warning(violation.offset, &field, violation.message),
            }
        }
        if let Some((at, field, message)) = usable.cause {
            let path = match field {
                "" => field_at(&text, at),
                field => FieldPath::Root.member(field),
            };
            findings.error(at, &path, message);
        }
        AgentSkillReading {
            skill: usable.skill,
            instructions: text[usable.body..].trim().to_owned(),
            conforms,
            diagnostics: findings.into_diagnostics(Locale::EnUs),
        }
    }
}

impl AgentSkillReading {
    /// The manifest of a skill that has nothing but this.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        self.skill.as_ref().map(AgentSkill::manifest)
    }
}

fn unusable(mut findings: Findings<'_>, message: Message) -> AgentSkillReading {
    findings.error_in_file(message);
    AgentSkillReading {
        skill: None,
        instructions: String::new(),
        conforms: false,
        diagnostics: findings.into_diagnostics(Locale::EnUs),
    }
}

/// What can be used of a text.
struct Usable {
    skill: Option<AgentSkill>,
    /// Where the instructions begin.
    body: usize,
    /// Why there is no skill, if the reference validator has another reason or none.
    cause: Option<(usize, &'static str, Message)>,
}

/// Reads the front matter as people mean it, and where that gives no skill, as the reference reads it.
fn usable(text: &str, name: &str, folder: &str, findings: &mut Findings<'_>) -> Usable {
    let start = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
    let shift = |parts: Parts| Parts {
        yaml: parts.yaml.start + start..parts.yaml.end + start,
        body: parts.body.start + start..parts.body.end + start,
    };
    let rest = &text[start..];
    let as_written: fn(&str) -> Cow<'_, str> = |yaml| Cow::Borrowed(yaml);
    let candidates = [
        (by_lines(rest).map(shift), as_written),
        (by_reference(rest).map(shift), reference::as_understood),
    ];
    let mut cause = None;
    for (parts, understood) in &candidates {
        let Ok(parts) = parts else {
            continue;
        };
        let yaml = understood(&text[parts.yaml.clone()]);
        let base = parts.yaml.start;
        let read = match lenient(&yaml) {
            Ok((read, None)) => read,
            Ok((read, Some(repaired))) => {
                let message = Message::new("agent-skill-repaired");
                findings.note(base + repaired, &field_at(text, base + repaired), message);
                read
            }
            Err(unreadable) => {
                let message = unreadable_message(&unreadable.problem);
                cause.get_or_insert((base + unreadable.offset, "", message));
                continue;
            }
        };
        let NodeValue::Object(members) = &read.node.value else {
            let message = Message::new("agent-skill-not-mapping").with("found", read.node.kind());
            cause.get_or_insert((base + read.node.offset, "", message));
            continue;
        };
        let fields = Fields {
            members,
            base,
            findings,
        };
        if let Some(skill) = fields::read(fields, name, folder) {
            return Usable {
                skill: Some(skill),
                body: parts.body.start,
                cause: None,
            };
        }
        let member = members.iter().find(|member| member.name == "description");
        cause.get_or_insert(match member {
            Some(member) => (
                base + member.node.offset,
                "description",
                Message::new("agent-skill-empty"),
            ),
            None => (0, "description", Message::new("agent-skill-missing")),
        });
    }
    let found = candidates.iter().find_map(|(parts, _)| parts.as_ref().ok());
    let body = found.map_or(0, |parts| parts.body.start);
    Usable {
        skill: None,
        body,
        cause: cause.or_else(|| {
            let key = match candidates[0].0 {
                Err(NoFrontMatter::Open) => "agent-skill-open",
                Ok(_) | Err(NoFrontMatter::Missing) => "agent-skill-no-fence",
            };
            Some((0, "", Message::new(key)))
        }),
    }
}

/// Reads YAML; where that fails, reads it again with the values of its outermost fields quoted. The offset says where it
/// failed.
fn lenient(text: &str) -> Result<(Yaml, Option<usize>), yaml::Unreadable> {
    let unreadable = match yaml::read(text) {
        Ok(read) => return Ok((read, None)),
        Err(unreadable) => unreadable,
    };
    let Some(repaired) = Quoted::of(text) else {
        return Err(unreadable);
    };
    match yaml::read(&repaired.text) {
        Ok(mut read) => {
            repaired.restore(&mut read.node);
            Ok((read, Some(unreadable.offset)))
        }
        Err(_) => Err(unreadable),
    }
}

/// A text with the plain values of its outermost fields in quotes.
struct Quoted {
    text: String,
    /// Where each line begins here and there, and where in it a quote was put.
    lines: Vec<(usize, usize, Option<usize>)>,
}

impl Quoted {
    /// Nothing if there is no such value.
    fn of(text: &str) -> Option<Self> {
        let mut quoted = String::with_capacity(text.len() + 64);
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.strip_suffix('\n').unwrap_or(line);
            let value = plain_value(content);
            lines.push((quoted.len(), start, value));
            match value {
                Some(at) => {
                    quoted.push_str(&content[..at]);
                    quoted.push('\'');
                    quoted.push_str(&content[at..].trim_end().replace('\'', "''"));
                    quoted.push('\'');
                }
                None => quoted.push_str(content),
            }
            quoted.push_str(&line[content.len()..]);
            start += line.len();
        }
        let is_changed = lines.iter().any(|(_, _, value)| value.is_some());
        is_changed.then_some(Self {
            text: quoted,
            lines,
        })
    }

    /// Lets every offset be one of the text as it was.
    fn restore(&self, node: &mut Node) {
        node.offset = self.original(node.offset);
        match &mut node.value {
            NodeValue::List(items) => items.iter_mut().for_each(|item| self.restore(item)),
            NodeValue::Object(members) => {
                for member in members {
                    member.offset = self.original(member.offset);
                    self.restore(&mut member.node);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {}
        }
    }

    fn original(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|(start, ..)| *start <= offset);
        let line = after.checked_sub(1).and_then(|line| self.lines.get(line));
        let Some((here, there, value)) = line else {
            return offset;
        };
        let within = offset - here;
        let is_behind = value.is_some_and(|at| within > at);
        there + within - usize::from(is_behind)
    }
}

/// Where the value in a line `name: value` begins, if it is neither quoted nor the head of a block.
fn plain_value(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(": ")?;
    if !is_field(name) {
        return None;
    }
    let value = value.trim_start();
    let at = line.len() - value.len();
    (!value.is_empty() && !value.starts_with(['"', '\'', '|', '>', '#'])).then_some(at)
}

/// The outermost field of the front matter that a place of the text belongs to, as far as lines tell.
fn field_at(text: &str, offset: usize) -> FieldPath<'_> {
    let before = text.get(..offset).unwrap_or_default();
    let rest = text.get(offset..).and_then(|rest| rest.lines().next());
    let until = before.len() + rest.map_or(0, str::len);
    let lines = text.get(..until).unwrap_or_default().lines().skip(1);
    let mut field = FieldPath::Root;
    for line in lines {
        if line.trim_end() == "---" {
            return FieldPath::Root;
        }
        if let Some((name, _)) = line.split_once(':')
            && is_field(name)
        {
            field = FieldPath::Root.member(name);
        }
    }
    field
}

fn is_field(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().all(is_part)
}
