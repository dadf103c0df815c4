//! Keeps of a description what choosing versions needs.
//!
//! A registry's answer is up to a hundred times as long: readmes, scripts, people, a list of files
//! for each version. Reading ten packages again should take a few milliseconds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;

use deno_npm::registry::NpmPackageVersionInfo;
use deno_npm::registry::NpmPeerDependencyMeta;
use deno_semver::SmallStackString;
use deno_semver::StackString;
use mycelium_types::Version;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::PackageName;

/// A description as registries send it, read as little as possible.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    versions: BTreeMap<Cow<'a, str>, &'a RawValue>,
    #[serde(borrow, default, rename = "dist-tags")]
    tags: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

#[derive(Deserialize, Serialize)]
struct Distribution<'a> {
    #[serde(borrow)]
    tarball: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    integrity: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    shasum: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct SentVersion<'a> {
    #[serde(borrow)]
    dist: Option<Distribution<'a>>,
}

/// A description as it is kept: the part of npm's format that `deno_npm` reads.
#[derive(Serialize)]
struct Kept<'a> {
    name: &'a str,
    #[serde(rename = "dist-tags")]
    tags: BTreeMap<&'a str, &'a str>,
    versions: BTreeMap<&'a str, KeptVersion<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptVersion<'a> {
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dist: Option<Distribution<'a>>,
    #[serde(flatten)]
    relations: Relations,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relations {
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    dependencies: HashMap<StackString, StackString>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bundle_dependencies: Vec<StackString>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    optional_dependencies: HashMap<StackString, StackString>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    peer_dependencies: HashMap<StackString, StackString>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    peer_dependencies_meta: HashMap<StackString, NpmPeerDependencyMeta>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    os: Vec<SmallStackString>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cpu: Vec<SmallStackString>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_install_script: bool,
}

/// The part of a description that is kept. Versions that make no sense are left out, as if they had
/// never been published: a registry has all mistakes of the past.
pub(super) fn trim(sent: &[u8], package: &PackageName) -> Result<Vec<u8>, String> {
    let sent: Sent<'_> = serde_json::from_slice(sent).map_err(|error| error.to_string())?;
    if let Some(name) = sent.name.filter(|name| name != package.as_str()) {
        return Err(format!("it is about `{}`", name.escape_debug()));
    }
    let versions: BTreeMap<_, _> = sent
        .versions
        .iter()
        .filter_map(|(version, raw)| Some((version.as_ref(), keep(version, raw)?)))
        .collect();
    let tags = sent
        .tags
        .iter()
        .filter_map(|(tag, raw)| Some((tag.as_ref(), serde_json::from_str(raw.get()).ok()?)))
        .filter(|(_, version): &(&str, &str)| versions.contains_key(version))
        .collect();
    let kept = Kept {
        name: package.as_str(),
        tags,
        versions,
    };
    serde_json::to_vec(&kept).map_err(|error| error.to_string())
}

fn keep<'a>(version: &'a str, raw: &'a RawValue) -> Option<KeptVersion<'a>> {
    version.parse::<Version>().ok()?;
    // deno_npm forgives what registries are known to have: nulls, lists for maps, numbers for texts.
    let info: NpmPackageVersionInfo = serde_json::from_str(raw.get()).ok()?;
    let sent: SentVersion<'_> = serde_json::from_str(raw.get()).ok()?;
    let has_install_script = info.has_install_script.unwrap_or_default()
        || ["preinstall", "install", "postinstall"]
            .iter()
            .any(|script| info.scripts.contains_key(*script));
    let mut distribution = sent.dist;
    if let Some(distribution) = &mut distribution
        && distribution.integrity.is_some()
    {
        // The stronger hash is enough.
        distribution.shasum = None;
    }
    Some(KeptVersion {
        version,
        dist: distribution,
        relations: Relations {
            bundle_dependencies: info.bundle_dependencies().to_vec(),
            dependencies: info.dependencies,
            optional_dependencies: info.optional_dependencies,
            peer_dependencies: info.peer_dependencies,
            peer_dependencies_meta: info.peer_dependencies_meta,
            os: info.os,
            cpu: info.cpu,
            has_install_script,
        },
    })
}

#[cfg(test)]
mod tests {
    use deno_npm::registry::NpmPackageInfo;

    use super::*;

    fn name() -> PackageName {
        "x".parse().unwrap()
    }

    #[test]
    fn what_is_kept_is_what_resolving_needs() {
        let sent = br#"{"_id": "x", "name": "x", "readme": "long", "time": {"1.0.0": "never"},
            "dist-tags": {"latest": "1.0.0", "broken": 7, "gone": "9.9.9"},
            "versions": {
              "1.0.0": {"name": "x", "version": "1.0.0", "scripts": {"postinstall": "rm"}, "bin": "x",
                "dependencies": {"a": "^1"}, "os": ["linux"], "maintainers": [{"name": "m"}],
                "dist": {"tarball": "http:\/\/r\/x.tgz", "shasum": "s", "integrity": "sha512-x", "fileCount": 3}},
              "1.1.0": {"version": "1.1.0", "dependencies": [], "dist": {"tarball": "t", "shasum": "s"}},
              "not-a-version": {"version": "1.2.0"},
              "1.3.0": 7
            }}"#;
        let kept = trim(sent, &name()).unwrap();
        insta::assert_snapshot!(str::from_utf8(&kept).unwrap(), @r#"{"name":"x","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"version":"1.0.0","dist":{"tarball":"http://r/x.tgz","integrity":"sha512-x"},"dependencies":{"a":"^1"},"os":["linux"],"hasInstallScript":true},"1.1.0":{"version":"1.1.0","dist":{"tarball":"t","shasum":"s"}}}}"#);
        let info = NpmPackageInfo::from_packument_bytes(kept).unwrap();
        assert_eq!(info.versions.len(), 2);
        assert_eq!(info.versions.iter().count(), 2);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            &b""[..],
            b"<html>",
            b"[]",
            b"{\"name\": \"y\"}",
            b"{\"versions\": 7}",
            &b"[".repeat(100_000),
        ] {
            assert!(trim(bad, &name()).is_err(), "{bad:.40?}");
        }
        let nothing = trim(b"{}", &name()).unwrap();
        assert!(
            NpmPackageInfo::from_packument_bytes(nothing)
                .unwrap()
                .versions
                .is_empty()
        );
    }
}
