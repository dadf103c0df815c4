//! Resource limits: what every worker has, and what a skill's limits mean for the kernel.

use mycelium_types::Limits;
use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::prlimit;
use rustix::process::setrlimit;

use crate::Note;
use crate::SandboxError;
use crate::WorkerKind;

const MIB: u64 = 1 << 20;

/// How many calls a worker may spend its processor time budget on in its whole life. Each call has
/// a timer of its own; this limit only catches a worker whose supervisor forgot it.
const CALLS_IN_A_LIFE: u64 = 1000;

/// Standard input, output and error, and the socket, do not count as files of the skill.
pub(crate) const OWN_DESCRIPTORS: u64 = 4;

/// Threads that a program of its own may have besides its first one, and besides its processes: language
/// runtimes start some for themselves.
const THREADS: u64 = 64;

/// The stack of a program of its own, which is also what each of its threads reserves.
const PROGRAM_STACK: u64 = 8 * MIB;

/// Room for an engine's recursion. The kernel counts the stack apart from [`Resource::Data`].
const STACK: u64 = 64 * MIB;

/// Limits the calling process as every worker is, before it has a skill.
pub(crate) fn limit_self(kind: WorkerKind) -> Result<(), SandboxError> {
    let (processes, stack) = match kind {
        WorkerKind::Embedded => (1, STACK), // itself; counted in its own user namespace
        // How many exactly is known when it has a skill.
        WorkerKind::Program => (u64::MAX, PROGRAM_STACK),
    };
    let fixed = [
        (Resource::Core, 0),
        (Resource::Nproc, processes),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Nice, 0),
        (Resource::Rtprio, 0),
        (Resource::Stack, stack),
    ];
    for (resource, value) in fixed {
        let value = value.min(getrlimit(resource).maximum.unwrap_or(u64::MAX));
        setrlimit(resource, both(value)).map_err(failed(resource))?;
    }
    Ok(())
}

/// Limits the worker `pid` as its skill's limits say.
pub(crate) fn limit_worker(
    pid: Pid,
    kind: WorkerKind,
    limits: &Limits,
) -> Result<Vec<Note>, SandboxError> {
    let mut notes = Vec::new();
    let processes = match kind {
        WorkerKind::Embedded => 1,
        WorkerKind::Program => limits.processes.saturating_add(1 + THREADS),
    };
    let wanted = [
        (Resource::Nproc, processes),
        (Resource::Data, limits.memory_mb.saturating_mul(MIB)),
        (Resource::Fsize, limits.file_size_mb.saturating_mul(MIB)),
        (
            Resource::Cpu,
            limits.cpu_seconds.saturating_mul(CALLS_IN_A_LIFE),
        ),
        (
            Resource::Nofile,
            limits.open_files.saturating_add(OWN_DESCRIPTORS),
        ),
    ];
    for (resource, value) in wanted {
        // The worker's own maximum is the launcher's, and only root may go beyond it.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        if most < value && resource == Resource::Nofile {
            notes.push(Note::FewerFiles {
                limit: most.saturating_sub(OWN_DESCRIPTORS),
            });
        }
        prlimit(Some(pid), resource, both(value.min(most))).map_err(failed(resource))?;
    }
    Ok(notes)
}

/// The most memory a worker has in all: its own, its files in `/tmp`, nothing else.
pub(crate) fn memory_in_all(limits: &Limits) -> u64 {
    limits
        .memory_mb
        .saturating_add(limits.tmp_mb)
        .saturating_mul(MIB)
}

/// The size of `/tmp`, in bytes.
pub(crate) fn temporary_bytes(limits: &Limits) -> u64 {
    limits.tmp_mb.saturating_mul(MIB)
}

/// The processor time a worker has in its life.
pub(crate) fn cpu_in_a_life(limits: &Limits) -> std::time::Duration {
    std::time::Duration::from_secs(limits.cpu_seconds.saturating_mul(CALLS_IN_A_LIFE))
}

fn both(value: u64) -> Rlimit {
    Rlimit {
        current: Some(value),
        maximum: Some(value),
    }
}

fn failed(resource: Resource) -> impl FnOnce(rustix::io::Errno) -> SandboxError {
    move |errno| SandboxError::Limit {
        resource: format!("{resource:?}"),
        source: errno.into(),
    }
}
