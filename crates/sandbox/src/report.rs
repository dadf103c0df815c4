//! What held, in words that can be sent, stored and shown.

use std::fmt;
use std::path::PathBuf;

use mycelium_policy::Rung;
use serde::Deserialize;
use serde::Serialize;

/// What workers stand on: whether the kernel gives them namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Footing {
    /// Namespaces of their own, with a private root.
    Namespaces,
    /// The host's: Landlock and the system call filter alone keep them from it.
    Bare,
}

impl Footing {
    /// How much of the sandbox there is on this footing, with Landlock's interface of this version.
    ///
    /// Without namespaces Landlock has to know about emptying files, as it does from version 3 on.
    #[must_use]
    pub fn rung(self, landlock_abi: Option<i32>) -> Rung {
        match (self, landlock_abi) {
            (Self::Namespaces, Some(_)) => Rung::Full,
            (Self::Namespaces, None) => Rung::Reduced,
            (Self::Bare, Some(abi)) if abi >= LEAST_BARE_LANDLOCK => Rung::Reduced,
            (Self::Bare, Some(_) | None) => Rung::None,
        }
    }
}

/// The least version of Landlock's interface that holds without namespaces.
pub(crate) const LEAST_BARE_LANDLOCK: i32 = 3;

/// The version of Landlock's interface that confines signals and abstract sockets.
pub(crate) const SCOPED_LANDLOCK: i32 = 6;

/// Which control groups account for workers' memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CgroupVersion {
    /// The `memory` hierarchy of version 1.
    V1,
    /// The unified hierarchy.
    V2,
}

impl fmt::Display for CgroupVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

/// One thing the kernel enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case")]
pub enum Layer {
    /// Own user, mount, process, network, IPC, host name and control group namespaces, a private
    /// root, no capabilities, no way to gain privileges.
    Namespaces,
    /// Every system call is on the list for the engine, or refused.
    Filter {
        /// The filter's length, in instructions.
        instructions: usize,
    },
    /// Memory, open files, file size, processes and processor time.
    ResourceLimits,
    /// Memory, exactly.
    Cgroup {
        /// Which kind.
        version: CgroupVersion,
    },
    /// Exactly the policy's paths.
    Landlock {
        /// The kernel's version of Landlock's interface.
        abi: i32,
    },
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespaces => f.write_str("namespaces"),
            Self::Filter { instructions } => {
                write!(f, "system call filter of {instructions} instructions")
            }
            Self::ResourceLimits => f.write_str("resource limits"),
            Self::Cgroup { version } => write!(f, "control group {version}"),
            Self::Landlock { abi } => write!(f, "Landlock ABI {abi}"),
        }
    }
}

/// Something weaker or different than usual that does not lower the rung.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// There are no namespaces: Landlock and the system call filter hold alone.
    NoNamespaces,
    /// The kernel has no Landlock: the private root alone keeps files apart.
    NoLandlock,
    /// The kernel's Landlock is too old for part of what it should hold.
    OldLandlock {
        /// The kernel's version of its interface.
        abi: i32,
    },
    /// The surroundings do not allow a `/proc` inside; it is empty.
    NoProc,
    /// No control group can be written: memory is limited for the process, not counted exactly.
    NoCgroup,
    /// Nobody hears of what the kernel refuses: what the engine's own guard stops is named, the rest is a mere
    /// failure.
    Coarse,
    /// Fewer files than asked for: the supervisor's own limit is lower.
    FewerFiles {
        /// Open files allowed.
        limit: u64,
    },
    /// Shown without id mapping: only what everybody may read is readable.
    PlainBind {
        /// The path.
        path: PathBuf,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNamespaces => f.write_str(
                "no namespaces: file contents and metadata, the network and other processes are refused, but whether \
                 a path exists can be guessed, the host's name is seen, there is no private `/tmp`, files keep their \
                 modes and times, and programs of skills' own do not run",
            ),
            Self::NoLandlock => f.write_str(
                "no Landlock: the private root alone keeps the worker from files, and programs of skills' own do not \
                 run",
            ),
            Self::OldLandlock { abi } => write!(
                f,
                "Landlock ABI {abi}: newer kernels also confine TCP from 4, signals and abstract sockets from 6; the \
                 system call filter refuses them all the same"
            ),
            Self::NoProc => {
                f.write_str("no `/proc`: programs of skills' own that look there find nothing")
            }
            Self::NoCgroup => {
                f.write_str("no control group: memory is limited for each process, not counted exactly")
            }
            Self::Coarse => f.write_str(
                "violations: coarse; what the engine stops is named, what only the kernel refuses is a mere failure",
            ),
            Self::FewerFiles { limit } => write!(f, "at most {limit} open files"),
            Self::PlainBind { path } => {
                write!(f, "{} is readable as far as everybody may read it", path.display())
            }
        }
    }
}

/// What the kernel enforces for one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxReport {
    /// How much in one word.
    pub rung: Rung,
    /// Each layer that holds.
    pub layers: Vec<Layer>,
    /// What is different than usual.
    pub notes: Vec<Note>,
}

impl SandboxReport {
    /// What is not enforced, in words.
    #[must_use]
    pub fn shortfall(&self) -> String {
        let words: Vec<_> = self.notes.iter().map(ToString::to_string).collect();
        words.join("; ")
    }

    /// Everything that either of two reports about the same worker says. The rung is the higher one: a
    /// report knows of what was done before it was made, not after.
    #[must_use]
    pub fn join(mut self, other: &Self) -> Self {
        self.rung = self.rung.max(other.rung);
        for layer in &other.layers {
            if !self.layers.contains(layer) {
                self.layers.push(*layer);
            }
        }
        for note in &other.notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rung_takes_both_what_keeps_files_apart_or_says_that_one_is_missing() {
        for (footing, landlock, rung) in [
            (Footing::Namespaces, Some(1), Rung::Full),
            (Footing::Namespaces, Some(9), Rung::Full),
            (Footing::Namespaces, None, Rung::Reduced),
            (Footing::Bare, Some(9), Rung::Reduced),
            (Footing::Bare, Some(3), Rung::Reduced),
            // It would let a file be emptied that may only be read.
            (Footing::Bare, Some(2), Rung::None),
            (Footing::Bare, None, Rung::None),
        ] {
            assert_eq!(footing.rung(landlock), rung, "{footing:?} {landlock:?}");
        }
    }

    #[test]
    fn what_is_not_enforced_is_said_in_words() {
        let report = SandboxReport {
            notes: vec![Note::NoNamespaces, Note::OldLandlock { abi: 4 }],
            ..SandboxReport::default()
        };
        let words = report.shortfall();
        assert!(
            words.contains("no namespaces") && words.contains("ABI 4"),
            "{words}"
        );
    }
}
