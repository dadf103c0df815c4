//! One object of a manifest being read, field by field.

use crate::Findings;
use crate::Member;
use crate::Message;
use crate::NodeValue;
use crate::manifest::place::Place;
use crate::nearest;

/// The fields of an object. Which fields exist is what has been asked for by `close`.
pub(super) struct Fields<'p, 'f, 't> {
    place: Place<'p>,
    members: &'p [Member],
    known: Vec<&'static str>,
    findings: &'f mut Findings<'t>,
}

impl<'p, 'f, 't> Fields<'p, 'f, 't> {
    /// Opens the object at `place`; `expected` is what to say when it is none.
    pub(super) fn open(
        place: Place<'p>,
        findings: &'f mut Findings<'t>,
        expected: &str,
    ) -> Option<Self> {
        let NodeValue::Object(members) = &place.node.value else {
            place.wrong_type(findings, expected);
            return None;
        };
        Some(Self {
            place,
            members,
            known: Vec::new(),
            findings,
        })
    }

    /// Reads the field `name`, if it is there.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Place<'_>, &mut Findings<'_>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(name);
        let member = self.members.iter().find(|member| member.name == name)?;
        let path = self.place.path.member(name);
        let place = Place {
            node: &member.node,
            path: &path,
        };
        read(place, self.findings)
    }

    /// Reads the field `name`; that it is not there is an error.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Place<'_>, &mut Findings<'_>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(name) {
            self.known.push(name);
            let path = self.place.path.member(name);
            let message = Message::new("field-missing");
            self.findings.error(self.place.node.offset, &path, message);
            return None;
        }
        self.optional(name, read)
    }

    /// Whether the field `name` is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Adds an error about the field `name`, or about the object if the field is not there.
    pub(super) fn error(&mut self, name: &str, message: Message) {
        let (offset, path) = self.locate(name);
        self.findings.error(offset, &path, message);
    }

    /// Adds a warning about the field `name`, or about the object if the field is not there.
    pub(super) fn warning(&mut self, name: &str, message: Message) {
        let (offset, path) = self.locate(name);
        self.findings.warning(offset, &path, message);
    }

    /// Warns of every field nobody asked for.
    pub(super) fn close(self) {
        let known = self.known.join(", ");
        for member in self.members {
            if self.known.contains(&member.name.as_str()) {
                continue;
            }
            let suggestion = nearest(&member.name, self.known.iter().copied());
            let message = Message::new("field-unknown")
                .with("suggestion", suggestion.unwrap_or("none"))
                .with("known", &known);
            let path = self.place.path.member(&member.name);
            self.findings.warning(member.offset, &path, message);
        }
    }

    fn locate<'n>(&self, name: &'n str) -> (usize, crate::FieldPath<'n>)
    where
        'p: 'n,
    {
        let member = self.members.iter().find(|member| member.name == name);
        let offset = member.map_or(self.place.node.offset, |member| member.node.offset);
        (offset, self.place.path.member(name))
    }
}
