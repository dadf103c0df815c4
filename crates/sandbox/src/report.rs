//! What held, in words that can be sent, stored and shown.

use std::fmt;
use std::path::PathBuf;

use mycelium_policy::Rung;
use serde::Deserialize;
use serde::Serialize;

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
    /// The surroundings do not allow a `/proc` inside; it is empty.
    NoProc,
    /// No control group can be written: memory is limited for the process, not counted exactly.
    NoCgroup,
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
