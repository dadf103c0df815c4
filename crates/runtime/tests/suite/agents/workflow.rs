//! Plans of steps that depend on each other.

use serde_json::Value;
use serde_json::json;

use crate::suite::world::World;

fn ids(next: &Value) -> Vec<(&str, &str)> {
    let steps = next["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            (
                step["id"].as_str().unwrap(),
                step["action"].as_str().unwrap(),
            )
        })
        .collect()
}

/// Calls of the orchestrator about one workflow.
struct Workflow<'a> {
    world: &'a World,
    name: &'a str,
}

impl Workflow<'_> {
    async fn next(&self) -> Value {
        let args = json!({"name": self.name});
        self.world
            .value("workflow-orchestrator", "next", args)
            .await
    }

    async fn report(&self, step: &str, outcome: &str) -> Value {
        let args = json!({"name": self.name, "step": step, "outcome": outcome, "detail": format!("{step} {outcome}")});
        self.world
            .value("workflow-orchestrator", "report", args)
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_runs_side_by_side_tries_again_and_outlives_its_instance() {
    let world = World::new();
    let steps = json!([
        {"id": "schema", "task": "Change the schema."},
        {"id": "page", "task": "Build the page.", "retries": 1},
        {"id": "tests", "task": "Test both.", "after": ["schema", "page"], "agent": "tester"},
    ]);
    let skill = "workflow-orchestrator";
    let made = world
        .value(skill, "create", json!({"name": "launch", "steps": steps}))
        .await;
    assert_eq!(made["order"], json!([["schema", "page"], ["tests"]]));
    let launch = Workflow {
        world: &world,
        name: "launch",
    };
    assert_eq!(
        ids(&launch.next().await),
        [("schema", "do"), ("page", "do")]
    );
    assert_eq!(ids(&launch.next().await), []);
    launch.report("schema", "done").await;
    assert_eq!(
        launch.report("page", "failed").await["ready"],
        json!(["page"])
    );

    let context = world.context("shell");
    let name = skill.parse().unwrap();
    let events = world.events();
    world
        .runtime
        .unload(&context, &name, &events)
        .await
        .unwrap();
    assert_eq!(launch.next().await["steps"][0]["attempt"], 2);
    launch.report("page", "done").await;
    let next = launch.next().await;
    assert_eq!(
        next["steps"][0]["inputs"],
        json!({"schema": "schema done", "page": "page done"})
    );
    assert_eq!(next["steps"][0]["agent"], "tester");
    assert_eq!(launch.report("tests", "done").await["status"], "done");
    assert_eq!(ids(&launch.next().await), []);

    let cycle = json!({"name": "cycle", "steps": [
        {"id": "a", "task": "a", "after": ["b"]}, {"id": "b", "task": "b", "after": ["a"]},
    ]});
    let report = world.exec("shell", skill, "create", cycle).await;
    let error = report.outcome.unwrap_err().to_string();
    assert!(error.contains("wait for each other: `a`, `b`"), "{error}");
    let listed = world.value(skill, "list", json!([])).await;
    assert_eq!(listed, json!({"workflows": ["launch"]}));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_workflow_is_undone_backwards() {
    let world = World::new();
    let steps = json!([
        {"id": "one", "task": "One.", "rollback": "Undo one."},
        {"id": "two", "task": "Two.", "after": ["one"], "rollback": "Undo two."},
        {"id": "three", "task": "Three.", "after": ["two"]},
        {"id": "four", "task": "Four.", "after": ["three"]},
    ]);
    let create = json!({"name": "w", "steps": steps});
    world.value("workflow-orchestrator", "create", create).await;
    let workflow = Workflow {
        world: &world,
        name: "w",
    };
    for step in ["one", "two"] {
        assert_eq!(ids(&workflow.next().await), [(step, "do")]);
        workflow.report(step, "done").await;
    }
    workflow.next().await;
    let failed = workflow.report("three", "failed").await;
    assert_eq!(failed["status"], "rolling-back");
    assert_eq!(failed["steps"][3]["status"], "skipped");
    let next = workflow.next().await;
    assert_eq!(ids(&next), [("two", "undo")]);
    assert_eq!(next["steps"][0]["task"], "Undo two.");
    assert_eq!(ids(&workflow.next().await), [], "one waits for two");
    workflow.report("two", "done").await;
    for _ in 0..3 {
        assert_eq!(ids(&workflow.next().await), [("one", "undo")]);
        workflow.report("one", "failed").await;
    }
    let status = json!({"name": "w"});
    let ended = world
        .value("workflow-orchestrator", "status", status.clone())
        .await;
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["steps"][0]["status"], "stuck");
    assert_eq!(ended["steps"][1]["status"], "undone");
    let removed = world.value("workflow-orchestrator", "remove", status).await;
    assert_eq!(removed, json!({"removed": true}));
    world.runtime.shutdown().await;
}
