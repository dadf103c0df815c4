//! A skill's own settings, checked against what its manifest says of them.

use mycelium_types::Diagnostic;
use mycelium_types::FieldPath;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Severity;
use mycelium_types::SkillName;
use mycelium_types::printable_path;
use serde_json::Map;
use serde_json::Value;

use crate::ShowValues;
use crate::SkillSchema;
use crate::configuration::Configuration;
use crate::configuration::SkillOwner;
use crate::defaults::add_defaults;
use crate::defaults::remove_secrets;

impl Configuration {
    /// The own settings of the skill `name`, if they are what the schema in its manifest's `config`
    /// asks for: with the schema's defaults, and without what it marks as secret.
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
        self.skill_settings_above(&Map::new(), name, owner, schema)
    }

    /// The same, above what a plugin's options say to its skill: of those, the ones that the schema knows count where
    /// the configuration says nothing.
    ///
    /// # Errors
    ///
    /// As [`Configuration::skill_settings`].
    pub fn skill_settings_above(
        &self,
        options: &Map<String, Value>,
        name: &SkillName,
        owner: SkillOwner,
        schema: Option<&Value>,
    ) -> Result<Map<String, Value>, Vec<Diagnostic>> {
        let mut settings = self.skill(name, owner).settings;
        let Some(schema) = schema else {
            return Ok(settings);
        };
        let known = schema.get("properties").and_then(Value::as_object);
        for (option, value) in options {
            if known.is_some_and(|known| known.contains_key(option)) {
                settings.entry(option).or_insert_with(|| value.clone());
            }
        }
        let path = ["skills".to_owned(), name.to_string()];
        add_defaults(&mut settings, schema);
        let described = schema;
        let schema = SkillSchema::compile(schema).map_err(|problem| {
            let message = Message::new("config-skill-schema").with("reason", problem);
            vec![self.remark(&path, message)]
        })?;
        let value = Value::from(settings);
        let remarks: Vec<_> = schema
            .problems(&value, ShowValues::No)
            .into_iter()
            .map(|problem| {
                let below = pointer_names(&problem.place);
                let path: Vec<_> = path.iter().cloned().chain(below).collect();
                let message = Message::new("config-skill-setting").with("reason", problem.reason);
                self.remark(&path, message)
            })
            .collect();
        match value {
            Value::Object(mut settings) if remarks.is_empty() => {
                remove_secrets(&mut settings, described);
                Ok(settings)
            }
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
