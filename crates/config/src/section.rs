//! Turns the values of one layer into settings, and tells what is wrong with them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mycelium_types::FieldPath;
use mycelium_types::Findings;
use mycelium_types::Member;
use mycelium_types::Message;
use mycelium_types::Node;
use mycelium_types::NodeValue;
use mycelium_types::SkillName;
use mycelium_types::nearest;
use mycelium_types::printable;
use serde_json::Value;

use crate::interpolation::NotExpanded;
use crate::interpolation::Variables;
use crate::interpolation::expand;
use crate::key::Key;
use crate::key::LIMITS;
use crate::key::Section;
use crate::key::SectionEntry;
use crate::layer::Layer;
use crate::layer::Origin;
use crate::tighten::Verdict;
use crate::tighten::judge;
use crate::tighten::judge_limit;
use crate::tree::Leaf;
use crate::tree::Tree;

/// The most bytes that the variables of one layer put in: as much as a file may have itself.
const EXPANSION_BUDGET: usize = Node::MAX_BYTES;

/// Reads one layer.
pub(crate) struct LayerReader<'a, 't> {
    pub(crate) layer: Layer,
    pub(crate) file: Option<PathBuf>,
    pub(crate) variable: Option<String>,
    /// What strings may take in; nothing where strings are plain.
    pub(crate) variables: Option<Variables<'a>>,
    /// The layers below, if this one can only tighten them.
    pub(crate) tightens: Option<&'a Tree>,
    pub(crate) findings: Findings<'t>,
    /// The skill whose settings are being read.
    skill: Option<String>,
    /// The variables that strings name.
    pub(crate) named: BTreeSet<String>,
    budget: usize,
}

impl<'a, 't> LayerReader<'a, 't> {
    /// A reader of plain values that may set anything.
    pub(crate) fn new(layer: Layer, findings: Findings<'t>) -> Self {
        Self {
            layer,
            file: None,
            variable: None,
            variables: None,
            tightens: None,
            findings,
            skill: None,
            named: BTreeSet::new(),
            budget: EXPANSION_BUDGET,
        }
    }

    /// Reads the object `node`. What is wrong is told and left out; what is not known is told as a
    /// warning and left out.
    pub(crate) fn section(&mut self, section: &Section, node: &Node, path: &FieldPath<'_>) -> Tree {
        let mut tree = Tree::default();
        for member in self.members(node, path) {
            let path = path.member(&member.name);
            match section.get(&member.name) {
                Some(SectionEntry::Key(key)) => {
                    if let Some(leaf) = self.key(key, &member.node, &path) {
                        tree.insert(&member.name, leaf);
                    }
                }
                Some(SectionEntry::Section(section)) => {
                    let branch = self.section(section, &member.node, &path);
                    tree.insert_branch(&member.name, branch);
                }
                Some(SectionEntry::Skills) => {
                    let branch = self.skills(&member.node, &path);
                    tree.insert_branch(&member.name, branch);
                }
                Some(SectionEntry::Servers) => {
                    let branch = self.servers(&member.node, &path);
                    tree.insert_branch(&member.name, branch);
                }
                Some(SectionEntry::Schema) => {}
                None => self.unknown(section, member, &path),
            }
        }
        tree
    }

    fn key(&mut self, key: &Key, node: &Node, path: &FieldPath<'_>) -> Option<Leaf> {
        let mut named = Vec::new();
        let expanded = self.expand(node, path, &mut named)?;
        if !named.is_empty() && matches!(self.variables, Some(Variables::Unknown)) {
            return self.leaf(node, expanded.to_json(), named);
        }
        // Only text from a variable may stand for a number or a flag.
        let meant = match &expanded.value {
            NodeValue::Text(text) if !named.is_empty() => key.value_of_text(text).into(),
            _ => expanded,
        };
        let value = match key.accept(&meant) {
            Ok(value) => value,
            Err(message) => {
                self.findings.error(node.offset, path, message);
                return None;
            }
        };
        let value = self.restrain(key, value, node, path)?;
        self.leaf(node, value, named)
    }

    /// What of a value counts in a layer that can only tighten; what does not is told.
    fn restrain(
        &mut self,
        key: &Key,
        value: Value,
        node: &Node,
        path: &FieldPath<'_>,
    ) -> Option<Value> {
        let Some(lower) = self.tightens else {
            return Some(value);
        };
        let asked = value.clone();
        let verdict = match &self.skill {
            None => judge(key, value, lower),
            Some(skill) => {
                let below = ["skills", skill, "limits"].map(str::to_owned);
                let place = [&below[..], &key.path].concat();
                let current = lower.leaf(&place).map_or(&Value::Null, |leaf| &leaf.value);
                judge_limit(key, value, current)
            }
        };
        let shown = |value: &Value| printable(value.to_string().trim_matches('"'));
        let (message, taken) = match verdict {
            Verdict::Taken(value) => return Some(value),
            Verdict::Looser { current } => {
                let message = Message::new("config-looser").with("current", shown(&current));
                (message, None)
            }
            Verdict::Kept { current } => {
                let current = match current {
                    Value::Null => "unset".to_owned(),
                    current => shown(&current),
                };
                (Message::new("config-kept").with("current", current), None)
            }
            Verdict::Outside { value, refused } => {
                let refused = printable(&refused.join(", "));
                let message = Message::new("config-outside").with("refused", refused);
                (message, Some(value))
            }
        };
        let message = message.with("value", shown(&asked));
        self.findings.warning(node.offset, path, message);
        taken
    }

    fn skills(&mut self, node: &Node, path: &FieldPath<'_>) -> Tree {
        let mut tree = Tree::default();
        for member in self.members(node, path) {
            let path = path.member(&member.name);
            if member.name.parse::<SkillName>().is_err() {
                let message =
                    Message::new("config-skill-name").with("value", printable(&member.name));
                self.findings.error(member.offset, &path, message);
                continue;
            }
            self.skill = Some(member.name.clone());
            let settings = self.settings(&member.node, &path);
            self.skill = None;
            tree.insert_branch(&member.name, settings);
        }
        tree
    }

    /// Servers, each of which is replaced as a whole. What is in them is looked at when they are needed.
    fn servers(&mut self, node: &Node, path: &FieldPath<'_>) -> Tree {
        let mut tree = Tree::default();
        if self.layer == Layer::Project {
            let message = Message::new("config-servers-project");
            self.findings.warning(node.offset, path, message);
            return tree;
        }
        for member in self.members(node, path) {
            let path = path.member(&member.name);
            let mut named = Vec::new();
            let leaf = self
                .expand(&member.node, &path, &mut named)
                .and_then(|expanded| self.leaf(&member.node, expanded.to_json(), named));
            if let Some(leaf) = leaf {
                tree.insert(&member.name, leaf);
            }
        }
        tree
    }

    fn settings(&mut self, node: &Node, path: &FieldPath<'_>) -> Tree {
        let mut tree = Tree::default();
        for member in self.members(node, path) {
            let path = path.member(&member.name);
            if member.name == "limits" {
                let limits = self.section(&LIMITS, &member.node, &path);
                tree.insert_branch(&member.name, limits);
            } else {
                self.free(member, &path, &mut tree);
            }
        }
        tree
    }

    /// A value that is the skill's own affair.
    fn free(&mut self, member: &Member, path: &FieldPath<'_>, tree: &mut Tree) {
        if let NodeValue::Object(members) = &member.node.value {
            let mut branch = Tree::default();
            for member in members {
                self.free(member, &path.member(&member.name), &mut branch);
            }
            tree.insert_branch(&member.name, branch);
            return;
        }
        let mut named = Vec::new();
        let leaf = self
            .expand(&member.node, path, &mut named)
            .and_then(|node| self.leaf(&member.node, node.to_json(), named));
        if let Some(leaf) = leaf {
            tree.insert(&member.name, leaf);
        }
    }

    fn leaf(&mut self, node: &Node, value: Value, interpolated: Vec<String>) -> Option<Leaf> {
        let origin = Origin {
            layer: self.layer,
            file: self.file.clone(),
            position: self.findings.position(node.offset),
            variable: self.variable.clone(),
            interpolated,
        };
        Some(Leaf { value, origin })
    }

    /// The value with the variables of all its strings put in, and their names; nothing if one
    /// cannot be, which is told.
    fn expand(
        &mut self,
        node: &Node,
        path: &FieldPath<'_>,
        named: &mut Vec<String>,
    ) -> Option<Node> {
        let Some(variables) = self.variables else {
            return Some(node.clone());
        };
        let value = match &node.value {
            NodeValue::Text(text) => match expand(text, variables, &mut self.budget) {
                Ok(expanded) => {
                    self.named.extend(expanded.variables.iter().cloned());
                    named.extend(expanded.variables);
                    NodeValue::Text(expanded.text)
                }
                Err(problem) => {
                    let message = problem.message();
                    match problem {
                        NotExpanded::Refused(_) => {
                            self.findings.warning(node.offset, path, message);
                        }
                        NotExpanded::Missing(_)
                        | NotExpanded::Open
                        | NotExpanded::Name(_)
                        | NotExpanded::TooLarge => {
                            self.findings.error(node.offset, path, message);
                        }
                    }
                    return None;
                }
            },
            NodeValue::List(items) => {
                let items = items.iter().enumerate();
                let items: Vec<_> = items
                    .map(|(index, item)| self.expand(item, &path.item(index), named))
                    .collect();
                NodeValue::List(items.into_iter().collect::<Option<_>>()?)
            }
            NodeValue::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|member| {
                        let path = path.member(&member.name);
                        let node = self.expand(&member.node, &path, named)?;
                        let name = member.name.clone();
                        let offset = member.offset;
                        Some(Member { name, offset, node })
                    })
                    .collect();
                NodeValue::Object(members.into_iter().collect::<Option<_>>()?)
            }
            plain @ (NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_)) => plain.clone(),
        };
        let offset = node.offset;
        Some(Node { value, offset })
    }

    fn members<'n>(&mut self, node: &'n Node, path: &FieldPath<'_>) -> &'n [Member] {
        if let NodeValue::Object(members) = &node.value {
            return members;
        }
        let message = match (path, node.kind()) {
            (FieldPath::Root, found) => Message::new("config-not-object").with("found", found),
            (_, "null") => Message::new("field-null"),
            (_, found) => Message::new("field-wrong-type")
                .with("expected", "object")
                .with("found", found),
        };
        self.findings.error(node.offset, path, message);
        &[]
    }

    fn unknown(&mut self, section: &Section, member: &Member, path: &FieldPath<'_>) {
        let known = section.names();
        let suggestion = nearest(&member.name, known.iter().copied()).unwrap_or("none");
        let message = Message::new("field-unknown")
            .with("suggestion", suggestion)
            .with("known", known.join(", "));
        self.findings.warning(member.offset, path, message);
    }
}
