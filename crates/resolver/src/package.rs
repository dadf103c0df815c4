//! What names a package, parsed once.

use std::fmt;
use std::str::FromStr;

use mycelium_types::Digest;
use mycelium_types::Version;
use serde::Deserialize;
use serde::Serialize;

/// The name of an npm package, such as `lodash` or `@types/node`.
///
/// Only names that are safe as folder names and in addresses are taken: at most 214 characters
/// (npm's own bound), ASCII letters, digits, `-`, `.`, `_` and `~`, no part that starts with a dot
/// or is `node_modules`, and one optional scope. Capital letters are in a few old names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(Box<str>);

/// The text is not the name of an npm package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an npm package")]
pub struct InvalidPackageName;

impl PackageName {
    /// The longest name, in characters.
    pub const MAX_LEN: usize = 214;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its scope: `node` of `@types/node`.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for PackageName {
    type Err = InvalidPackageName;

    fn from_str(text: &str) -> Result<Self, InvalidPackageName> {
        let (scope, base) = match text.strip_prefix('@') {
            Some(rest) => rest
                .split_once('/')
                .map(|(scope, base)| (Some(scope), base))
                .ok_or(InvalidPackageName)?,
            None => (None, text),
        };
        let fits = text.len() <= Self::MAX_LEN
            && scope.is_none_or(is_safe_part)
            && is_safe_part(base)
            && base != "node_modules";
        fits.then(|| Self(text.into())).ok_or(InvalidPackageName)
    }
}

fn is_safe_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

impl TryFrom<String> for PackageName {
    type Error = InvalidPackageName;

    fn try_from(text: String) -> Result<Self, InvalidPackageName> {
        text.parse()
    }
}

impl From<PackageName> for String {
    fn from(name: PackageName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One package of one tree: `lodash@4.17.21`.
///
/// A package whose peer dependencies are satisfied differently in different places of the tree is
/// in it several times; the second copy is written `react-dom@18.2.0#2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageKey {
    name: PackageName,
    version: Version,
    copy: u16,
}

/// The text does not name a package of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a package name and version such as lodash@4.17.21")]
pub struct InvalidPackageKey;

impl PackageKey {
    /// The `copy`-th copy, counted from 1, of a package in its tree.
    #[must_use]
    pub fn new(name: PackageName, version: Version, copy: u16) -> Self {
        Self {
            name,
            version,
            copy: copy.max(1),
        }
    }

    /// The package's name in the registry.
    #[must_use]
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The package's version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The name of the folder that holds this package in a layer: one path component, no longer
    /// than a file system allows.
    pub(crate) fn folder(&self) -> String {
        const MAX_LEN: usize = 200;
        let mut folder = self.to_string().replace('/', "+").replace('#', "_");
        if folder.len() > MAX_LEN {
            // The text is ASCII, so any cut is between characters.
            folder.truncate(MAX_LEN - 13);
            folder.push('_');
            folder.push_str(&Digest::of(self.to_string().as_bytes()).short());
        }
        folder
    }
}

impl FromStr for PackageKey {
    type Err = InvalidPackageKey;

    fn from_str(text: &str) -> Result<Self, InvalidPackageKey> {
        let (rest, copy) = match text.split_once('#') {
            Some((rest, copy)) => {
                let number: u16 = copy.parse().map_err(|_| InvalidPackageKey)?;
                // One way to write each key: the first copy has no number.
                if number < 2 || number.to_string() != copy {
                    return Err(InvalidPackageKey);
                }
                (rest, number)
            }
            None => (text, 1),
        };
        let (name, version) = rest.rsplit_once('@').ok_or(InvalidPackageKey)?;
        Ok(Self {
            name: name.parse().map_err(|_| InvalidPackageKey)?,
            version: version.parse().map_err(|_| InvalidPackageKey)?,
            copy,
        })
    }
}

impl TryFrom<String> for PackageKey {
    type Error = InvalidPackageKey;

    fn try_from(text: String) -> Result<Self, InvalidPackageKey> {
        text.parse()
    }
}

impl From<PackageKey> for String {
    fn from(key: PackageKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PackageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)?;
        if self.copy > 1 {
            write!(f, "#{}", self.copy)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_package_names_and_nothing_that_is_a_path() {
        for good in [
            "lodash",
            "@types/node",
            "JSONStream",
            "a.b_c~d",
            &"a".repeat(214),
        ] {
            assert_eq!(good.parse::<PackageName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "/etc",
            "a/b",
            "@a",
            "@/b",
            "@a/",
            "@a/b/c",
            "@../b",
            "@a/..",
            ".bin",
            "node_modules",
            "a b",
            "a\0",
            "a%2fb",
            "é",
            &"a".repeat(215),
        ] {
            assert_eq!(
                bad.parse::<PackageName>(),
                Err(InvalidPackageName),
                "{bad:?}"
            );
        }
        assert_eq!("@types/node".parse::<PackageName>().unwrap().base(), "node");
    }

    #[test]
    fn keys_round_trip_and_have_one_spelling() {
        for good in ["lodash@4.17.21", "@a/b@1.0.0-rc.1", "react-dom@18.2.0#2"] {
            assert_eq!(good.parse::<PackageKey>().unwrap().to_string(), good);
        }
        for bad in [
            "lodash",
            "lodash@",
            "@1.0.0",
            "lodash@latest",
            "../x@1.0.0",
            "a@1.0.0#1",
            "a@1.0.0#02",
            "a@1.0.0#",
            "a@1.0.0#99999",
        ] {
            assert_eq!(bad.parse::<PackageKey>(), Err(InvalidPackageKey), "{bad:?}");
        }
    }

    #[test]
    fn a_folder_is_one_short_component() {
        let key: PackageKey = "@a/b@1.0.0#2".parse().unwrap();
        assert_eq!(key.folder(), "@a+b@1.0.0_2");
        let long = format!("{}@1.0.0-{}", "a".repeat(214), "b".repeat(240));
        let other = format!("{}@1.0.0-{}c", "a".repeat(214), "b".repeat(239));
        let folder = |text: &str| text.parse::<PackageKey>().unwrap().folder();
        assert_eq!(folder(&long).len(), 200);
        assert_ne!(folder(&long), folder(&other));
    }
}
