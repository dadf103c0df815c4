//! One value of a document, which knows where it stands.

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

/// One value of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: NodeValue,
    /// Where it starts: the byte of the text.
    pub offset: usize,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, its members in the document's order. A repeated name is still in here.
    Object(Vec<Member>),
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name, unescaped.
    pub name: String,
    /// Where the name starts: the byte of the text.
    pub offset: usize,
    /// The value.
    pub node: Node,
}

impl Node {
    /// What kind of value it is, as a word of the catalogue: `null`, `bool`, `number`, `text`,
    /// `list` or `object`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "bool",
            NodeValue::Number(_) => "number",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "list",
            NodeValue::Object(_) => "object",
        }
    }

    /// The first member called `name`, if this is an object that has one.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        match &self.value {
            NodeValue::Object(members) => members.iter().find(|member| member.name == name),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Text(_)
            | NodeValue::List(_) => None,
        }
    }

    /// The whole number this is, if it is one. `500.0` is one too, as JSON Schema has it.
    #[must_use]
    pub fn whole_number(&self) -> Option<i128> {
        // Beyond 2^53 a float no longer says which whole number was meant.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let NodeValue::Number(number) = &self.value else {
            return None;
        };
        if let Some(whole) = number.as_u64() {
            return Some(i128::from(whole));
        }
        if let Some(whole) = number.as_i64() {
            return Some(i128::from(whole));
        }
        let float = number.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and below 2^53"
        )]
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i128)
    }

    /// The value without its places. Of members with one name the last counts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(number) => Value::Number(number.clone()),
            NodeValue::Text(text) => Value::String(text.clone()),
            NodeValue::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            NodeValue::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.name.clone(), member.node.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// A value that comes from no text; every offset is 0.
impl From<Value> for Node {
    fn from(value: Value) -> Self {
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(value) => NodeValue::Bool(value),
            Value::Number(number) => NodeValue::Number(number),
            Value::String(text) => NodeValue::Text(text),
            Value::Array(items) => NodeValue::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => NodeValue::Object(
                members
                    .into_iter()
                    .map(|(name, value)| Member {
                        name,
                        offset: 0,
                        node: Self::from(value),
                    })
                    .collect(),
            ),
        };
        Self { value, offset: 0 }
    }
}
