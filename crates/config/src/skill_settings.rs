//! A skill's own settings, checked against what its manifest says of them.

use jsonschema::PatternOptions;
use mycelium_types::Diagnostic;
use mycelium_types::FieldPath;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Severity;
use mycelium_types::SkillName;
use mycelium_types::printable_path;
use serde_json::Map;
use serde_json::Value;

use crate::configuration::Configuration;
use crate::configuration::SkillOwner;

/// The most remarks about one skill's settings.
const MAX_REMARKS: usize = 50;
/// The largest compiled pattern of a skill's schema, in bytes.
const MAX_PATTERN: usize = 1 << 20;

impl Configuration {
    /// The own settings of the skill `name`, if they are what the schema in its manifest's `config`
    /// asks for.
    ///
    /// The schema may be hostile: nothing it refers to is fetched, and its patterns are matched in
    /// linear time.
    ///
    /// # Errors
    ///
    /// What does not fit, with the place each value comes from. Values are not shown, because they
    /// can be secret.
    pub fn skill_settings(
        &self,
        name: &SkillName,
        owner: SkillOwner,
        schema: Option<&Value>,
    ) -> Result<Map<String, Value>, Vec<Diagnostic>> {
        let settings = self.skill(name, owner).settings;
        let Some(schema) = schema else {
            return Ok(settings);
        };
        let path = ["skills".to_owned(), name.to_string()];
        let validator = jsonschema::options()
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN))
            .build(schema)
            .map_err(|problem| {
                let message = Message::new("config-skill-schema").with("reason", problem.masked());
                vec![self.remark(&path, message)]
            })?;
        let value = Value::from(settings);
        let remarks: Vec<_> = validator
            .iter_errors(&value)
            .take(MAX_REMARKS)
            .map(|problem| {
                let below = pointer_names(problem.instance_path().as_str());
                let path: Vec<_> = path.iter().cloned().chain(below).collect();
                let message = Message::new("config-skill-setting").with("reason", problem.masked());
                self.remark(&path, message)
            })
            .collect();
        match value {
            Value::Object(settings) if remarks.is_empty() => Ok(settings),
            _ => Err(remarks),
        }
    }

    fn remark(&self, path: &[String], message: Message) -> Diagnostic {
        let origin = self.tree.leaf_around(path).map(|leaf| &leaf.origin);
        let field = shown(path);
        let message = message.with("field", &field);
        Diagnostic {
            severity: Severity::Error,
            file: origin
                .and_then(|origin| origin.file.as_deref())
                .map(printable_path)
                .unwrap_or_default(),
            position: origin.and_then(|origin| origin.position),
            field,
            message: message.render(Locale::EnUs),
            help: message.render_help(Locale::EnUs),
            snippet: None,
        }
    }
}

/// The names in a JSON pointer.
fn pointer_names(pointer: &str) -> impl Iterator<Item = String> {
    let names = pointer.split('/').skip(1);
    names.map(|name| name.replace("~1", "/").replace("~0", "~"))
}

fn shown(path: &[String]) -> String {
    fn below(parent: &FieldPath<'_>, rest: &[String]) -> String {
        match rest.split_first() {
            Some((name, rest)) => below(&parent.member(name), rest),
            None => parent.to_string(),
        }
    }
    below(&FieldPath::Root, path)
}
