//! Reads `skill.json`: the typed manifest, and everything that is wrong with the text.

use crate::Diagnostic;
use crate::EngineChoice;
use crate::ErrorCode;
use crate::ErrorReport;
use crate::FieldPath;
use crate::Findings;
use crate::Locale;
use crate::Manifest;
use crate::Message;
use crate::Node;
use crate::NodeValue;
use crate::Severity;
use crate::SkillName;
use crate::Syntax;
use crate::WorkerProtocol;
use crate::manifest::author::author;
use crate::manifest::dependencies::dependencies;
use crate::manifest::deprecation::deprecation;
use crate::manifest::exports::exports;
use crate::manifest::fields::Fields;
use crate::manifest::limits::limits;
use crate::manifest::permissions::permission;
use crate::manifest::place::Place;
use crate::manifest::place::choice;
use crate::manifest::place::flag;
use crate::manifest::place::invalid;
use crate::manifest::place::line;
use crate::manifest::place::object;
use crate::manifest::place::prose;
use crate::manifest::platform::compatibility;
use crate::manifest::platform::file;
use crate::manifest::platform::variant;
use crate::manifest::text;
use crate::name::InvalidName;

/// What came of reading a `skill.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestReading {
    /// The manifest, unless one of the remarks is an error.
    pub manifest: Option<Manifest>,
    /// All remarks, in the order of their places in the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Manifest {
    /// The most bytes a manifest has: 1 MiB. A caller need not read more of a file than one more.
    pub const MAX_BYTES: usize = Node::MAX_BYTES;

    /// Reads the manifest `bytes`, which is the content of `file`, and lists all that is wrong.
    ///
    /// The bytes may be anything: size, depth and number of values are bounded first. Unknown
    /// fields are warnings. The texts are American English.
    ///
    /// ```
    /// use mycelium_types::Manifest;
    ///
    /// let reading = Manifest::read(br#"{"name": "hello", "version": "latest"}"#, "skill.json");
    /// assert!(reading.manifest.is_none());
    /// let fields: Vec<_> = reading.diagnostics.iter().map(|d| d.field.as_str()).collect();
    /// assert_eq!(fields, ["description", "entrypoint", "exports", "version"]);
    /// ```
    #[must_use]
    pub fn read(bytes: &[u8], file: &str) -> ManifestReading {
        let (node, mut findings) = Node::read(bytes, file, Syntax::Json);
        let manifest = node.and_then(|node| {
            let place = Place {
                node: &node,
                path: &FieldPath::Root,
            };
            read_manifest(place, &mut findings)
        });
        ManifestReading {
            manifest: manifest.filter(|_| !findings.has_errors()),
            diagnostics: findings.into_diagnostics(Locale::EnUs),
        }
    }
}

impl ManifestReading {
    /// The manifest and its warnings, or the report of a skill in `path` that is not valid.
    ///
    /// # Errors
    ///
    /// `MANIFEST_INVALID` with all remarks when one of them is an error.
    pub fn into_result(self, path: &str) -> Result<(Manifest, Vec<Diagnostic>), ErrorReport> {
        if let Some(manifest) = self.manifest {
            return Ok((manifest, self.diagnostics));
        }
        let mut errors = self
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error);
        let first = errors.next().map_or("", |error| error.message.as_str());
        let reason = Message::new("manifest-problems")
            .with("first", first)
            .with("others", errors.count())
            .render(Locale::EnUs);
        let mut report = ErrorReport::new(ErrorCode::ManifestInvalid)
            .with("path", path)
            .with("reason", reason);
        report.diagnostics = self.diagnostics;
        Err(report)
    }
}

fn read_manifest(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Manifest> {
    if !matches!(place.node.value, NodeValue::Object(_)) {
        let message = Message::new("manifest-not-object").with("found", place.node.kind());
        place.error(findings, message);
        return None;
    }
    let mut fields = Fields::open(place, findings, "object")?;
    let name = fields.required("name", skill_name);
    let version = fields.required("version", |place, findings| {
        place.parsed(findings, "version-invalid")
    });
    let description = fields.required("description", prose);
    let entrypoint = fields.required("entrypoint", file);
    let exports = fields.required("exports", exports);
    let author = fields.optional("author", author);
    let license = fields.optional("license", line);
    let dependencies = fields.optional("dependencies", dependencies);
    let permissions = fields.optional("permissions", |place, findings| {
        place.list(findings, permission)
    });
    let tags = fields.optional("tags", lines);
    let category = fields.optional("category", line);
    let keywords = fields.optional("keywords", lines);
    let homepage = fields.optional("homepage", |place, findings| {
        place.formed(findings, text::is_web_page, "page-invalid")
    });
    let engine = fields.optional("engine", choice).unwrap_or_default();
    let instance = fields.optional("instance", choice);
    let compatibility = fields.optional("compatibility", compatibility);
    let variants = fields.optional("variants", |place, findings| place.list(findings, variant));
    let config = fields.optional("config", object);
    let limits = fields.optional("limits", limits);
    let hooks = fields.optional("hooks", |place, findings| place.list(findings, choice));
    let deprecated = fields.optional("deprecated", deprecation);
    let descriptions = fields.optional("descriptions", |place, findings| {
        place.map(findings, description_in)
    });
    let idempotent = fields.optional("idempotent", flag);
    let protocol = fields.optional("protocol", choice).unwrap_or_default();
    if protocol == WorkerProtocol::Argv
        && !matches!(engine, EngineChoice::Native | EngineChoice::Auto)
    {
        fields.error("protocol", Message::new("protocol-argv"));
    }
    // Editors look the schema up by this; it says nothing about the skill.
    fields.optional("$schema", |place, findings| {
        place.text(findings).map(str::to_owned)
    });
    fields.close();
    Some(Manifest {
        name: name?,
        version: version?,
        description: description?,
        entrypoint: entrypoint?,
        exports: exports?,
        author,
        license,
        dependencies: dependencies.unwrap_or_default(),
        permissions: permissions.unwrap_or_default(),
        tags: tags.unwrap_or_default(),
        category,
        keywords: keywords.unwrap_or_default(),
        homepage,
        engine,
        instance: instance.unwrap_or_default(),
        compatibility: compatibility.unwrap_or_default(),
        variants: variants.unwrap_or_default(),
        config,
        limits: limits.unwrap_or_default(),
        hooks: hooks.unwrap_or_default(),
        deprecated,
        descriptions: descriptions.unwrap_or_default(),
        idempotent: idempotent.unwrap_or_default(),
        protocol,
        agent: None,
    })
}

fn skill_name(place: Place<'_>, findings: &mut Findings<'_>) -> Option<SkillName> {
    let text = place.text(findings)?;
    let message = match text.parse() {
        Ok(name) => return Some(name),
        Err(InvalidName::Length(length)) => invalid("name-invalid", text)
            .with("reason", "length")
            .with("length", length),
        Err(InvalidName::Character(character)) => invalid("name-invalid", text)
            .with("reason", "character")
            .with("character", crate::printable(&character.to_string())),
        Err(InvalidName::EdgeHyphen) => invalid("name-invalid", text).with("reason", "hyphen"),
    };
    place.error(findings, message);
    None
}

fn lines(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    place.list(findings, line)
}

fn description_in(locale: &str, place: Place<'_>, findings: &mut Findings<'_>) -> Option<String> {
    if !text::is_locale(locale) {
        place.error(findings, invalid("locale-invalid", locale));
    }
    prose(place, findings)
}
