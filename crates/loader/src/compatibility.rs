//! Whether a skill works here, and what runs it.

use std::ffi::OsStr;
use std::path::Path;

use mycelium_types::Engine;
use mycelium_types::EngineChoice;
use mycelium_types::Manifest;
use mycelium_types::Message;
use mycelium_types::Version;
use mycelium_types::VersionRange;
use mycelium_types::printable_path;

use crate::LoadError;

/// What a skill meets: this program and this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// This program's version.
    pub mycelium: Version,
    /// The operating system, as manifests write it: `linux`, `macos`, `windows`.
    pub os: String,
    /// The architecture, as manifests write it: `x86_64`, `aarch64`.
    pub arch: String,
}

impl Host {
    /// This machine, with a program of version `mycelium`.
    #[must_use]
    pub fn current(mycelium: Version) -> Self {
        Self {
            mycelium,
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
        }
    }
}

/// Finds out which engines of others the machine has. Asked only about an engine that a skill needs.
pub trait EngineProbe: Send + Sync {
    /// The version of Node.js that would be used, if there is one.
    fn node(&self) -> Option<Version>;

    /// The version of Python that would be used, if there is one.
    fn python(&self) -> Option<Version>;
}

/// A machine with no engines but the embedded one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEngines;

impl EngineProbe for NoEngines {
    fn node(&self) -> Option<Version> {
        None
    }

    fn python(&self) -> Option<Version> {
        None
    }
}

/// What a skill needs to run, whether or not this version has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Quickjs,
    Node,
    Python,
    Native,
    Wasm,
    TypeScript,
    /// No engine runs such a file.
    Nothing,
}

/// The engine for a skill, or everything that is in its way.
pub(crate) fn choose_engine(
    manifest: &Manifest,
    entrypoint: &Path,
    host: &Host,
    probe: &dyn EngineProbe,
    looks_runnable: impl FnOnce() -> bool,
) -> Result<Engine, LoadError> {
    let wanted = &manifest.compatibility;
    let mut reasons = Vec::new();
    if let Some(range) = wanted.mycelium.as_ref()
        && !range.contains(&host.mycelium)
    {
        reasons.push(
            Message::new("incompatible-mycelium")
                .with("range", range)
                .with("version", &host.mycelium),
        );
    }
    for (key, list, actual) in [
        ("incompatible-os", &wanted.os, &host.os),
        ("incompatible-arch", &wanted.arch, &host.arch),
    ] {
        if !list.is_empty() && !list.contains(actual) {
            reasons.push(
                Message::new(key)
                    .with("wanted", list.join(", "))
                    .with("actual", actual),
            );
        }
    }
    let engine = match need(manifest.engine, entrypoint, looks_runnable) {
        Need::Quickjs => Some(Engine::Quickjs),
        Need::Node => {
            check_range(
                "Node.js",
                wanted.node.as_ref(),
                || probe.node(),
                &mut reasons,
            );
            reasons.push(missing_engine("node"));
            None
        }
        Need::Python => {
            let range = wanted.python.as_ref();
            check_range("Python", range, || probe.python(), &mut reasons);
            reasons.push(missing_engine("python"));
            None
        }
        Need::Native => Some(Engine::Native),
        Need::Wasm => {
            reasons.push(missing_engine("wasm"));
            None
        }
        Need::TypeScript => {
            reasons.push(
                Message::new("incompatible-typescript")
                    .with("entrypoint", printable_path(entrypoint)),
            );
            None
        }
        Need::Nothing => {
            reasons.push(
                Message::new("incompatible-entrypoint")
                    .with("entrypoint", printable_path(entrypoint)),
            );
            None
        }
    };
    match engine {
        Some(engine) if reasons.is_empty() => Ok(engine),
        Some(_) | None => Err(LoadError::Incompatible {
            skill: manifest.id(),
            reasons,
        }),
    }
}

fn need(choice: EngineChoice, entrypoint: &Path, looks_runnable: impl FnOnce() -> bool) -> Need {
    let by_extension = match entrypoint.extension().and_then(OsStr::to_str) {
        Some("js" | "cjs" | "mjs") => Need::Quickjs,
        Some("ts" | "cts" | "mts") => Need::TypeScript,
        Some("py") => Need::Python,
        Some("wasm") => Need::Wasm,
        // A program has no extension, or one that says nothing.
        None => Need::Native,
        Some(_) => Need::Nothing,
    };
    match choice {
        EngineChoice::Auto => match by_extension {
            // A script in a language of its own, or a program with an extension of its own.
            Need::Nothing if looks_runnable() => Need::Native,
            Need::Quickjs
            | Need::Node
            | Need::Python
            | Need::Native
            | Need::Wasm
            | Need::TypeScript
            | Need::Nothing => by_extension,
        },
        EngineChoice::Quickjs => match by_extension {
            Need::Quickjs | Need::TypeScript => by_extension,
            Need::Node | Need::Python | Need::Native | Need::Wasm | Need::Nothing => Need::Nothing,
        },
        EngineChoice::Node => Need::Node,
        EngineChoice::Python => Need::Python,
        EngineChoice::Native => Need::Native,
        EngineChoice::Wasm => Need::Wasm,
    }
}

fn missing_engine(engine: &str) -> Message {
    Message::new("incompatible-engine").with("engine", engine)
}

/// Adds a reason if the machine's version of an engine is not in the range the skill asks for.
fn check_range(
    engine: &str,
    range: Option<&VersionRange>,
    probe: impl FnOnce() -> Option<Version>,
    reasons: &mut Vec<Message>,
) {
    let Some(range) = range else { return };
    let actual = probe();
    if actual
        .as_ref()
        .is_some_and(|version| range.contains(version))
    {
        return;
    }
    reasons.push(
        Message::new("incompatible-engine-version")
            .with("engine", engine)
            .with("range", range)
            .with(
                "actual",
                actual.map_or_else(|| "none".to_owned(), String::from),
            ),
    );
}
