//! Skills that a server offers (SEP-2640): what it says of them, and their files, of which nothing is believed.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_protocol::control::OfferState;
use mycelium_protocol::control::OfferedFile;
use mycelium_protocol::control::OfferedSkill;
use mycelium_types::AgentSkill;
use mycelium_types::Digest;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::printable;
use rmcp::model::ReadResourceRequestParams;
use rmcp::model::ResourceContents;
use rmcp::model::Skill;
use rmcp::model::SkillResource;
use rmcp::model::SkillResources;
use serde_json::Map;
use serde_json::Value;

use super::connection::Connection;
use super::connection::Pages;
use super::failure;
use super::failure::Asked;
use crate::uri;

/// The most files of one skill, and the most bytes of all of them: what the extension lets a host expect.
const MAX_FILES: usize = 512;
const MAX_BYTES: u64 = 16 << 20;
/// The longest path of a file, in bytes, the longest part of one, and the most parts.
const MAX_PATH: usize = 1024;
const MAX_PART: usize = 255;
const MAX_PARTS: usize = 16;
/// A file that only a skill's own folder may have: another one would be another skill, which nobody approved.
const INSTRUCTIONS: &str = "skill.md";
/// A file that no skill of a server may have: what it says of name, functions and permissions would count, and not what the
/// server said of the skill.
const MANIFEST: &str = "skill.json";
/// What is never looked at in a skill's folder, so that nothing there would be checked.
const UNCHECKED: &str = ".git";

impl Connection {
    /// The skills that it offers, if it does. None of their files is read.
    pub(super) async fn skills(&self) -> Result<Vec<OfferedSkill>, ErrorReport> {
        let offers =
            (self.peer().peer_info()).is_some_and(|info| info.capabilities.supports_skills());
        if !offers {
            return Ok(Vec::new());
        }
        let mut skills: Vec<OfferedSkill> = Vec::new();
        let mut names = BTreeSet::new();
        let mut pages = Pages::default();
        while let Some(cursor) = pages.next.take() {
            let page = match self.peer().list_skills(cursor).await {
                Ok(page) => page,
                Err(error) => return Err(self.failed(Asked::List, &error).await),
            };
            for skill in page.skills {
                let mut skill = offered(skill);
                if !names.insert(skill.name.clone()) {
                    skill.refused = Some("another skill of the server has its name".to_owned());
                }
                skills.push(skill);
            }
            self.turn(&mut pages, skills.len(), page.next_cursor)?;
        }
        Ok(skills)
    }

    /// The content of a file of a skill, if it is what the list of them says.
    pub(super) async fn skill_file(&self, file: &OfferedFile) -> Result<Vec<u8>, ErrorReport> {
        let params = ReadResourceRequestParams::new(&file.uri);
        let read = match self.peer().read_resource(params).await {
            Ok(read) => read,
            Err(error) => return Err(self.failed(Asked::Resource(&file.uri), &error).await),
        };
        let path = printable(&file.path);
        let wrong = |what: &str| self.invalid(&format!("`{path}` {what}"));
        let [content] = read.contents.as_slice() else {
            return Err(wrong("is not one file"));
        };
        let (uri, bytes) = match content {
            ResourceContents::TextResourceContents { uri, text, .. } => {
                (uri, text.clone().into_bytes())
            }
            ResourceContents::BlobResourceContents { uri, blob, .. } => {
                let bytes = BASE64_STANDARD.decode(blob);
                (uri, bytes.map_err(|_| wrong("is not in base64"))?)
            }
            _ => return Err(wrong("is neither text nor bytes")),
        };
        if *uri != file.uri {
            return Err(wrong("is another file than the one that was asked for"));
        }
        let listed = SkillResource::new(uri, format!("sha256:{}", file.digest), file.size);
        match listed.verify(&bytes) {
            Ok(()) => Ok(bytes),
            Err(_) => Err(wrong(
                "is not what the list of the skill's files says it is",
            )),
        }
    }
}

/// A skill as the server describes it, and why it cannot be installed if it cannot.
fn offered(skill: Skill) -> OfferedSkill {
    let (files, refused) = match files(&skill) {
        Ok(files) => (files, None),
        Err(reason) => (Vec::new(), Some(failure::text(&reason))),
    };
    let name = skill.frontmatter.name;
    let description = skill.frontmatter.description;
    let mut front_matter = Map::new();
    front_matter.insert("name".to_owned(), Value::from(name.clone()));
    front_matter.insert("description".to_owned(), Value::from(description.clone()));
    front_matter.extend(skill.frontmatter.extra);
    OfferedSkill {
        name,
        description,
        uri: skill.uri,
        front_matter,
        files,
        refused,
        approval: None,
        state: OfferState::New,
    }
}

/// The files of a skill, the one with its instructions first.
fn files(skill: &Skill) -> Result<Vec<OfferedFile>, String> {
    skill.validate().map_err(|error| error.to_string())?;
    if skill.name().parse::<SkillName>().is_err() {
        return Err("its name is not one of letters, digits and hyphens".to_owned());
    }
    let SkillResources::Files(listed) = &skill.resources else {
        return Err("its files change and have no digests".to_owned());
    };
    if listed.len() > MAX_FILES {
        return Err(format!("it has more than {MAX_FILES} files"));
    }
    let bytes = listed
        .iter()
        .try_fold(0_u64, |sum, file| sum.checked_add(file.size));
    if bytes.is_none_or(|bytes| bytes > MAX_BYTES) {
        return Err(format!("it has more than {} MiB", MAX_BYTES >> 20));
    }
    let root = skill.uri.strip_suffix(AgentSkill::FILE).unwrap_or_default();
    let mut taken = BTreeSet::new();
    let mut files = Vec::with_capacity(listed.len());
    for file in listed {
        let unusable = || format!("the path of `{}` cannot be used", printable(&file.uri));
        let path = file.uri.strip_prefix(root).and_then(uri::decoded);
        let path = path.filter(|path| is_usable(path)).ok_or_else(unusable)?;
        taken.insert(path.to_lowercase());
        let digest = file.digest.strip_prefix("sha256:").unwrap_or_default();
        files.push(OfferedFile {
            path,
            uri: file.uri.clone(),
            digest: digest
                .parse::<Digest>()
                .map_err(|error| error.to_string())?,
            size: file.size,
        });
    }
    let is_folder = |path: &String| {
        let below = format!("{path}/");
        let next = taken.range(below.clone()..).next();
        next.is_some_and(|next| next.starts_with(&below))
    };
    if taken.len() < files.len() || taken.iter().any(is_folder) {
        return Err("two of its files have one path".to_owned());
    }
    let is_instructions = |file: &OfferedFile| file.path == AgentSkill::FILE;
    if !files.iter().any(is_instructions) {
        return Err(format!("it has no {}", AgentSkill::FILE));
    }
    files.sort_by_key(|file| (!is_instructions(file), file.path.clone()));
    Ok(files)
}

/// Whether a path stays in its folder, on every file system, and means what it says.
fn is_usable(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let is_part = |part: &&str| {
        !matches!(*part, "" | "." | "..")
            && part.len() <= MAX_PART
            && !part.contains(['\\', ':'])
            && !part.chars().any(mycelium_types::is_unprintable)
            && !part.eq_ignore_ascii_case(UNCHECKED)
    };
    let last = parts.last().copied().unwrap_or_default();
    let is_another_skill = last.eq_ignore_ascii_case(MANIFEST)
        || (parts.len() > 1 && last.eq_ignore_ascii_case(INSTRUCTIONS));
    path.len() <= MAX_PATH
        && parts.len() <= MAX_PARTS
        && parts.iter().all(is_part)
        && !is_another_skill
}

#[cfg(test)]
mod tests {
    use rmcp::model::SkillFrontmatter;

    use super::*;

    fn skill(paths: &[&str]) -> Skill {
        let file = |path: &&str| SkillResource::from_bytes(format!("skill://pdf/{path}"), b"abc");
        Skill::new(
            "skill://pdf/SKILL.md",
            SkillFrontmatter::new("pdf", "Reads"),
            SkillResources::Files(paths.iter().map(file).collect()),
        )
    }

    #[test]
    fn files_have_paths_in_the_skill_s_folder_and_instructions_come_first() {
        let found = files(&skill(&["a/b%20c.md", "SKILL.md", "z"])).unwrap();
        let paths: Vec<_> = found.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["SKILL.md", "a/b c.md", "z"]);
        assert_eq!(found[0].digest, Digest::of(b"abc"));
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for path in [
            "../x",
            "a/../../x",
            "%2e%2e/x",
            "a%2f..%2f..%2fx",
            "/x",
            "a//b",
            "a%5cb",
            "a%00b",
            "c:x",
            "a\n",
            "sub/SKILL.md",
            "sub/skill.md",
            "sub/skill.json",
            "skill.json",
            "Skill.JSON",
            ".git/config",
            "a/.GIT/x",
            "",
        ] {
            assert!(files(&skill(&["SKILL.md", path])).is_err(), "{path}");
        }
        for paths in [
            &["SKILL.md", "a", "A"][..],
            &["SKILL.md", "a", "a/b"],
            &["SKILL.md", "a", "a"],
            &["SKILL.md", "skill.md"],
            &["a"],
        ] {
            assert!(files(&skill(paths)).is_err(), "{paths:?}");
        }
    }

    #[test]
    fn what_is_too_much_or_has_no_digests_is_refused() {
        let mut dynamic = skill(&["SKILL.md"]);
        dynamic.resources = SkillResources::Dynamic;
        assert!(offered(dynamic).refused.is_some());
        let mut large = skill(&["SKILL.md", "a"]);
        if let SkillResources::Files(files) = &mut large.resources {
            files[1].size = u64::MAX;
        }
        assert!(offered(large).refused.unwrap().contains("16 MiB"));
        let names: Vec<_> = (0..MAX_FILES).map(|number| format!("f{number}")).collect();
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        names.push("SKILL.md");
        assert!(offered(skill(&names)).refused.unwrap().contains("512"));
    }
}
