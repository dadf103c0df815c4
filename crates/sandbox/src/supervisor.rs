//! The supervisor's side of the launcher.

mod folder;
mod link;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;

use crate::Footing;
use crate::NetworkPorts;
use crate::Operation;
use crate::Privilege;
use crate::SandboxError;
use crate::SandboxReport;
use crate::Worker;
use crate::WorkerNetwork;
use crate::plan::Plan;
use crate::supervisor::link::Answer;
use crate::supervisor::link::Link;
use crate::wire::Job;
use crate::wire::Surroundings;

/// The user and group of root's workers. Nothing assigns the numbers from 65520 to 65533 to anybody.
const WORKER_USER: u32 = 65_530;

/// How long an operation may take; each takes milliseconds unless the machine is in trouble, as one is that stands still for
/// seconds or has far too much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start a launcher.
#[derive(Clone, Debug)]
pub struct LauncherOptions {
    /// The executable that becomes a launcher when its first argument is
    /// [`LAUNCHER_ARGUMENT`](crate::LAUNCHER_ARGUMENT); usually the running one.
    pub program: PathBuf,
    /// The user that workers are when the supervisor is root. It should own nothing.
    pub worker_user: u32,
    /// The group that workers are in when the supervisor is root.
    pub worker_group: u32,
    /// How long any one operation may take.
    pub patience: Duration,
}

impl LauncherOptions {
    /// The usual way to start `program` as a launcher.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            worker_user: WORKER_USER,
            worker_group: WORKER_USER,
            patience: PATIENCE,
        }
    }
}

/// A running launcher. It ends, and every worker with it, when this is dropped.
///
/// All methods block, each for a bounded time, and may be called from many threads.
#[derive(Debug)]
pub struct Launcher {
    link: Arc<Link>,
    listener: Option<JoinHandle<()>>,
    surroundings: Surroundings,
}

impl Launcher {
    /// Starts a launcher. Takes a few milliseconds.
    ///
    /// # Errors
    /// When the program cannot be started or is no launcher, and when the kernel does not allow what
    /// the rung `reduced` needs: Landlock with filters that ask, or namespaces.
    pub fn start(options: &LauncherOptions) -> Result<Self, SandboxError> {
        let (link, listener) = Link::establish(options)?;
        let mut launcher = Self {
            link,
            listener: Some(listener),
            surroundings: Surroundings {
                landlock_abi: None,
                footing: Footing::Bare,
                obstacle: None,
                privilege: Privilege::Person,
                cgroup: None,
            },
        };
        launcher.surroundings = launcher.link.begin(options)?;
        Ok(launcher)
    }

    /// Makes a worker for an engine of the program's own and waits until it is locked in. Takes about 2 ms.
    ///
    /// # Errors
    /// When a step of the set-up fails, it takes too long, or the launcher is gone.
    pub fn spawn(&self) -> Result<Worker, SandboxError> {
        self.spawn_for(Job::Serve)
    }

    /// Makes a worker for a skill that is a program of its own, and waits until it is locked in as far as
    /// it can be without knowing which. Takes about 3 ms.
    ///
    /// # Errors
    /// When a step of the set-up fails, it takes too long, or the launcher is gone.
    pub fn spawn_program(&self) -> Result<Worker, SandboxError> {
        self.spawn_for(Job::Program)
    }

    pub(crate) fn spawn_for(&self, job: Job) -> Result<Worker, SandboxError> {
        match self
            .link
            .ask(Operation::Spawn, |request| crate::wire::Request::Spawn {
                request,
                job,
            })? {
            Answer::Spawned(worker) => Ok(*worker),
            Answer::Ready(_) | Answer::Assigned(_) | Answer::NetworkOpened(_) => {
                Err(misunderstood())
            }
        }
    }

    /// Shows a warm worker what `policy` grants and limits it. The worker is then told the policy, by
    /// its socket, and restricts itself with [`Seat::restrict`](crate::Seat::restrict).
    ///
    /// Granted folders to write that do not exist yet are created. The report says what holds so far:
    /// its rung is `none` until the worker's own report, with Landlock in it, is joined to it.
    ///
    /// # Errors
    /// When less holds here than the policy requires, a path cannot be shown, a limit not set, the worker already has a skill or is gone. The
    /// worker is of no use then.
    pub fn assign(
        &self,
        worker: &Worker,
        policy: &SandboxPolicy,
    ) -> Result<SandboxReport, SandboxError> {
        self.require(policy.required_rung)?;
        let plan = Plan::new(policy)?;
        for grant in &policy.paths {
            if grant.access == FileAccess::Write {
                folder::ensure(&grant.path)?;
            }
        }
        worker.set_limits(plan.limits);
        worker.judge_by(policy);
        match self
            .link
            .ask(Operation::Assign, |request| crate::wire::Request::Assign {
                request,
                worker: worker.number(),
                plan,
            })? {
            Answer::Assigned(notes) => Ok(worker.report().clone().join(&SandboxReport {
                rung: Rung::None,
                layers: Vec::new(),
                notes,
            })),
            Answer::Ready(_) | Answer::Spawned(_) | Answer::NetworkOpened(_) => {
                Err(misunderstood())
            }
        }
    }

    /// Gives a worker a network that leads to the supervisor and nowhere else, and returns the sockets that
    /// everything in it arrives at. Takes about 0.2 ms; a worker without one costs nothing.
    ///
    /// Every address of the worker's network is the worker's own, so that a connection to any of them at one
    /// of `ports` arrives here, with the address it was made to. Other ports refuse.
    ///
    /// # Errors
    /// When there are too many ports, the kernel refuses a step, or the worker is gone.
    pub fn open_network(
        &self,
        worker: &Worker,
        ports: NetworkPorts,
    ) -> Result<WorkerNetwork, SandboxError> {
        let ports = ports.checked()?;
        let entrances = ports.clone();
        match self.link.ask(Operation::OpenNetwork, |request| {
            crate::wire::Request::OpenNetwork {
                request,
                worker: worker.number(),
                ports,
            }
        })? {
            Answer::NetworkOpened(sockets) => {
                worker.lead_to(entrances);
                WorkerNetwork::from_descriptors(sockets).ok_or_else(misunderstood)
            }
            Answer::Ready(_) | Answer::Spawned(_) | Answer::Assigned(_) => Err(misunderstood()),
        }
    }

    /// The launcher's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.link.pid()
    }

    /// Whether the launcher is still there. Once it is not, a new one has to be started.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.link.is_alive()
    }

    /// Whose rights the launcher has.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        self.surroundings.privilege
    }

    /// The kernel's version of Landlock's interface, if it has it.
    #[must_use]
    pub fn landlock_abi(&self) -> Option<i32> {
        self.surroundings.landlock_abi
    }

    /// How much of the sandbox its workers have.
    #[must_use]
    pub fn rung(&self) -> Rung {
        let found = &self.surroundings;
        found.footing.rung(found.landlock_abi)
    }

    /// Fails unless workers have at least this rung.
    fn require(&self, required: Rung) -> Result<(), SandboxError> {
        let available = self.rung();
        if available >= required {
            return Ok(());
        }
        let obstacle = self.surroundings.obstacle.as_ref();
        Err(SandboxError::RungTooLow {
            required,
            available,
            reason: obstacle.map_or_else(
                || "the kernel has no Landlock".to_owned(),
                SandboxError::reason,
            ),
        })
    }

    /// Why its workers have no namespaces, if they have none.
    pub(crate) fn obstacle(&self) -> Option<&SandboxError> {
        self.surroundings.obstacle.as_ref()
    }

    /// The kind of control groups that limit workers' memory, if there are any.
    #[must_use]
    pub fn cgroup(&self) -> Option<crate::CgroupVersion> {
        self.surroundings.cgroup.as_ref().map(|place| place.version)
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.link.close();
        if let Some(listener) = self.listener.take() {
            // It ends within the time it gives the launcher to do so; a panic in it was its own.
            let _ = listener.join();
        }
    }
}

fn misunderstood() -> SandboxError {
    SandboxError::Protocol {
        reason: "an answer to another question".to_owned(),
    }
}
