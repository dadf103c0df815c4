//! The question every file operation of a program asks first: is this path inside the policy?
//!
//! The kernel decides by itself, from the same policy, and is what holds. The guard exists to say *what* was tried:
//! a refusal becomes a [`Denied`] notification that names the operation and the path, and the operation fails with
//! `EACCES`. A path inside the policy that does not exist is no refusal. The module loader does not ask: looking for
//! a package in folders that are not there is not an attempt by the program.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::MAX_OBSERVED;
use mycelium_policy::PathGrant;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::Operation;
use mycelium_protocol::worker::Denied;
use mycelium_protocol::worker::Looked;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Omitted;
use mycelium_protocol::worker::Used;
use mycelium_types::FileAccess;
use rquickjs::Ctx;
use rustix::io::Errno;

use super::host::Host;
use super::path;

/// As many different uses and refusals as one call can report. What is refused on top is counted.
const MAX_REPORTS: usize = 256;

/// How often the use of one grant is reported of a program that is not observed.
const USE_INTERVAL: Duration = Duration::from_secs(60);

/// The policy as the guard sees it, and what it has refused during the current call.
#[derive(Debug, Default)]
pub(super) struct Guard {
    policy: Option<SandboxPolicy>,
    working_directory: PathBuf,
    reported: HashSet<(Operation, PathBuf)>,
    /// Refusals that are not reported, since this was last asked.
    omitted: u64,
    looked: HashSet<Looked>,
    /// When the use of which grant was last reported.
    used: Vec<(PathGrant, Instant)>,
}

/// Asks whether the program may use `attempted` with `access`; a refusal is reported.
///
/// # Errors
/// `EACCES` when the policy does not allow it.
pub(super) fn admit(ctx: &Ctx<'_>, access: FileAccess, attempted: &[u8]) -> rustix::io::Result<()> {
    let host = Host::of(ctx).map_err(|_| Errno::ACCESS)?;
    let verdict = host.guard.borrow_mut().check(access, attempted);
    let (outcome, report) = match verdict {
        Verdict::Admitted(used) => (Ok(()), used.map(Notification::Used)),
        Verdict::Refused(denied) => (Err(Errno::ACCESS), denied.map(Notification::Denied)),
    };
    if let Some(report) = report {
        host.output.borrow_mut().tell(report);
    }
    outcome
}

/// Reports what an observed program looked for in its surroundings.
pub(super) fn note_look(ctx: &Ctx<'_>, looked: Looked) -> rquickjs::Result<()> {
    let host = Host::of(ctx)?;
    let is_told = host.guard.borrow_mut().is_told(&looked);
    if is_told {
        host.output.borrow_mut().tell(Notification::Looked(looked));
    }
    Ok(())
}

/// The guard's answer, with its report unless there is none to make or it was made before.
#[derive(Debug)]
enum Verdict {
    Admitted(Option<Used>),
    Refused(Option<Denied>),
}

impl Guard {
    /// A guard that lets everything pass: outside a sandbox.
    pub(super) fn open() -> Self {
        Self {
            working_directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            ..Self::default()
        }
    }

    /// A guard for `policy`, whose workspace is the working directory.
    pub(super) fn new(policy: SandboxPolicy) -> Self {
        Self {
            working_directory: policy.workspace.clone(),
            policy: Some(policy),
            reported: HashSet::new(),
            omitted: 0,
            looked: HashSet::new(),
            used: Vec::new(),
        }
    }

    /// Forgets what was reported, so that the next call reports it again.
    pub(super) fn begin_call(&mut self) {
        self.reported.clear();
        self.looked.clear();
    }

    /// How many refusals were not reported since this was last asked, if there were any.
    pub(super) fn take_omitted(&mut self) -> Option<Omitted> {
        let refused = std::mem::take(&mut self.omitted);
        (refused > 0).then_some(Omitted { refused })
    }

    /// The folder from which relative paths start.
    pub(super) fn working_directory(&self) -> PathBuf {
        self.working_directory.clone()
    }

    /// Makes `folder` the working directory.
    pub(super) fn enter(&mut self, folder: &Path) {
        self.working_directory = path::resolve(&self.working_directory, folder);
    }

    /// Whether a look is to be reported: that of an observed program, once for each call.
    fn is_told(&mut self, looked: &Looked) -> bool {
        let is_observed = self.policy.as_ref().is_some_and(|policy| policy.observed);
        is_observed && self.looked.len() < MAX_OBSERVED && self.looked.insert(looked.clone())
    }

    fn check(&mut self, access: FileAccess, attempted: &[u8]) -> Verdict {
        let Some(policy) = &self.policy else {
            return Verdict::Admitted(None);
        };
        let attempted_path = Path::new(OsStr::from_bytes(attempted));
        let resolved = path::resolve(&self.working_directory, attempted_path);
        let operation = match access {
            FileAccess::Read => Operation::Read,
            FileAccess::Write => Operation::Write,
        };
        let is_allowed = policy.allows(&resolved, access);
        if is_allowed {
            let Some(grant) = policy.grant_of(&resolved, access) else {
                return Verdict::Admitted(None);
            };
            if !policy.observed && !is_due(&mut self.used, grant) {
                return Verdict::Admitted(None);
            }
        }
        let report = (operation, resolved);
        let is_new = !self.reported.contains(&report);
        let most = match policy.observed {
            true => MAX_OBSERVED,
            false => MAX_REPORTS,
        };
        let is_told = is_new && self.reported.len() < most;
        if is_told {
            self.reported.insert(report.clone());
        }
        let (operation, resolved) = report;
        if is_allowed {
            return Verdict::Admitted(is_told.then_some(Used {
                operation,
                resolved,
            }));
        }
        self.omitted += u64::from(is_new && !is_told);
        Verdict::Refused(is_told.then(|| Denied {
            operation,
            attempted: String::from_utf8_lossy(attempted).into_owned(),
            resolved,
        }))
    }
}

/// Whether the use of a grant is to be reported again; it counts as reported from here on.
fn is_due(used: &mut Vec<(PathGrant, Instant)>, grant: &PathGrant) -> bool {
    let now = Instant::now();
    match used.iter_mut().find(|(known, _)| known == grant) {
        Some((_, last)) if now.duration_since(*last) < USE_INTERVAL => false,
        Some((_, last)) => {
            *last = now;
            true
        }
        None => {
            used.push((grant.clone(), now));
            true
        }
    }
}
