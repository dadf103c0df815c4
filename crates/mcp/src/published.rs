//! Agent Skills as resources, and as the Skills extension passes them on (SEP-2640).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_runtime::Audience;
use mycelium_runtime::PublishedSkill;
use mycelium_types::AgentSkill;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use rmcp::model::DIRECTORY_MIME_TYPE;
use rmcp::model::Resource;
use rmcp::model::ResourceContents;
use rmcp::model::ResourceTemplate;
use rmcp::model::Skill;
use rmcp::model::SkillFrontmatter;
use rmcp::model::SkillResource;
use rmcp::model::SkillResources;

use crate::uri;
use crate::view::View;

const MARKDOWN: &str = "text/markdown";

impl View {
    /// The instructions of all Agent Skills. Their other files are found through the extension.
    pub(crate) async fn instruction_files(&self) -> Result<Vec<Resource>, ErrorReport> {
        let skills = self
            .runtime
            .agent_skills(&self.context, Audience::Agent)
            .await?;
        let files = skills.iter().filter_map(|record| {
            let agent = record.manifest.agent.as_deref()?;
            let uri = uri::of(record.name().as_str(), AgentSkill::FILE);
            Some(
                Resource::new(uri, record.name().as_str())
                    .with_title(&agent.title)
                    .with_description(&agent.description)
                    .with_mime_type(MARKDOWN),
            )
        });
        Ok(files.collect())
    }

    /// The skills from `start` on that can be passed on, of `most` that are looked at, and where to go on.
    pub(crate) async fn skills(
        &self,
        start: usize,
        most: usize,
    ) -> Result<(Vec<Skill>, Option<usize>), ErrorReport> {
        let known = self
            .runtime
            .agent_skills(&self.context, Audience::Agent)
            .await?;
        let mut skills = Vec::new();
        for record in known.iter().skip(start).take(most) {
            let published = self.runtime.published(&self.context, record.name());
            skills.extend(published.await?.and_then(|found| skill(&found)));
        }
        let end = start.saturating_add(most);
        Ok((skills, (end < known.len()).then_some(end)))
    }

    /// The skill whose `SKILL.md` is at `uri`.
    pub(crate) async fn skill(&self, uri: &str) -> Result<Option<Skill>, ErrorReport> {
        let Some((name, path)) = uri::parse(uri) else {
            return Ok(None);
        };
        if path != AgentSkill::FILE {
            return Ok(None);
        }
        let published = self.runtime.published(&self.context, &name).await?;
        Ok(published.and_then(|found| skill(&found)))
    }

    /// What is directly in the folder at `uri`, if it is one.
    pub(crate) async fn folder(&self, uri: &str) -> Result<Option<Vec<Resource>>, ErrorReport> {
        let Some((name, path)) = uri::parse(uri) else {
            return Ok(None);
        };
        let published = self.runtime.published(&self.context, &name).await?;
        Ok(published.and_then(|found| children(&found, path.trim_end_matches('/'))))
    }

    /// The content of the file at `uri`, if there is one.
    pub(crate) async fn file(&self, uri: &str) -> Result<Option<ResourceContents>, ErrorReport> {
        let Some((name, path)) = uri::parse(uri) else {
            return Ok(None);
        };
        let bytes = self
            .runtime
            .published_file(&self.context, &name, &path)
            .await?;
        Ok(bytes.map(|bytes| contents(uri, &path, bytes)))
    }
}

/// How the addresses of all files are made.
pub(crate) fn template() -> ResourceTemplate {
    let text = |key: &str| Message::new(key).render(Locale::default());
    ResourceTemplate::new("skill://{skill}/{+path}", "skill-file")
        .with_title(text("mcp-skill-file"))
        .with_description(text("mcp-skill-file-details"))
}

/// The skill as the extension describes it; nothing if it is not one that a host takes.
fn skill(published: &PublishedSkill) -> Option<Skill> {
    let mut fields = published.front_matter.clone();
    let mut take = |name: &str| fields.shift_remove(name)?.as_str().map(str::to_owned);
    let mut front_matter = SkillFrontmatter::new(take("name")?, take("description")?);
    front_matter.extra = fields;
    let name = published.name.as_str();
    let resources = published.files.iter().map(|file| {
        let digest = format!("sha256:{}", file.digest);
        SkillResource::new(uri::of(name, &file.path), digest, file.size)
    });
    let resources = SkillResources::Files(resources.collect());
    let skill = Skill::new(uri::of(name, AgentSkill::FILE), front_matter, resources);
    skill.validate().is_ok().then_some(skill)
}

/// What is directly in `folder`, which is empty for the skill's own.
fn children(skill: &PublishedSkill, folder: &str) -> Option<Vec<Resource>> {
    let prefix = match folder {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let mut found = BTreeMap::new();
    for file in &skill.files {
        let Some(below) = file.path.strip_prefix(&prefix) else {
            continue;
        };
        let (name, is_folder) = match below.split_once('/') {
            Some((name, _)) => (name, true),
            None => (below, false),
        };
        let uri = uri::of(skill.name.as_str(), &format!("{prefix}{name}"));
        let resource = Resource::new(uri, name);
        let resource = match is_folder {
            true => resource.with_mime_type(DIRECTORY_MIME_TYPE),
            false => {
                let resource = resource.with_size(file.size);
                match kind(name) {
                    Some(kind) => resource.with_mime_type(kind),
                    None => resource,
                }
            }
        };
        found.insert(name.to_owned(), resource);
    }
    (!found.is_empty()).then(|| found.into_values().collect())
}

fn contents(uri: &str, path: &str, bytes: Vec<u8>) -> ResourceContents {
    match String::from_utf8(bytes) {
        Ok(text) => {
            ResourceContents::text(text, uri).with_mime_type(kind(path).unwrap_or("text/plain"))
        }
        Err(error) => {
            let blob = BASE64_STANDARD.encode(error.as_bytes());
            let kind = kind(path).unwrap_or("application/octet-stream");
            ResourceContents::blob(blob, uri).with_mime_type(kind)
        }
    }
}

/// What the end of a file's name says of its content.
fn kind(path: &str) -> Option<&'static str> {
    let (_, end) = path.rsplit_once('.')?;
    match end.to_ascii_lowercase().as_str() {
        "md" => Some(MARKDOWN),
        "txt" | "py" | "sh" | "js" | "ts" => Some("text/plain"),
        "csv" => Some("text/csv"),
        "html" => Some("text/html"),
        "json" => Some("application/json"),
        "pdf" => Some("application/pdf"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mycelium_runtime::loader::SkillFile;
    use mycelium_types::Digest;
    use serde_json::json;

    use super::*;

    fn published(name: &str, front_matter: serde_json::Value) -> PublishedSkill {
        let file = |path: &str| SkillFile {
            path: path.to_owned(),
            size: 3,
            digest: Digest::of(b"abc"),
        };
        PublishedSkill {
            name: name.parse().unwrap(),
            front_matter: front_matter.as_object().cloned().unwrap(),
            files: ["SKILL.md", "a/b/c.md", "a/x y.bin"].map(file).to_vec(),
        }
    }

    #[test]
    fn a_skill_has_all_fields_and_files_and_one_that_hosts_refuse_is_left_out() {
        let fields = json!({"name": "tool", "description": "Does", "license": "MIT", "version": 1});
        let value = serde_json::to_value(skill(&published("tool", fields)).unwrap()).unwrap();
        assert_eq!(value["uri"], "skill://tool/SKILL.md");
        assert_eq!(value["frontmatter"]["version"], 1);
        assert_eq!(value["resources"][2]["uri"], "skill://tool/a/x%20y.bin");
        let digest = value["resources"][0]["digest"].as_str().unwrap();
        assert!(digest.starts_with("sha256:ba7816bf"), "{digest}");
        for fields in [
            json!({"name": "other", "description": "Does"}),
            json!({"name": "tool"}),
            json!({"name": 1, "description": "Does"}),
        ] {
            assert_eq!(skill(&published("tool", fields)), None);
        }
    }

    #[test]
    fn folders_are_listed_level_by_level() {
        let skill = published("tool", json!({}));
        let names = |folder: &str| {
            let found = children(&skill, folder)?;
            let told = |it: &Resource| format!("{} {}", it.name, it.is_directory());
            Some(found.iter().map(told).collect::<Vec<_>>())
        };
        assert_eq!(names("").unwrap(), ["SKILL.md false", "a true"]);
        assert_eq!(names("a").unwrap(), ["b true", "x y.bin false"]);
        assert_eq!(names("a/b").unwrap(), ["c.md false"]);
        for none in ["SKILL.md", "b", "a/b/c.md", ".."] {
            assert_eq!(names(none), None, "{none}");
        }
    }
}
