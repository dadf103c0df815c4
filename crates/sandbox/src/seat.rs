//! A worker's place in the world: one socket, and the way to give up the rest.

use std::os::unix::net::UnixStream;

use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;

use crate::Footing;
use crate::Layer;
use crate::Lifetime;
use crate::Note;
use crate::OsError;
use crate::Process;
use crate::Program;
use crate::SandboxError;
use crate::SandboxReport;
use crate::WorkerKind;
use crate::restrict;
use crate::restrict::Making;

/// What a worker has when its main function starts: a socket to the runtime and nothing else.
///
/// The namespaces, the private root, the limits and the system call filter hold already. What is
/// missing is the skill: the worker learns the policy from its first message and then calls
/// [`Seat::restrict`], before it reads a single byte of the skill.
#[derive(Debug)]
pub struct Seat {
    socket: UnixStream,
    kind: WorkerKind,
    report: SandboxReport,
    restricted: bool,
}

impl Seat {
    pub(crate) fn new(socket: UnixStream, kind: WorkerKind, report: SandboxReport) -> Self {
        Self {
            socket,
            kind,
            report,
            restricted: false,
        }
    }

    /// The socket to the runtime, in blocking mode.
    #[must_use]
    pub fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// What the worker can be given.
    #[must_use]
    pub fn kind(&self) -> WorkerKind {
        self.kind
    }

    /// Becomes `program`, with the socket as its descriptor 3. Returns only when that failed, with the
    /// reason; the worker must end then.
    #[must_use]
    pub fn become_program(&self, program: &Program<'_>) -> OsError {
        program.replace(&self.socket)
    }

    /// Starts `program` as a child, with pipes for what it prints and, if it lives for many calls, for what it reads.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_program(
        &self,
        program: &Program<'_>,
        lifetime: Lifetime,
    ) -> std::io::Result<Process> {
        program.start(lifetime)
    }

    /// Gives the socket away.
    #[must_use]
    pub fn into_socket(self) -> UnixStream {
        self.socket
    }

    /// Lets Landlock hold exactly the policy's paths from here on and enters the workspace.
    ///
    /// The launcher has put those paths in place before the worker was told its policy.
    ///
    /// # Errors
    /// When Landlock does not hold for any reason, when less holds than the policy requires, or when called a
    /// second time. The worker must end then: it may be half restricted.
    pub fn restrict(&mut self, policy: &SandboxPolicy) -> Result<SandboxReport, SandboxError> {
        if std::mem::replace(&mut self.restricted, true) {
            return Err(SandboxError::AlreadyRestricted);
        }
        if WorkerKind::of(policy) != self.kind {
            return Err(SandboxError::WrongKind);
        }
        let footing = self.footing();
        let abi = restrict::apply(policy, footing, self.making())?;
        let mut report = self.report.clone();
        report.layers.extend(abi.map(|abi| Layer::Landlock { abi }));
        report.rung = footing.rung(abi);
        if report.rung < policy.required_rung.max(Rung::Reduced) {
            return Err(SandboxError::RungTooLow {
                required: policy.required_rung,
                available: report.rung,
                reason: report.shortfall(),
            });
        }
        Ok(report)
    }

    /// Who makes what is new where this worker may write. Who is listened to by a supervisor can make it ask.
    fn making(&self) -> Making {
        match self.report.notes.contains(&Note::Coarse) {
            true => Making::Own,
            false => Making::Supervisors,
        }
    }

    /// What this worker stands on. Where that is bare, paths that are elsewhere inside a private root are where
    /// they are on the host.
    #[must_use]
    pub fn footing(&self) -> Footing {
        if self.report.layers.contains(&Layer::Namespaces) {
            Footing::Namespaces
        } else {
            Footing::Bare
        }
    }
}
