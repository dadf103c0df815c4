//! Watch mode: a running skill is reloaded when its files change.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mycelium_runtime::EventSink;
use mycelium_runtime::SkillRuntime;
use mycelium_runtime::WatchedSkill;
use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher;
use tokio::sync::mpsc;

/// How long files must be quiet before a skill is reloaded: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// Changes waiting to be looked at. More than that are one more reason for the same reload.
const QUEUE: usize = 1024;

/// Reloads skills whose files change, until the runtime is gone.
pub(crate) async fn follow(runtime: SkillRuntime) {
    let mut wanted = runtime.watched();
    let (told, mut changes) = mpsc::channel(QUEUE);
    let mut watcher = None;
    let mut roots = BTreeSet::new();
    loop {
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = wanted.borrow_and_update().iter().map(|it| it.root.clone()).collect();
                watch(&mut watcher, &told, &roots, &now);
                roots = now;
            }
            Some(first) = changes.recv() => {
                let mut paths = vec![first];
                while let Ok(Some(next)) = tokio::time::timeout(QUIET, changes.recv()).await {
                    paths.push(next);
                }
                let skills = wanted.borrow().clone();
                reload(&runtime, &skills, &paths).await;
            }
        }
    }
}

/// Makes the watcher look at `now` instead of `before`. It is only made when there is something to see.
fn watch(
    watcher: &mut Option<RecommendedWatcher>,
    told: &mpsc::Sender<PathBuf>,
    before: &BTreeSet<PathBuf>,
    now: &BTreeSet<PathBuf>,
) {
    if watcher.is_none() && !now.is_empty() {
        let told = told.clone();
        let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is no change.
            if let Ok(event) = event
                && !event.kind.is_access()
            {
                for path in event.paths {
                    let _ = told.try_send(path);
                }
            }
        });
        match made {
            Ok(made) => *watcher = Some(made),
            Err(error) => tracing::warn!(%error, "files cannot be watched"),
        }
    }
    let Some(watcher) = watcher else {
        return;
    };
    for gone in before.difference(now) {
        // A folder that was removed is not watched any more anyway.
        let _ = watcher.unwatch(gone);
    }
    for new in now.difference(before) {
        if let Err(error) = watcher.watch(new, RecursiveMode::Recursive) {
            tracing::warn!(folder = %new.display(), %error, "a skill cannot be watched");
        }
    }
}

async fn reload(runtime: &SkillRuntime, skills: &[WatchedSkill], paths: &[PathBuf]) {
    let silent: EventSink = Arc::new(|_| {});
    for watched in skills {
        if !paths.iter().any(|path| path.starts_with(&watched.root)) {
            continue;
        }
        match runtime
            .reload(&watched.context, &watched.skill, &silent)
            .await
        {
            Ok(_) => tracing::info!(skill = %watched.skill, "reloaded: its files changed"),
            Err(error) => tracing::warn!(skill = %watched.skill, %error, "cannot be reloaded"),
        }
    }
}
