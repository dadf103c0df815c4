//! The names of places inside a document.

use std::fmt;

use crate::printable;

/// The way from the top of a document to one value; written `permissions[0].type`.
#[derive(Clone, Copy, Debug)]
pub enum FieldPath<'p> {
    /// The whole document; written as nothing.
    Root,
    /// A member of an object.
    Member(&'p FieldPath<'p>, &'p str),
    /// An item of a list, counted from 0.
    Item(&'p FieldPath<'p>, usize),
}

impl<'p> FieldPath<'p> {
    /// The member `name` of the object here.
    #[must_use]
    pub fn member(&'p self, name: &'p str) -> Self {
        Self::Member(self, name)
    }

    /// The item `index` of the list here.
    #[must_use]
    pub fn item(&'p self, index: usize) -> Self {
        Self::Item(self, index)
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Member(parent, name) if !is_plain(name) => {
                write!(f, "{parent}[\"{}\"]", printable(name))
            }
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_path_in_javascript() {
        let permissions = FieldPath::Root.member("permissions");
        let first = permissions.item(0);
        assert_eq!(first.member("type").to_string(), "permissions[0].type");
        assert_eq!(
            first.member("a b\n").to_string(),
            "permissions[0][\"a b␊\"]"
        );
        assert_eq!(FieldPath::Root.to_string(), "");
    }
}
