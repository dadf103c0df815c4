//! JSON Schemas that skills bring: for the arguments of their functions, for their own settings.

use jsonschema::PatternOptions;
use jsonschema::ValidationError;
use jsonschema::Validator;
use serde_json::Value;

/// References in one schema. References that use each other twice make checking take twice as long with
/// each of them.
const MAX_REFERENCES: usize = 16;
/// The largest compiled pattern, in bytes.
const MAX_PATTERN: usize = 1 << 20;
/// The most problems of one value that are told.
const MAX_PROBLEMS: usize = 50;

/// A schema that somebody else wrote, compiled so that it can do no harm: nothing it refers to is
/// fetched, its patterns are matched in linear time, and its references are few.
#[derive(Debug)]
pub struct SkillSchema(Validator);

/// Why a schema is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchema {
    /// It refers too often.
    #[error("it has more than {MAX_REFERENCES} references")]
    References,
    /// It is no schema, or refers to what is not in it.
    #[error("{0}")]
    Schema(String),
}

/// Whether a text about a value may show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowValues {
    /// It may.
    Yes,
    /// It may be a secret.
    No,
}

/// One thing about a value that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// Where in the value, as a JSON pointer; empty for the whole.
    pub place: String,
    /// What does not fit.
    pub reason: String,
}

impl SkillSchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// When it is no schema, or could do harm.
    pub fn compile(schema: &Value) -> Result<Self, InvalidSchema> {
        if references(schema) > MAX_REFERENCES {
            return Err(InvalidSchema::References);
        }
        jsonschema::options()
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN))
            .build(schema)
            .map(Self)
            .map_err(|problem| InvalidSchema::Schema(problem.masked().to_string()))
    }

    /// What does not fit, at most 50 things.
    #[must_use]
    pub fn problems(&self, value: &Value, show: ShowValues) -> Vec<SchemaProblem> {
        let problem = |problem: ValidationError<'_>| SchemaProblem {
            place: problem.instance_path().to_string(),
            reason: match show {
                ShowValues::Yes => problem.to_string(),
                ShowValues::No => problem.masked().to_string(),
            },
        };
        let problems = self.0.iter_errors(value);
        problems.take(MAX_PROBLEMS).map(problem).collect()
    }
}

fn references(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                usize::from(key.ends_with("$ref") || key == "$dynamicRef") + references(value)
            })
            .sum(),
        Value::Array(items) => items.iter().map(references).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hostile_schema_is_refused_and_fetches_nothing() {
        for schema in [
            json!({"$ref": "http://127.0.0.1:1/x.json"}),
            json!({"type": 5}),
            json!({"pattern": "((a{1000}){1000}){1000}"}),
        ] {
            let refused = SkillSchema::compile(&schema).unwrap_err();
            assert!(matches!(refused, InvalidSchema::Schema(_)), "{schema}");
        }
        let doubling: serde_json::Map<_, _> = (0..40)
            .map(|n| {
                let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
                (format!("d{n}"), json!({"allOf": [next, next]}))
            })
            .chain([("d40".to_owned(), json!(true))])
            .collect();
        let refused = SkillSchema::compile(&json!({"$defs": doubling, "$ref": "#/$defs/d0"}));
        assert_eq!(refused.unwrap_err(), InvalidSchema::References);
    }

    #[test]
    fn values_are_shown_only_where_they_may_be() {
        let schema = SkillSchema::compile(&json!({"items": {"type": "number"}})).unwrap();
        let value = json!(vec!["secret"; 60]);
        let shown = schema.problems(&value, ShowValues::Yes);
        assert_eq!(shown.len(), MAX_PROBLEMS);
        assert_eq!(shown[1].place, "/1");
        assert!(shown[1].reason.contains("secret"));
        let hidden = schema.problems(&value, ShowValues::No);
        assert!(hidden.iter().all(|it| !it.reason.contains("secret")));
    }
}
