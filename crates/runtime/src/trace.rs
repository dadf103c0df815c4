//! Finding out which permissions a skill needs, by running it under observation.
//!
//! An observed call has an instance of its own. It runs with what the skill is granted, sees the workspace
//! besides (and changes it, if that was asked for), and tells what it uses, and what it looks for. Everything else is
//! refused as ever, and is told with the permission that would have allowed it.

mod declared;
mod needs;
mod observation;
mod surroundings;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use mycelium_config::SecretStore;
use mycelium_policy::MAX_OBSERVED;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::Event;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::TraceReport;
use mycelium_protocol::control::TraceRequest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use mycelium_types::Permission;

use crate::EventSink;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::skill_calls::FROM_OUTSIDE;
use crate::trace::declared::Declared;
use crate::trace::needs::Needs;
use crate::trace::observation::Observation;
use crate::trace::surroundings::Surroundings;

/// What is shown of the workspace to a skill that is observed, as permissions of it.
pub(crate) fn shown(workspace: &Path, access: FileAccess) -> Vec<Permission> {
    let mut shown = vec![Permission::Filesystem {
        paths: vec![".".to_owned()],
        access: FileAccess::Read,
    }];
    if access == FileAccess::Write {
        // The workspace as a whole is never writable; what is in it is judged one by one.
        let entries = fs_err::read_dir(workspace).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut paths: Vec<_> = names.map(|name| format!("./{name}")).collect();
        paths.sort();
        shown.push(Permission::Filesystem { paths, access });
    }
    shown
}

impl Inner {
    /// Runs a function of a skill under observation.
    ///
    /// # Errors
    /// Why the function was not run, if nothing was seen either: a report would say that it needs nothing.
    pub(crate) async fn trace(
        self: &Arc<Self>,
        context: &RequestContext,
        request: TraceRequest,
        events: &EventSink,
    ) -> Result<TraceReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        if workspace.trust() == WorkspaceTrust::Untrusted {
            return Err(ErrorReport::new(ErrorCode::PermissionRequired)
                .with("skill", &request.call.skill.name)
                .with("needs", "workspace")
                .with("permissions", "filesystem: read access to ."));
        }
        let record = self.find(&workspace, &request.call.skill).await?;
        let (skill, evaluation, secrets) = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(&workspace);
            let source = record.source.clone();
            let store = SecretStore::below(&self.options.folders.state);
            blocking(move || {
                let (skill, evaluation) = inner.launches.verify(&workspace, &source)?;
                // Before the call, which changes things: without the names there can be no report.
                Ok((skill, evaluation, store.names()?))
            })
            .await?
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let is_cut = Arc::new(AtomicBool::new(false));
        let has_begun = Arc::new(AtomicBool::new(false));
        let sink: EventSink = {
            let (seen, events) = (Arc::clone(&seen), Arc::clone(events));
            let own = request.call.skill.name.clone();
            let (is_cut, has_begun) = (Arc::clone(&is_cut), Arc::clone(&has_begun));
            Arc::new(move |event| {
                if matches!(&event, Event::Executing { skill, .. } if *skill == own) {
                    has_begun.store(true, Ordering::Relaxed);
                }
                if matches!(&event, Event::ViolationsOmitted { skill, .. } if *skill == own) {
                    is_cut.store(true, Ordering::Relaxed);
                }
                for observation in Observation::of(&event, &own) {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    if seen.len() < MAX_OBSERVED {
                        seen.push(observation);
                    }
                }
                (events)(event);
            })
        };
        let exec = self
            .execute(
                context,
                request.call,
                &sink,
                (Some(request.access), FROM_OUTSIDE.clone()),
            )
            .await;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        if !has_begun.load(Ordering::Relaxed) && seen.is_empty() {
            exec.outcome.as_ref().map_err(Clone::clone)?;
        }
        let incomplete = is_cut.load(Ordering::Relaxed) || seen.len() >= MAX_OBSERVED;
        blocking(move || {
            let surroundings = Surroundings {
                manifest: skill.manifest(),
                evaluation: &evaluation,
                environment: &workspace.environment,
                secrets: &secrets,
            };
            let seen = seen.into_iter();
            let seen: Vec<_> = seen.filter_map(|one| surroundings.judge(one)).collect();
            let policy = &evaluation.policy;
            let mut needs = Needs::default();
            for observation in &seen {
                needs.note(observation, policy);
            }
            let mut observed: Vec<_> = seen.iter().filter_map(Observation::told).collect();
            observed.dedup();
            let (manifest, engine) = (skill.manifest(), skill.engine());
            let declared = Declared::new(manifest, engine, policy, &workspace.home);
            let mut permissions = declared.narrowed(needs.permissions(policy));
            let missing = declared.missing(&permissions);
            let unseen = declared.unseen(&needs);
            for one in &unseen {
                if !permissions.contains(one) {
                    permissions.push(one.clone());
                }
            }
            Ok(TraceReport {
                exec,
                observed,
                unused: declared.unused(&needs),
                incomplete,
                missing,
                permissions,
                unseen,
            })
        })
        .await
    }
}
