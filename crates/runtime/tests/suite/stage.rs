//! Middleware of the embedding program.

use std::sync::Arc;
use std::sync::Mutex;

use mycelium_runtime::LifecycleHook;
use mycelium_runtime::Stage;
use mycelium_runtime::StageOutcome;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use serde_json::json;

use super::world::World;

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl LifecycleHook for Recorder {
    fn before(&self, stage: &Stage<'_>) -> Result<(), ErrorReport> {
        if stage.method == Some("forbidden") {
            return Err(ErrorReport::new(ErrorCode::PermissionRequired)
                .with("skill", &stage.skill.name)
                .with("permissions", "this host's own rule"));
        }
        Ok(())
    }

    fn after(&self, stage: &Stage<'_>, outcome: &StageOutcome<'_>) {
        let ended = if outcome.error.is_some() {
            "failed"
        } else {
            "done"
        };
        self.0
            .lock()
            .unwrap()
            .push(format!("{} {ended}", stage.hook));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_sees_every_stage_and_may_refuse_one() {
    let world = World::new();
    let recorder = Arc::new(Recorder::default());
    world.runtime.add_hook(recorder.clone());
    world.skill(
        "demo",
        json!({"exports": ["hello", "fail", "forbidden"]}),
        "module.exports = { hello() { return 1 }, fail() { throw new Error('x') }, forbidden() { return 2 } }",
    );
    world.value("demo", "hello", json!([])).await;
    world.code("demo", "fail", json!([])).await;
    assert_eq!(
        world.code("demo", "forbidden", json!([])).await,
        ErrorCode::PermissionRequired
    );
    world.value("demo", "hello", json!([])).await;
    world.runtime.shutdown().await;
    let seen = recorder.0.lock().unwrap().clone();
    assert_eq!(
        seen,
        [
            format!("{} done", Hook::Init),
            format!("{} done", Hook::Load),
            format!("{} done", Hook::Activate),
            format!("{} done", Hook::Execute),
            format!("{} failed", Hook::Execute),
            format!("{} done", Hook::Execute),
            format!("{} done", Hook::Deactivate),
            format!("{} done", Hook::Unload),
        ]
    );
}
