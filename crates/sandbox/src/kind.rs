//! The two kinds of workers.

use mycelium_policy::SandboxPolicy;
use serde::Deserialize;
use serde::Serialize;

/// What a worker can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerKind {
    /// A skill that an engine of the worker's own executable runs. The worker never executes a file, and
    /// makes no system call that is not on a list.
    Embedded,
    /// A skill that is a program of its own. The worker sees the system's programs and libraries, has a
    /// pipe for what it prints, and is refused the system calls that are on a list.
    Program,
}

impl WorkerKind {
    /// The kind of worker that `policy` is for.
    #[must_use]
    pub fn of(policy: &SandboxPolicy) -> Self {
        match policy.program {
            None => Self::Embedded,
            Some(_) => Self::Program,
        }
    }
}
