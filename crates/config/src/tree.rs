//! Values of one or several layers, each with the place it comes from.

use std::collections::BTreeMap;
use std::fmt;

use mycelium_types::FieldPath;
use serde_json::Map;
use serde_json::Value;

use crate::layer::Origin;

/// Values by name.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Tree {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, PartialEq)]
enum Entry {
    Leaf(Leaf),
    Branch(Tree),
}

/// A value that is replaced as a whole: anything but an object.
#[derive(Clone, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

impl Tree {
    /// Sets the value `name`.
    pub(crate) fn insert(&mut self, name: &str, leaf: Leaf) {
        self.entries.insert(name.to_owned(), Entry::Leaf(leaf));
    }

    /// Sets the object `name`.
    pub(crate) fn insert_branch(&mut self, name: &str, branch: Self) {
        self.entries.insert(name.to_owned(), Entry::Branch(branch));
    }

    /// Puts `upper` on top: objects are merged, everything else replaces what is there.
    pub(crate) fn merge(&mut self, upper: Self) {
        for (name, entry) in upper.entries {
            match (self.entries.get_mut(&name), entry) {
                (Some(Entry::Branch(mine)), Entry::Branch(other)) => mine.merge(other),
                (_, entry) => {
                    self.entries.insert(name, entry);
                }
            }
        }
    }

    /// The entry `name` and nothing else.
    pub(crate) fn only(&self, name: &str) -> Self {
        let entry = self.entries.get_key_value(name);
        Self {
            entries: entry
                .map(|(name, entry)| (name.clone(), entry.clone()))
                .into_iter()
                .collect(),
        }
    }

    /// The value at `path`.
    pub(crate) fn leaf(&self, path: &[String]) -> Option<&Leaf> {
        let (first, rest) = path.split_first()?;
        match self.entries.get(first)? {
            Entry::Leaf(leaf) => rest.is_empty().then_some(leaf),
            Entry::Branch(branch) => branch.leaf(rest),
        }
    }

    /// The value that is at `path` or holds it: what is below a value belongs to the value.
    pub(crate) fn leaf_around(&self, path: &[String]) -> Option<&Leaf> {
        let (first, rest) = path.split_first()?;
        match self.entries.get(first)? {
            Entry::Leaf(leaf) => Some(leaf),
            Entry::Branch(branch) => branch.leaf_around(rest),
        }
    }

    /// All values below the object `name`, with their keys.
    pub(crate) fn leaves_below(&self, name: &str) -> Vec<(String, &Leaf)> {
        let mut leaves = Vec::new();
        if let Some(Entry::Branch(branch)) = self.entries.get(name) {
            branch.collect(&FieldPath::Root.member(name), &mut leaves);
        }
        leaves
    }

    fn collect<'t>(&'t self, path: &FieldPath<'_>, leaves: &mut Vec<(String, &'t Leaf)>) {
        for (name, entry) in &self.entries {
            let path = path.member(name);
            match entry {
                Entry::Leaf(leaf) => leaves.push((path.to_string(), leaf)),
                Entry::Branch(branch) => branch.collect(&path, leaves),
            }
        }
    }

    /// The values without their places.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        self.entries
            .iter()
            .map(|(name, entry)| {
                let value = match entry {
                    Entry::Leaf(leaf) => leaf.value.clone(),
                    Entry::Branch(branch) => branch.to_json().into(),
                };
                (name.clone(), value)
            })
            .collect()
    }
}

/// Values can be secret, so only names are shown.
impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::layer::Layer;

    fn tree(value: &Value, layer: Layer) -> Tree {
        let mut tree = Tree::default();
        for (name, value) in value.as_object().unwrap() {
            if value.is_object() {
                tree.insert_branch(name, self::tree(value, layer));
            } else {
                let origin = Origin::of_layer(layer);
                let value = value.clone();
                tree.insert(name, Leaf { value, origin });
            }
        }
        tree
    }

    #[test]
    fn objects_merge_and_everything_else_replaces() {
        let lower = json!({"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}});
        let upper = json!({"a": {"y": [3], "n": null}, "b": {"w": 2}, "c": 3});
        let mut merged = tree(&lower, Layer::User);
        merged.merge(tree(&upper, Layer::Project));
        assert_eq!(
            Value::from(merged.to_json()),
            json!({"a": {"x": 1, "y": [3], "n": null}, "b": {"w": 2}, "c": 3})
        );
        let layers: Vec<_> = merged
            .leaves_below("a")
            .into_iter()
            .map(|(key, leaf)| (key, leaf.origin.layer))
            .collect();
        assert_eq!(
            layers,
            [
                ("a.n".to_owned(), Layer::Project),
                ("a.x".to_owned(), Layer::User),
                ("a.y".to_owned(), Layer::Project)
            ]
        );
    }
}
