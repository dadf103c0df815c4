//! `compatibility` and `variants`: where a skill works, and what it loads there.

use std::path::PathBuf;

use crate::Compatibility;
use crate::Findings;
use crate::Message;
use crate::Variant;
use crate::VersionRange;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;
use crate::manifest::place::line;
use crate::manifest::text;
use crate::nearest;
use crate::printable;

/// The systems this program knows by name, as Rust calls them.
const SYSTEMS: [&str; 6] = ["linux", "macos", "windows", "freebsd", "openbsd", "netbsd"];
/// The architectures this program knows by name, as Rust calls them.
const ARCHITECTURES: [&str; 8] = [
    "x86_64",
    "aarch64",
    "x86",
    "arm",
    "riscv64",
    "powerpc64",
    "s390x",
    "loongarch64",
];
/// What Node.js and others call them.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("darwin", "macos"),
    ("osx", "macos"),
    ("win32", "windows"),
    ("x64", "x86_64"),
    ("amd64", "x86_64"),
    ("arm64", "aarch64"),
    ("ia32", "x86"),
    ("i686", "x86"),
];

pub(super) fn compatibility(
    place: Place<'_>,
    findings: &mut Findings<'_>,
) -> Option<Compatibility> {
    let mut fields = Fields::open(place, findings, "object")?;
    let compatibility = Compatibility {
        mycelium: fields.optional("mycelium", range),
        node: fields.optional("node", range),
        python: fields.optional("python", range),
        os: fields.optional("os", systems).unwrap_or_default(),
        arch: fields.optional("arch", architectures).unwrap_or_default(),
    };
    fields.close();
    Some(compatibility)
}

pub(super) fn variant(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Variant> {
    let mut fields = Fields::open(place, findings, "object")?;
    let os = fields.optional("os", systems).unwrap_or_default();
    let arch = fields.optional("arch", architectures).unwrap_or_default();
    let entrypoint = fields.required("entrypoint", file);
    if !fields.has("os") && !fields.has("arch") {
        fields.warning("entrypoint", Message::new("variant-everywhere"));
    }
    fields.close();
    Some(Variant {
        os,
        arch,
        entrypoint: entrypoint?,
    })
}

/// A file inside the skill's folder; `./` and doubled slashes are left out.
pub(super) fn file(place: Place<'_>, findings: &mut Findings<'_>) -> Option<PathBuf> {
    let path = place.formed(findings, text::is_file, "path-outside")?;
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    Some(parts.collect())
}

fn range(place: Place<'_>, findings: &mut Findings<'_>) -> Option<VersionRange> {
    place.parsed(findings, "range-invalid")
}

fn systems(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    platforms(place, findings, &SYSTEMS)
}

fn architectures(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    platforms(place, findings, &ARCHITECTURES)
}

/// A platform nobody knows is no error: it may exist one day, and the skill then works there.
fn platforms(
    place: Place<'_>,
    findings: &mut Findings<'_>,
    known: &[&'static str],
) -> Option<Vec<String>> {
    place.list(findings, |place, findings| {
        let name = line(place, findings)?;
        if !known.contains(&name.as_str()) {
            let lower = name.to_lowercase();
            let other = OTHER_NAMES.iter().find(|(other, _)| *other == lower);
            let suggestion = other
                .map(|(_, name)| *name)
                .filter(|name| known.contains(name))
                .or_else(|| nearest(&name, known.iter().copied()));
            let message = Message::new("platform-unknown")
                .with("value", printable(&name))
                .with("suggestion", suggestion.unwrap_or("none"))
                .with("known", known.join(", "));
            place.warning(findings, message);
        }
        Some(name)
    })
}
