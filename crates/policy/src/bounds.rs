//! What the configuration lets anybody grant.

use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use mycelium_types::FileAccess;
use mycelium_types::Permission;

/// The form of a [`GrantPattern`] as a regular expression, for schemas.
pub const GRANT_PATTERN: &str = r"^(?:filesystem(?::(?:read|write))?(?::(?:\.|~|/).*)?|git(?::(?:read|write))?|(?:network|process|environment|mcp|skill|secret|context)(?::\S+)?)$";

/// One entry of `security.grants`: what may be granted, such as `network:*.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantPattern {
    kind: String,
    access: FileAccess,
    /// The paths, hosts or names; nothing means all of them.
    what: Option<String>,
}

/// A text that is no [`GrantPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of permission, perhaps with what it is about after a colon")]
pub struct InvalidGrantPattern;

impl FromStr for GrantPattern {
    type Err = InvalidGrantPattern;

    fn from_str(text: &str) -> Result<Self, InvalidGrantPattern> {
        let (kind, mut what) = match text.split_once(':') {
            Some((kind, what)) => (kind, Some(what)),
            None => (text, None),
        };
        let mut access = FileAccess::Write;
        if matches!(kind, "filesystem" | "git")
            && let Some(text) = what
        {
            let (word, rest) = match text.split_once(':') {
                Some((word, rest)) => (word, Some(rest)),
                None => (text, None),
            };
            if let Some(named) = [FileAccess::Read, FileAccess::Write]
                .into_iter()
                .find(|access| access.as_str() == word)
            {
                access = named;
                what = rest;
            }
        }
        let fits = match kind {
            // A path begins like one, so that a word for the access is never mistaken for it.
            "filesystem" => what.is_none_or(|path| path.starts_with(['.', '~', '/'])),
            "git" => what.is_none(),
            kind if Permission::KINDS.contains(&kind) => {
                what.is_none_or(|what| !what.is_empty() && !what.contains(char::is_whitespace))
            }
            _ => false,
        };
        if !fits {
            return Err(InvalidGrantPattern);
        }
        Ok(Self {
            kind: kind.to_owned(),
            access,
            what: what.map(str::to_owned),
        })
    }
}

impl GrantPattern {
    fn covers(&self, kind: &str, name: &str) -> bool {
        self.kind == kind
            && self.what.as_deref().is_none_or(|pattern| match kind {
                "network" => covers_host(pattern, name),
                "skill" => covers_name(pattern, name.split('@').next().unwrap_or(name)),
                _ => covers_name(pattern, name),
            })
    }
}

/// A name, or the beginning of some before a `*`.
fn covers_name(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

/// Whether all that the host or pattern `asked` stands for is below or at `pattern`. A pattern without a
/// port has all of them.
fn covers_host(pattern: &str, asked: &str) -> bool {
    let (pattern, asked) = (pattern.to_ascii_lowercase(), asked.to_ascii_lowercase());
    let (pattern, port) = split_port(&pattern);
    let (asked, asked_port) = split_port(&asked);
    let below = || {
        let parent = pattern.strip_prefix('*')?;
        Some(parent.starts_with('.') && asked.len() > parent.len() && asked.ends_with(parent))
    };
    let is_below = pattern == asked || below().unwrap_or(false);
    is_below && port.is_none_or(|port| asked_port == Some(port))
}

/// The host and the port, of `host:port` and of `[address]:port`.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

/// What may be granted at most: what each of some lists has. With no list, everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantBounds(Vec<Vec<GrantPattern>>);

impl GrantBounds {
    /// Bounds by lists; an entry that is no pattern grants nothing.
    pub fn new<'t>(lists: impl IntoIterator<Item = Vec<&'t str>>) -> Self {
        let parse = |list: Vec<&str>| list.iter().filter_map(|text| text.parse().ok()).collect();
        Self(lists.into_iter().map(parse).collect())
    }

    /// Whether a place may be granted; `resolve` finds what a pattern's path means.
    pub(crate) fn cover_path(
        &self,
        path: &Path,
        access: FileAccess,
        resolve: impl Fn(&str) -> Option<PathBuf>,
    ) -> bool {
        let covers = |pattern: &GrantPattern| {
            pattern.kind == "filesystem"
                && access <= pattern.access
                && pattern
                    .what
                    .as_deref()
                    .is_none_or(|what| resolve(what).is_some_and(|folder| path.starts_with(folder)))
        };
        self.0.iter().all(|list| list.iter().any(covers))
    }

    /// The part of a permission that may be granted, and the part that may not. Of files nothing is said
    /// here: where their paths lead has to be looked at first.
    pub(crate) fn divide(
        &self,
        permission: &Permission,
    ) -> (Option<Permission>, Option<Permission>) {
        let kind = permission.kind();
        let covers = |name: &String| {
            let mut lists = self.0.iter();
            lists.all(|list| list.iter().any(|pattern| pattern.covers(kind, name)))
        };
        let split = |names: &[String], rebuild: &dyn Fn(Vec<String>) -> Permission| {
            let (inside, outside): (Vec<_>, Vec<_>) = names.iter().cloned().partition(covers);
            let some = |names: Vec<String>| (!names.is_empty()).then(|| rebuild(names));
            (some(inside), some(outside))
        };
        match permission {
            Permission::Filesystem { .. } => (Some(permission.clone()), None),
            Permission::Git { access } => {
                let mut lists = self.0.iter();
                let allows =
                    |pattern: &GrantPattern| pattern.kind == kind && *access <= pattern.access;
                if lists.all(|list| list.iter().any(allows)) {
                    (Some(permission.clone()), None)
                } else {
                    (None, Some(permission.clone()))
                }
            }
            Permission::Network { hosts, methods } => split(hosts, &|hosts| Permission::Network {
                hosts,
                methods: methods.clone(),
            }),
            Permission::Process { commands } => {
                split(commands, &|commands| Permission::Process { commands })
            }
            Permission::Environment { variables } => split(variables, &|variables| {
                Permission::Environment { variables }
            }),
            Permission::Mcp { servers, tools } => split(servers, &|servers| Permission::Mcp {
                servers,
                tools: tools.clone(),
            }),
            Permission::Skill { skills } => split(skills, &|skills| Permission::Skill { skills }),
            Permission::Secret { names, hosts } => split(names, &|names| Permission::Secret {
                names,
                hosts: hosts.clone(),
            }),
            Permission::Context { fields } => {
                split(fields, &|fields| Permission::Context { fields })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(lists: &[&[&str]]) -> GrantBounds {
        GrantBounds::new(lists.iter().map(|list| list.to_vec()))
    }

    fn hosts(names: &[&str]) -> Permission {
        Permission::Network {
            hosts: names.iter().map(|&name| name.to_owned()).collect(),
            methods: vec!["GET".to_owned()],
        }
    }

    #[test]
    fn only_what_means_something_is_a_pattern() {
        for text in [
            "filesystem",
            "filesystem:read",
            "filesystem:write:./out",
            "filesystem:~/x",
            "git",
            "git:read",
            "network",
            "network:*.example.org:443",
            "process:git",
            "secret:GITHUB_*",
        ] {
            assert!(text.parse::<GrantPattern>().is_ok(), "{text}");
        }
        for text in [
            "",
            "netwrok",
            "network:",
            "network:a b",
            "git:./x",
            "filesystem:rea",
            "filesystem:read:x",
            "Network",
            "*",
        ] {
            assert!(text.parse::<GrantPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_list_has_to_have_it() {
        let asked = hosts(&["api.example.org:443", "*.b.example.org", "example.org"]);
        let all = bounds(&[]).divide(&asked);
        assert_eq!(all, (Some(asked.clone()), None));
        let one = bounds(&[&["network:*.Example.org"]]).divide(&asked);
        assert_eq!(
            one,
            (
                Some(hosts(&["api.example.org:443", "*.b.example.org"])),
                Some(hosts(&["example.org"]))
            )
        );
        let both = bounds(&[
            &["network:*.example.org"],
            &["network:api.example.org:443", "git"],
        ]);
        assert_eq!(
            both.divide(&asked),
            (
                Some(hosts(&["api.example.org:443"])),
                Some(hosts(&["*.b.example.org", "example.org"]))
            )
        );
        let nothing = bounds(&[&[], &["network"]]);
        assert_eq!(nothing.divide(&asked), (None, Some(asked)));
    }

    #[test]
    fn hosts_are_no_wider_than_their_pattern() {
        for (pattern, asked, covers) in [
            ("a.org", "a.org", true),
            ("a.org", "a.org:80", true),
            ("a.org:80", "a.org", false),
            ("a.org:80", "a.org:443", false),
            ("*.a.org", "a.org", false),
            ("*.a.org", "xa.org", false),
            ("*.a.org", ".a.org", false),
            ("x.a.org", "*.a.org", false),
            ("*.a.org", "*.a.org:80", true),
            ("[::1]:80", "[::1]:80", true),
            ("[::1]", "[::1]:80", true),
            ("*", "a.org", false),
        ] {
            assert_eq!(covers_host(pattern, asked), covers, "{pattern} {asked}");
        }
    }

    #[test]
    fn access_to_read_is_less_than_to_write() {
        let root = |text: &str| Some(Path::new("/w").join(text.trim_start_matches("./")));
        let cover = |list: &[&str], path: &str, access| {
            bounds(&[list]).cover_path(Path::new(path), access, root)
        };
        assert!(cover(&["filesystem"], "/x", FileAccess::Write));
        assert!(cover(&["filesystem:read"], "/x", FileAccess::Read));
        assert!(!cover(&["filesystem:read"], "/x", FileAccess::Write));
        assert!(cover(&["filesystem:./out"], "/w/out/a", FileAccess::Write));
        assert!(!cover(&["filesystem:./out"], "/w/output", FileAccess::Read));
        assert!(!cover(&["network"], "/w", FileAccess::Read));
        let git = |access| Permission::Git { access };
        let read = bounds(&[&["git:read"]]);
        assert_eq!(read.divide(&git(FileAccess::Write)).0, None);
        assert_eq!(read.divide(&git(FileAccess::Read)).1, None);
    }
}
