//! What a module offers, told from its source without running it.
//!
//! A JavaScript function has no declared types, so this says what the source says and no more: names of
//! parameters, types from JSDoc comments, types of literals that are defaults or results, and that an
//! async function gives a promise. Source that cannot be made out gives fewer facts, never an error.

mod function;
mod jsdoc;
mod module;
mod tokens;

use std::fmt;

use mycelium_types::CallStyle;
use mycelium_types::Export;
use mycelium_types::Hook;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use function::Function;
use jsdoc::Doc;
use jsdoc::DocParameter;
use module::Module;
use tokens::Tokens;

/// The largest source looked at, in bytes: 1 MiB. A larger one is a bundle, whose names say nothing.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;

/// What a module offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surface {
    /// Its functions but the hooks, in the source's order.
    pub functions: Vec<ExportSignature>,
    /// The lifecycle hooks it implements, in the order of a skill's life.
    pub hooks: Vec<Hook>,
}

/// How a function is called, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSignature {
    /// Its name.
    pub name: String,
    /// How its arguments arrive.
    pub call: CallStyle,
    /// Its parameters; absent if nothing is known about them.
    pub parameters: Option<Vec<Parameter>>,
    /// The type of its result.
    pub returns: Option<String>,
    /// What it does.
    pub description: Option<String>,
}

/// One parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name; `argument1` and so on where the source has none.
    pub name: String,
    /// Its type, as the source or the schema writes it.
    pub type_name: Option<String>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it takes all further arguments.
    pub rest: bool,
    /// What it is for.
    pub description: Option<String>,
}

impl Surface {
    /// Looks at the source of a CommonJS or ES module.
    ///
    /// ```
    /// use mycelium_loader::Surface;
    ///
    /// let surface = Surface::of_source(
    ///     "module.exports = { async onInit() {}, greet(name) { return `Hello, ${name}!` } }",
    /// );
    /// assert_eq!(surface.functions[0].to_string(), "greet(name): string");
    /// assert_eq!(surface.hooks[0].as_str(), "onInit");
    /// ```
    #[must_use]
    pub fn of_source(source: &str) -> Self {
        if source.len() > MAX_SOURCE_BYTES {
            return Self::default();
        }
        let tokens = Tokens::of(source);
        let module = Module::of(&tokens);
        let mut surface = Self::default();
        for named in module.exports() {
            if let Some(hook) = Hook::ALL
                .into_iter()
                .find(|hook| hook.as_str() == named.name)
            {
                surface.hooks.push(hook);
                continue;
            }
            let signature = match module.function(named) {
                Some((function, doc)) => {
                    // An alias may be documented where it is exported instead.
                    let doc = tokens.doc(named.doc).or_else(|| tokens.doc(doc));
                    let doc = doc.map(Doc::of_comment).unwrap_or_default();
                    ExportSignature::of_function(named.name, &function, doc, &tokens)
                }
                None => ExportSignature::unknown(named.name),
            };
            surface.functions.push(signature);
        }
        surface.hooks.sort_unstable();
        surface
    }

    /// How a function of the manifest is called: a named one as its schema says, a positional one as
    /// the source says, with types from the schemas where the source has none.
    #[must_use]
    pub fn signature(&self, export: &Export) -> ExportSignature {
        let found = self.functions.iter().find(|f| f.name == export.name);
        let mut signature = found
            .cloned()
            .unwrap_or_else(|| ExportSignature::unknown(&export.name));
        signature.call = export.call;
        match export.call {
            CallStyle::Named => {
                signature.parameters = export.parameters.as_ref().map(schema_parameters);
            }
            CallStyle::Positional => {
                let known = export.parameters.as_ref().map(schema_parameters);
                let parameters = signature.parameters.iter_mut().flatten();
                for parameter in parameters.filter(|p| p.type_name.is_none()) {
                    let of_schema = known.iter().flatten().find(|k| k.name == parameter.name);
                    parameter.type_name = of_schema.and_then(|known| known.type_name.clone());
                }
            }
        }
        if let Some(schema) = &export.returns {
            signature.returns = schema_type(schema).or(signature.returns);
        }
        signature.description = export.description.clone().or(signature.description);
        signature
    }
}

impl ExportSignature {
    fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            call: CallStyle::Positional,
            parameters: None,
            returns: None,
            description: None,
        }
    }

    fn of_function(name: &str, function: &Function, doc: Doc, tokens: &Tokens<'_>) -> Self {
        let raw = function.parameters(tokens);
        let parameters = if raw.is_empty() {
            // It may still read `arguments`, as the comment says.
            let documented = doc.parameters.into_iter();
            documented.map(Parameter::of_doc).collect()
        } else {
            let named = |name: &str| doc.parameters.iter().find(|known| known.name == name);
            let list = raw.into_iter().enumerate();
            list.map(|(index, raw)| {
                let known = match &raw.name {
                    Some(name) => named(name),
                    None => doc.parameters.get(index),
                };
                let name = raw.name.or_else(|| known.map(|known| known.name.clone()));
                Parameter {
                    name: name.unwrap_or_else(|| format!("argument{}", index + 1)),
                    type_name: known
                        .and_then(|known| known.type_name.clone())
                        .or_else(|| raw.type_name.map(str::to_owned)),
                    optional: raw.optional || known.is_some_and(|known| known.optional),
                    rest: raw.rest,
                    description: known.and_then(|known| known.description.clone()),
                }
            })
            .collect()
        };
        let returns = doc
            .returns
            .or_else(|| function.result_type(tokens).map(str::to_owned));
        Self {
            name: name.to_owned(),
            call: CallStyle::Positional,
            parameters: Some(parameters),
            returns: match (function.is_async && !function.is_generator, returns) {
                (true, Some(inner)) if inner.starts_with("Promise") => Some(inner),
                (true, inner) => Some(format!(
                    "Promise<{}>",
                    inner.as_deref().unwrap_or("unknown")
                )),
                (false, returns) => returns,
            },
            description: doc.description,
        }
    }
}

impl Parameter {
    fn of_doc(known: DocParameter) -> Self {
        Self {
            name: known.name,
            type_name: known.type_name,
            optional: known.optional,
            rest: false,
            description: known.description,
        }
    }
}

/// The properties of an object's JSON Schema.
fn schema_parameters(schema: &Value) -> Vec<Parameter> {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| Parameter {
            name: name.clone(),
            type_name: schema_type(property),
            optional: !required.is_some_and(|names| names.iter().any(|n| n == name.as_str())),
            rest: false,
            description: property
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
        .collect()
}

/// The `type` of a JSON Schema.
fn schema_type(schema: &Value) -> Option<String> {
    match schema.get("type")? {
        Value::String(name) => Some(name.clone()),
        Value::Array(names) => {
            let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
            (!names.is_empty()).then(|| names.join(" | "))
        }
        _ => None,
    }
}

/// As a person writes it: `greet(name: string, loud?: boolean): string`.
impl fmt::Display for ExportSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = match self.call {
            CallStyle::Named => ("({", "})"),
            CallStyle::Positional => ("(", ")"),
        };
        f.write_str(&self.name)?;
        match &self.parameters {
            Some(parameters) => {
                let parameters: Vec<_> = parameters.iter().map(Parameter::to_string).collect();
                write!(f, "{open}{}{close}", parameters.join(", "))?;
            }
            None => f.write_str("(…)")?,
        }
        match &self.returns {
            Some(returns) => write!(f, ": {returns}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.rest { "..." } else { "" };
        let mark = if self.optional { "?" } else { "" };
        write!(f, "{dots}{}{mark}", self.name)?;
        match &self.type_name {
            Some(type_name) => write!(f, ": {type_name}"),
            None => Ok(()),
        }
    }
}
