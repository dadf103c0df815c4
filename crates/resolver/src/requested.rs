//! What a manifest asks for, understood.

use std::collections::BTreeMap;

use deno_semver::VersionReq;
use deno_semver::package::PackageReq;
use mycelium_types::Dependency;
use mycelium_types::DependencyKind;

use crate::InstallNote;
use crate::PackageName;
use crate::ResolverError;
use crate::tree::DependencyTree;

/// The longest range read: npm's own bound for a version.
const MAX_RANGE_LEN: usize = 256;

/// What stands where a range could, for packages that are not in a registry.
const OUTSIDE: [&str; 11] = [
    "file:",
    "link:",
    "portal:",
    "workspace:",
    "http:",
    "https:",
    "git:",
    "git+",
    "github:",
    "gitlab:",
    "bitbucket:",
];

/// The npm packages a skill asks for, by the name it requires each under.
#[derive(Debug, Default)]
pub(crate) struct Requested {
    packages: BTreeMap<PackageName, RequestedPackage>,
}

/// One package a skill asks for.
#[derive(Clone, Debug)]
pub(crate) struct RequestedPackage {
    /// The range as the manifest writes it.
    pub(crate) text: String,
    /// The package's name and range; another name than it is required under for `npm:other@^1`.
    pub(crate) request: PackageReq,
    pub(crate) optional: bool,
}

impl Requested {
    /// Understands the dependencies of a manifest. Optional ones that this program could not
    /// install anyway are left out with a note.
    ///
    /// # Errors
    ///
    /// Fails if a dependency is of another kind, from another place, not a name, not a range, or
    /// asked for twice.
    pub(crate) fn read(
        dependencies: &[Dependency],
    ) -> Result<(Self, Vec<InstallNote>), ResolverError> {
        let mut requested = Self::default();
        let mut notes = Vec::new();
        for dependency in dependencies {
            let name = dependency.name.parse::<PackageName>();
            match (understand(dependency), name) {
                (Ok(package), Ok(name)) => requested.add(name, package)?,
                (Ok(_), Err(_)) => return Err(invalid_name(dependency)),
                (Err(error), Ok(name)) if dependency.optional => {
                    notes.push(InstallNote::OptionalSkipped {
                        dependency: name,
                        reason: error.message(),
                    });
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok((requested, notes))
    }

    fn add(&mut self, name: PackageName, package: RequestedPackage) -> Result<(), ResolverError> {
        let dependency = name.to_string();
        let second = package.text.clone();
        match self.packages.insert(name, package) {
            Some(first) if first.text != second => Err(ResolverError::AskedTwice {
                dependency,
                first: first.text,
                second,
            }),
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.packages.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PackageName, &RequestedPackage)> {
        self.packages.iter()
    }

    /// The same without the optional ones.
    pub(crate) fn only_required(&self) -> Self {
        self.filtered(|_, package| !package.optional)
    }

    /// What `others` has, and `name` besides.
    pub(crate) fn with_only(&self, others: &Self, name: &PackageName) -> Self {
        self.filtered(|other, _| other == name || others.packages.contains_key(other))
    }

    fn filtered(&self, keep: impl Fn(&PackageName, &RequestedPackage) -> bool) -> Self {
        let packages = self
            .packages
            .iter()
            .filter(|(name, package)| keep(name, package));
        Self {
            packages: packages.map(|(n, p)| (n.clone(), p.clone())).collect(),
        }
    }

    /// Writes into a tree what it is for.
    pub(crate) fn declare(&self, tree: &mut DependencyTree) {
        tree.requested = self
            .iter()
            .map(|(name, package)| (name.clone(), package.text.clone()))
            .collect();
        tree.optional = self
            .iter()
            .filter(|(_, package)| package.optional)
            .map(|(name, _)| name.clone())
            .collect();
    }

    /// Whether a locked tree is for exactly this.
    pub(crate) fn is_answered_by(&self, tree: &DependencyTree) -> bool {
        self.packages.len() == tree.requested.len()
            && self.packages.iter().all(|(name, package)| {
                tree.requested.get(name) == Some(&package.text)
                    && tree.optional.contains(name) == package.optional
                    && (package.optional || tree.resolved.contains_key(name))
            })
    }
}

fn invalid_name(dependency: &Dependency) -> ResolverError {
    ResolverError::InvalidName {
        dependency: excerpt(&dependency.name),
    }
}

fn understand(dependency: &Dependency) -> Result<RequestedPackage, ResolverError> {
    match dependency.kind {
        DependencyKind::Npm => {}
        kind @ (DependencyKind::Pip | DependencyKind::Skill | DependencyKind::Binary) => {
            return Err(ResolverError::UnsupportedKind {
                dependency: excerpt(&dependency.name),
                kind,
            });
        }
    }
    if dependency.source.is_some() {
        return Err(ResolverError::UnsupportedSource {
            dependency: excerpt(&dependency.name),
        });
    }
    let text = dependency.range.trim();
    let (name, range) = match text.strip_prefix("npm:") {
        // The at sign of a scope is not the one before a range.
        Some(other) => match other.char_indices().rfind(|(at, c)| *at > 0 && *c == '@') {
            Some((at, _)) => (&other[..at], &other[at + 1..]),
            None => (other, ""),
        },
        None => (dependency.name.as_str(), text),
    };
    let name: PackageName = name.parse().map_err(|_| invalid_name(dependency))?;
    let lower = range.to_ascii_lowercase();
    // `user/repository` is short for a repository on GitHub.
    if OUTSIDE.iter().any(|prefix| lower.starts_with(prefix)) || range.contains('/') {
        return Err(ResolverError::OutsideRegistry {
            dependency: excerpt(&dependency.name),
            range: excerpt(range),
        });
    }
    let version_req = (range.len() <= MAX_RANGE_LEN)
        .then(|| VersionReq::parse_from_npm(range).ok())
        .flatten()
        .ok_or_else(|| ResolverError::InvalidRange {
            dependency: excerpt(&dependency.name),
            range: excerpt(range),
        })?;
    Ok(RequestedPackage {
        text: text.to_owned(),
        request: PackageReq {
            name: name.as_str().into(),
            version_req,
        },
        optional: dependency.optional,
    })
}

fn excerpt(text: &str) -> String {
    text.chars()
        .take(100)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, range: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            range: range.to_owned(),
            kind: DependencyKind::Npm,
            source: None,
            optional: false,
        }
    }

    fn error(dependencies: &[Dependency]) -> ResolverError {
        Requested::read(dependencies).unwrap_err()
    }

    #[test]
    fn ranges_tags_and_other_names_are_understood() {
        let (requested, notes) = Requested::read(&[
            dependency("lodash", "^4.17.21"),
            dependency("any", ""),
            dependency("tagged", "next"),
            dependency("old", "npm:@scope/new@>=1 <3"),
            dependency("bare", "npm:@scope/new"),
        ])
        .unwrap();
        assert!(notes.is_empty());
        let seen: Vec<_> = requested
            .iter()
            .map(|(name, package)| format!("{name} = {}", package.request))
            .collect();
        insta::assert_debug_snapshot!(seen, @r#"
        [
            "any = any@",
            "bare = @scope/new@",
            "lodash = lodash@^4.17.21",
            "old = @scope/new@>=1 <3",
            "tagged = tagged@next",
        ]
        "#);
    }

    #[test]
    fn what_cannot_be_installed_is_named() {
        use ResolverError::*;
        assert!(matches!(
            error(&[dependency("../x", "1")]),
            InvalidName { .. }
        ));
        assert!(matches!(
            error(&[dependency("x", "npm:/etc@1")]),
            InvalidName { .. }
        ));
        assert!(matches!(
            error(&[dependency("x", "^^1")]),
            InvalidRange { .. }
        ));
        assert!(matches!(
            error(&[dependency("x", &"1".repeat(300))]),
            InvalidRange { .. }
        ));
        for range in [
            "file:../x",
            "git+ssh://x",
            "https://x/y.tgz",
            "user/repository",
            "workspace:*",
        ] {
            let error = error(&[dependency("x", range)]);
            assert!(matches!(error, OutsideRegistry { .. }), "{range}");
        }
        let twice = [dependency("x", "^1"), dependency("x", "^2")];
        assert!(matches!(error(&twice), AskedTwice { .. }));
        let pip = Dependency {
            kind: DependencyKind::Pip,
            ..dependency("numpy", ">=1")
        };
        assert!(matches!(
            error(&[pip]),
            UnsupportedKind {
                kind: DependencyKind::Pip,
                ..
            }
        ));
        let elsewhere = Dependency {
            source: Some("https://x".to_owned()),
            ..dependency("x", "1")
        };
        assert!(matches!(error(&[elsewhere]), UnsupportedSource { .. }));
    }

    #[test]
    fn an_optional_one_is_left_out_with_a_note() {
        let pip = Dependency {
            kind: DependencyKind::Pip,
            optional: true,
            ..dependency("numpy", ">=1")
        };
        let (requested, notes) = Requested::read(&[pip, dependency("x", "1")]).unwrap();
        assert_eq!(requested.len(), 1);
        assert!(matches!(
            notes.as_slice(),
            [InstallNote::OptionalSkipped { .. }]
        ));
    }
}
