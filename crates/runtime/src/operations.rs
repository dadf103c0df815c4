//! Everything a client can ask for besides a call.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use mycelium_protocol::Event;
use mycelium_protocol::LifecycleStep;
use mycelium_protocol::control::Discovery;
use mycelium_protocol::control::MetricsReport;
use mycelium_protocol::control::ProcessId;
use mycelium_protocol::control::ProcessReport;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SearchRequest;
use mycelium_protocol::control::SkillChange;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::SkillSummary;
use mycelium_protocol::control::UnloadReport;
use mycelium_registry::SearchQuery;
use mycelium_registry::SkillRecord;
use mycelium_types::ErrorReport;
use mycelium_types::SkillState;

use crate::EventSink;
use crate::catalogue;
use crate::catalogue::Found;
use crate::execution::breaker_key;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::instance::Instance;
use crate::instance::InstanceKey;
use crate::lifecycle::Caller;
use crate::restarts::RestartKey;
use crate::servers::offering_server;
use crate::skill_calls::FROM_OUTSIDE;
use crate::workspace::Workspace;

/// The context of an operation on one skill.
struct Target {
    workspace: Arc<Workspace>,
    record: Arc<SkillRecord>,
    correlation_id: String,
    started: Instant,
}

impl Inner {
    async fn target(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<Target, ErrorReport> {
        let started = Instant::now();
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, skill).await?;
        Ok(Target {
            workspace,
            record,
            correlation_id: self.new_correlation_id(),
            started,
        })
    }

    pub(crate) fn instance_of(
        &self,
        caller: &Caller<'_>,
        record: &SkillRecord,
    ) -> Option<Arc<Instance>> {
        let key = self.instance_key(caller, record);
        self.instances.get(&InstanceKey { call: None, ..key })
    }

    /// The state a session sees a skill in; one without an instance has at most been read.
    pub(crate) fn state_of(
        &self,
        workspace: &Workspace,
        session: &str,
        record: &SkillRecord,
    ) -> SkillState {
        self.instances
            .state(&workspace.path, session, &record.id())
            .unwrap_or(SkillState::Unloaded)
    }

    pub(crate) async fn discover(
        self: &Arc<Self>,
        context: &RequestContext,
        paths: Vec<PathBuf>,
    ) -> Result<Discovery, ErrorReport> {
        let (workspace, found) = self.look_for_skills(context, paths).await?;
        Ok(catalogue::report(found, &workspace, |record| {
            self.summary(&workspace, &context.session, record)
        }))
    }

    /// Looks for skills in the workspace's folders, or in `paths` instead.
    pub(crate) async fn look_for_skills(
        self: &Arc<Self>,
        context: &RequestContext,
        paths: Vec<PathBuf>,
    ) -> Result<(Arc<Workspace>, Found), ErrorReport> {
        let workspace = self.workspace(context).await?;
        let registry = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(&workspace);
            blocking(move || Ok(inner.registry_to_discover(&workspace))).await?
        };
        let found = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(&workspace);
            blocking(move || Ok(inner.discover_again(&workspace, &registry, &paths))).await?
        };
        Ok((workspace, found))
    }

    pub(crate) async fn list(
        self: &Arc<Self>,
        context: &RequestContext,
    ) -> Result<Vec<SkillSummary>, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let registry = self.registry(&workspace).await?;
        Ok(registry
            .list()
            .iter()
            .map(|record| self.summary(&workspace, &context.session, record))
            .collect())
    }

    pub(crate) async fn search(
        self: &Arc<Self>,
        context: &RequestContext,
        request: SearchRequest,
    ) -> Result<Vec<SkillSummary>, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let registry = self.registry(&workspace).await?;
        let query = catalogue::query(request)?;
        let found = blocking(move || Ok(registry.search(&query))).await?;
        Ok(found
            .iter()
            .map(|hit| self.summary(&workspace, &context.session, &hit.record))
            .collect())
    }

    /// The same for an agent, which finds nothing that the settings of Claude Code keep from agents.
    pub(crate) async fn search_for_agent(
        self: &Arc<Self>,
        context: &RequestContext,
        request: SearchRequest,
    ) -> Result<Vec<SkillSummary>, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let registry = self.registry(&workspace).await?;
        let view = self.claude_view(&workspace).await?;
        let query = catalogue::query(request)?;
        let limit = query.limit;
        let found = blocking(move || {
            Ok(registry.search(&SearchQuery {
                limit: usize::MAX,
                ..query
            }))
        })
        .await?;
        Ok(found
            .iter()
            .filter(|hit| view.is_for_agents(&hit.record))
            .take(limit)
            .map(|hit| self.summary(&workspace, &context.session, &hit.record))
            .collect())
    }

    pub(crate) fn summary(
        &self,
        workspace: &Workspace,
        session: &str,
        record: &SkillRecord,
    ) -> SkillSummary {
        let manifest = &record.manifest;
        SkillSummary {
            id: record.id(),
            description: manifest.description.clone(),
            source: record.source.clone(),
            offered_by: record.place.server().and_then(offering_server),
            tags: manifest.tags.clone(),
            category: manifest.category.clone(),
            deprecated: manifest.deprecated.clone(),
            state: self.state_of(workspace, session, record),
        }
    }

    pub(crate) async fn activate(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let target = self.target(context, skill).await?;
        let caller = target.caller(context, events);
        let key = self.instance_key(&caller, &target.record);
        let instance = self
            .instances
            .get_or_insert(InstanceKey { call: None, ..key });
        let mut slot = Arc::clone(&instance.running).lock_owned().await;
        let before = instance.machine.state();
        self.renew(caller.workspace, &instance, &mut slot, caller.events)
            .await?;
        if instance.machine.state() == SkillState::Deactivated
            && slot.as_ref().is_some_and(|run| run.worker.is_usable())
        {
            (events)(Event::Lifecycle {
                skill: target.record.name().clone(),
                step: LifecycleStep::Activating,
            });
            self.activate_running(caller, &instance, &mut slot).await?;
        } else {
            self.ensure_active(caller, &target.record, &instance, &mut slot)
                .await?;
        }
        Ok(target.change(instance.machine.state(), before != SkillState::Active))
    }

    pub(crate) async fn deactivate(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let target = self.target(context, skill).await?;
        let caller = target.caller(context, events);
        let key = self.instance_key(&caller, &target.record);
        let instance = self
            .instances
            .get_or_insert(InstanceKey { call: None, ..key });
        let mut slot = Arc::clone(&instance.running).lock_owned().await;
        if instance.machine.state() == SkillState::Deactivated {
            return Ok(target.change(SkillState::Deactivated, false));
        }
        self.ensure_active(caller, &target.record, &instance, &mut slot)
            .await?;
        (events)(Event::Lifecycle {
            skill: target.record.name().clone(),
            step: LifecycleStep::Deactivating,
        });
        self.deactivate_running(caller, &instance, &mut slot)
            .await?;
        Ok(target.change(SkillState::Deactivated, true))
    }

    pub(crate) async fn unload(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let target = self.target(context, skill).await?;
        let caller = target.caller(context, events);
        let mut changed = false;
        if let Some(instance) = self.instance_of(&caller, &target.record) {
            let mut slot = Arc::clone(&instance.running).lock_owned().await;
            changed = instance.machine.state() != SkillState::Unloaded;
            self.retire(&instance, &mut slot, events).await?;
        }
        Ok(target.change(SkillState::Unloaded, changed))
    }

    /// Reads the skill again and, if it runs, starts it anew.
    pub(crate) async fn reload(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let started = Instant::now();
        let workspace = self.workspace(context).await?;
        let old = self.find(&workspace, skill).await?;
        // The manifest may have changed as well, its version included.
        let registry = self.registry(&workspace).await?;
        {
            let (inner, workspace) = (Arc::clone(self), Arc::clone(&workspace));
            blocking(move || {
                catalogue::discover(&workspace, &registry, &inner.options.folders, &[]);
                Ok(())
            })
            .await?;
        }
        let record = self.find(&workspace, skill).await?;
        let target = Target {
            workspace,
            record,
            correlation_id: self.new_correlation_id(),
            started,
        };
        let caller = target.caller(context, events);
        let running = self.instance_of(&caller, &old);
        let fresh = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(&target.workspace);
            let record = Arc::clone(&target.record);
            blocking(move || inner.launches.verify(&workspace, &record.source)).await
        };
        if let Some(instance) = &running {
            let mut slot = Arc::clone(&instance.running).lock_owned().await;
            let changed = match (&fresh, slot.as_ref()) {
                (Ok((skill, _)), Some(run)) => skill.digest() != run.launch.skill.digest(),
                _ => true,
            };
            if changed {
                (events)(Event::ReloadDetected {
                    skill: target.record.name().clone(),
                });
            }
            if let Err(error) = self.retire(instance, &mut slot, events).await {
                tracing::info!(skill = %instance.key.skill, %error, "an instance ended badly");
            }
        }
        fresh?;
        (events)(Event::Lifecycle {
            skill: target.record.name().clone(),
            step: LifecycleStep::Loading,
        });
        let key = self.instance_key(&caller, &target.record);
        let instance = self
            .instances
            .get_or_insert(InstanceKey { call: None, ..key });
        let mut slot = Arc::clone(&instance.running).lock_owned().await;
        self.ensure_active(caller, &target.record, &instance, &mut slot)
            .await?;
        Ok(target.change(instance.machine.state(), true))
    }

    pub(crate) async fn unload_all(
        self: &Arc<Self>,
        context: &RequestContext,
        events: &EventSink,
    ) -> Result<UnloadReport, ErrorReport> {
        let started = Instant::now();
        let workspace = self.workspace(context).await?;
        let instances = self.instances.select(|key| key.workspace == workspace.path);
        let mut report = self.retire_all(instances, events).await;
        report.milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        Ok(report)
    }

    /// Ends instances. One that fails on the way ends all the same.
    pub(crate) async fn retire_all(
        self: &Arc<Self>,
        instances: Vec<Arc<Instance>>,
        events: &EventSink,
    ) -> UnloadReport {
        let mut report = UnloadReport {
            skills: Vec::new(),
            failures: Vec::new(),
            milliseconds: 0.0,
        };
        for instance in instances {
            let mut slot = Arc::clone(&instance.running).lock_owned().await;
            if instance.machine.state() == SkillState::Unloaded {
                self.instances.remove(&instance);
                continue;
            }
            report.skills.push(instance.key.skill.clone());
            if let Err(error) = self.retire(&instance, &mut slot, events).await {
                report.failures.push(error);
            }
        }
        report
    }

    pub(crate) async fn reset(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let target = self.target(context, skill).await?;
        let caller = target.caller(context, events);
        let key = breaker_key(&caller, &target.record);
        let delayed = self.restarts.forget(&RestartKey {
            workspace: key.workspace.clone(),
            skill: key.skill.clone(),
        });
        let changed = self.breakers().await?.reset(&key) || delayed;
        self.keep_breakers().await?;
        let state = self.state_of(&target.workspace, &context.session, &target.record);
        Ok(target.change(state, changed))
    }

    pub(crate) async fn metrics_report(
        self: &Arc<Self>,
        context: &RequestContext,
    ) -> Result<MetricsReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let usage = self.instances.usage(&workspace.path);
        Ok(self.metrics.report(&workspace.path, usage))
    }

    pub(crate) fn processes(&self) -> ProcessReport {
        let id = |pid| ProcessId { pid };
        ProcessReport {
            daemon: id(std::process::id()),
            launcher: self.supervisor.launcher_pid().map(id),
            warm: self.supervisor.warm_pids().into_iter().map(id).collect(),
            instances: self.instances.describe(),
        }
    }
}

impl Target {
    fn caller<'a>(&'a self, context: &'a RequestContext, events: &'a EventSink) -> Caller<'a> {
        Caller {
            workspace: &self.workspace,
            session: &context.session,
            events,
            correlation_id: &self.correlation_id,
            observed: None,
            origin: &FROM_OUTSIDE,
        }
    }

    fn change(&self, state: SkillState, changed: bool) -> SkillChange {
        SkillChange {
            skill: self.record.id(),
            state,
            changed,
            milliseconds: self.started.elapsed().as_secs_f64() * 1000.0,
        }
    }
}
