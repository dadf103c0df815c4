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
use tokio::time::Instant;

/// How long files must be quiet before a skill is reloaded: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// How long a reload waits for quiet at most: something may write all the time.
const PATIENCE: Duration = Duration::from_secs(1);
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
                let skills = wanted.borrow().clone();
                let touched = touched(&skills, first, &mut changes).await;
                reload(&runtime, &touched).await;
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

/// The skills whose files change from `first` on until there is quiet, or for as long as is waited at
/// most.
async fn touched(
    skills: &[WatchedSkill],
    first: PathBuf,
    changes: &mut mpsc::Receiver<PathBuf>,
) -> Vec<WatchedSkill> {
    let until = Instant::now() + PATIENCE;
    let mut is_touched = vec![false; skills.len()];
    let mut changed = Some(first);
    while let Some(path) = changed {
        for (watched, is_touched) in skills.iter().zip(&mut is_touched) {
            *is_touched |= path.starts_with(&watched.root);
        }
        let quiet = Instant::now() + QUIET;
        changed = tokio::time::timeout_at(quiet.min(until), changes.recv())
            .await
            .unwrap_or_default();
    }
    let skills = skills.iter().zip(is_touched);
    skills
        .filter(|(_, is_touched)| *is_touched)
        .map(|(watched, _)| watched.clone())
        .collect()
}

async fn reload(runtime: &SkillRuntime, skills: &[WatchedSkill]) {
    let silent: EventSink = Arc::new(|_| {});
    for watched in skills {
        match runtime
            .reload(&watched.context, &watched.skill, &silent)
            .await
        {
            Ok(_) => tracing::info!(skill = %watched.skill, "reloaded: its files changed"),
            Err(error) => tracing::warn!(skill = %watched.skill, %error, "cannot be reloaded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use mycelium_protocol::control::RequestContext;

    use super::*;

    fn skill(name: &str) -> WatchedSkill {
        WatchedSkill {
            root: PathBuf::from("/skills").join(name),
            context: RequestContext {
                workspace: "/".into(),
                home: "/".into(),
                session: "shell".to_owned(),
                environment: Default::default(),
                overrides: Default::default(),
                offline: true,
                package: None,
            },
            skill: name.parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn changes_are_gathered_until_there_is_quiet_and_not_for_ever() {
        let skills = [skill("one"), skill("two"), skill("three")];
        let (told, mut changes) = mpsc::channel(QUEUE);
        told.try_send("/skills/two/a.js".into()).unwrap();
        told.try_send("/skills/two/b.js".into()).unwrap();
        told.try_send("/elsewhere".into()).unwrap();
        let first = "/skills/one/index.js".into();
        let names: Vec<_> = touched(&skills, first, &mut changes)
            .await
            .into_iter()
            .map(|watched| watched.skill.to_string())
            .collect();
        assert_eq!(names, ["one", "two"]);

        let writer = tokio::spawn(async move {
            while told.send("/skills/one/log".into()).await.is_ok() {
                tokio::time::sleep(QUIET / 2).await;
            }
        });
        // The writer never stops by itself, so this ends only because it is bounded.
        let first = "/skills/one/index.js".into();
        assert_eq!(touched(&skills, first, &mut changes).await.len(), 1);
        assert!(!writer.is_finished());
        drop(changes);
        writer.await.unwrap();
    }
}
