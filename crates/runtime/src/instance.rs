//! The instances that live: who shares them, how long they are kept, what they use.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mycelium_protocol::control;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_types::Engine;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use mycelium_types::SkillId;
use mycelium_types::SkillSource;
use mycelium_types::SkillState;
use tokio::sync::watch;

use crate::gauges::Gauges;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::launch::LaunchSpec;
use crate::live_worker::LiveWorker;
use crate::metrics::Usage;
use crate::restarts::RestartKey;
use crate::transition::StateMachine;
use crate::workspace::Workspace;

/// Calls that wait for one instance; more are refused.
const MAX_WAITING: usize = 1_000;

/// What makes two requests share an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InstanceKey {
    pub(crate) workspace: PathBuf,
    /// Absent for an instance that the whole workspace shares.
    pub(crate) session: Option<String>,
    pub(crate) skill: SkillId,
    /// Where it comes from: two sources may have a skill of the same name and version.
    pub(crate) source: SkillSource,
    /// Tells apart the instances that live for one call.
    pub(crate) call: Option<u64>,
}

impl InstanceKey {
    /// What is not started again at once when a worker of it ends badly.
    pub(crate) fn restart_key(&self) -> RestartKey {
        RestartKey {
            workspace: self.workspace.clone(),
            skill: self.skill.name.clone(),
        }
    }
}

/// One skill running for one scope, or about to.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) key: InstanceKey,
    pub(crate) machine: StateMachine,
    /// What runs. Held for the length of a call, so that calls of one instance follow one another in
    /// the order they came.
    pub(crate) running: Arc<tokio::sync::Mutex<Option<Running>>>,
    waiting: AtomicUsize,
    calls: AtomicU64,
    used: Mutex<Instant>,
    gauges: Mutex<Option<(Gauges, Engine)>>,
    watched: Mutex<Option<WatchedSkill>>,
}

/// A running skill that is to be reloaded when its files change.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedSkill {
    /// Its folder.
    pub root: PathBuf,
    /// On whose behalf it is reloaded.
    pub context: RequestContext,
    /// The skill.
    pub skill: SkillSelector,
}

/// What an instance has while it lives.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) worker: LiveWorker,
    pub(crate) launch: Arc<LaunchSpec>,
    /// The workspace whose grants it runs with.
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) hooks: BTreeSet<Hook>,
}

impl Inner {
    /// Starts what `launch` is for outside of all instances: for whoever wants to look at it once, and ends it.
    pub(crate) async fn start_apart(
        self: &Arc<Self>,
        launch: &Arc<LaunchSpec>,
        workspace: &Arc<Workspace>,
    ) -> Result<Running, ErrorReport> {
        let supervisor = Arc::clone(&self.supervisor);
        let of = Arc::clone(launch);
        let (worker, _) = blocking(move || {
            let authority = of.authority.as_deref();
            supervisor.start(&of.policy, of.members(), None, authority)
        })
        .await?;
        Ok(Running {
            worker,
            launch: Arc::clone(launch),
            workspace: Arc::clone(workspace),
            hooks: BTreeSet::new(),
        })
    }
}

impl Instance {
    fn new(key: InstanceKey) -> Self {
        Self {
            machine: StateMachine::new(key.skill.name.clone()),
            key,
            running: Arc::default(),
            waiting: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
            used: Mutex::new(Instant::now()),
            gauges: Mutex::default(),
            watched: Mutex::default(),
        }
    }

    /// Takes a place in the queue of calls.
    pub(crate) fn queue(self: &Arc<Self>) -> Result<Place, ErrorReport> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= MAX_WAITING {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(ErrorReport::new(ErrorCode::Overloaded).with("skill", &self.key.skill.name));
        }
        Ok(Place(Arc::clone(self)))
    }

    pub(crate) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn touch(&self) {
        *lock(&self.used) = Instant::now();
    }

    /// Since when nobody has used it; now, if somebody does.
    pub(crate) fn idle_since(&self) -> Instant {
        if self.waiting.load(Ordering::Acquire) > 0 {
            Instant::now()
        } else {
            *lock(&self.used)
        }
    }

    pub(crate) fn set_gauges(&self, gauges: Option<(Gauges, Engine)>) {
        *lock(&self.gauges) = gauges;
    }

    pub(crate) fn set_watched(&self, watched: Option<WatchedSkill>) {
        *lock(&self.watched) = watched;
    }

    /// What shows how much it uses, while it has a worker.
    pub(crate) fn gauges(&self) -> Option<Gauges> {
        lock(&self.gauges)
            .as_ref()
            .map(|(gauges, _)| gauges.clone())
    }

    fn memory_bytes(&self) -> u64 {
        self.gauges()
            .and_then(|gauges| gauges.worker.usage().ok())
            .map_or(0, |usage| usage.memory)
    }

    fn describe(&self) -> Option<control::Instance> {
        let (gauges, engine) = lock(&self.gauges).clone()?;
        let usage = gauges.worker.usage().ok();
        Some(control::Instance {
            skill: self.key.skill.name.clone(),
            version: self.key.skill.version.clone(),
            session: self.key.session.clone(),
            workspace: self.key.workspace.clone(),
            state: self.machine.state(),
            pid: gauges.worker.pid(),
            engine: engine.as_str().to_owned(),
            memory_bytes: usage.map_or(0, |usage| usage.memory),
            cpu_milliseconds: usage.map_or(0, |usage| {
                u64::try_from(usage.cpu_time.as_millis()).unwrap_or(u64::MAX)
            }),
            calls: self.calls.load(Ordering::Relaxed),
            usage: gauges.read(usage),
        })
    }
}

/// A place in an instance's queue, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Instance>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// All instances of all workspaces.
#[derive(Debug)]
pub(crate) struct Instances {
    table: Mutex<HashMap<InstanceKey, Arc<Instance>>>,
    live: watch::Sender<usize>,
    watched: watch::Sender<Vec<WatchedSkill>>,
}

impl Default for Instances {
    fn default() -> Self {
        Self {
            table: Mutex::default(),
            live: watch::Sender::new(0),
            watched: watch::Sender::default(),
        }
    }
}

impl Instances {
    /// The instance of a key; a new one has nothing running yet.
    pub(crate) fn get_or_insert(&self, key: InstanceKey) -> Arc<Instance> {
        let mut table = lock(&self.table);
        let instance = table
            .entry(key)
            .or_insert_with_key(|key| Arc::new(Instance::new(key.clone())));
        Arc::clone(instance)
    }

    pub(crate) fn get(&self, key: &InstanceKey) -> Option<Arc<Instance>> {
        lock(&self.table).get(key).cloned()
    }

    /// The instances that `wanted` picks, by skill.
    pub(crate) fn select(&self, wanted: impl Fn(&InstanceKey) -> bool) -> Vec<Arc<Instance>> {
        let table = lock(&self.table);
        let mut chosen: Vec<_> = table
            .values()
            .filter(|instance| wanted(&instance.key))
            .cloned()
            .collect();
        chosen.sort_by(|a, b| a.key.skill.cmp(&b.key.skill));
        chosen
    }

    /// Whether requests of its key get this instance.
    pub(crate) fn is_current(&self, instance: &Arc<Instance>) -> bool {
        lock(&self.table)
            .get(&instance.key)
            .is_some_and(|current| Arc::ptr_eq(current, instance))
    }

    /// Forgets an instance, unless it has been replaced meanwhile.
    pub(crate) fn remove(&self, instance: &Arc<Instance>) {
        let mut table = lock(&self.table);
        if table
            .get(&instance.key)
            .is_some_and(|current| Arc::ptr_eq(current, instance))
        {
            table.remove(&instance.key);
        }
    }

    /// How many instances have a worker, as that changes.
    pub(crate) fn live(&self) -> watch::Receiver<usize> {
        self.live.subscribe()
    }

    /// Counts again after an instance got or lost its worker.
    pub(crate) fn recount(&self) {
        let table = lock(&self.table);
        let running = || {
            table
                .values()
                .filter(|instance| instance.gauges().is_some())
        };
        self.live.send_replace(running().count());
        let watched: Vec<_> = running()
            .filter_map(|instance| lock(&instance.watched).clone())
            .collect();
        self.watched.send_if_modified(|before| {
            let changed = *before != watched;
            *before = watched;
            changed
        });
    }

    /// The running skills that want to be reloaded, as that changes.
    pub(crate) fn watched(&self) -> watch::Receiver<Vec<WatchedSkill>> {
        self.watched.subscribe()
    }

    /// The state a session sees a skill in.
    pub(crate) fn state(
        &self,
        workspace: &std::path::Path,
        session: &str,
        skill: &SkillId,
    ) -> Option<SkillState> {
        lock(&self.table)
            .values()
            .find(|instance| {
                instance.key.workspace == workspace
                    && instance.key.skill == *skill
                    && instance.key.call.is_none()
                    && instance
                        .key
                        .session
                        .as_deref()
                        .is_none_or(|owner| owner == session)
            })
            .map(|instance| instance.machine.state())
            .filter(|state| *state != SkillState::Unloaded)
    }

    /// What one workspace uses now.
    pub(crate) fn usage(&self, workspace: &std::path::Path) -> Usage {
        let instances = self.select(|key| key.workspace == workspace);
        let live: Vec<_> = instances
            .iter()
            .filter(|instance| instance.gauges().is_some())
            .collect();
        Usage {
            instances: live.len() as u64,
            memory_bytes: live.iter().map(|instance| instance.memory_bytes()).sum(),
        }
    }

    /// Everything that runs.
    pub(crate) fn describe(&self) -> Vec<control::Instance> {
        self.select(|_| true)
            .iter()
            .filter_map(|instance| instance.describe())
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(session: &str) -> InstanceKey {
        InstanceKey {
            workspace: "/w".into(),
            session: Some(session.to_owned()),
            skill: SkillId {
                name: "demo".parse().unwrap(),
                version: "1.0.0".parse().unwrap(),
            },
            source: SkillSource::Folder {
                path: "/w/demo".into(),
            },
            call: None,
        }
    }

    #[test]
    fn sessions_have_instances_of_their_own() {
        let instances = Instances::default();
        let one = instances.get_or_insert(key("one"));
        assert!(Arc::ptr_eq(&one, &instances.get_or_insert(key("one"))));
        assert!(!Arc::ptr_eq(&one, &instances.get_or_insert(key("two"))));
        instances.remove(&one);
        assert!(instances.get(&key("one")).is_none());
        let again = instances.get_or_insert(key("one"));
        instances.remove(&one);
        assert!(Arc::ptr_eq(&again, &instances.get(&key("one")).unwrap()));
    }

    #[test]
    fn the_queue_is_bounded() {
        let instance = Instances::default().get_or_insert(key("one"));
        let places: Vec<_> = (0..MAX_WAITING)
            .map(|_| instance.queue().unwrap())
            .collect();
        assert_eq!(instance.queue().unwrap_err().code, ErrorCode::Overloaded);
        drop(places);
        assert!(instance.queue().is_ok());
    }
}
