//! When a permission was last used is kept, whoever asks and whichever process saw it.

use mycelium_protocol::control::SkillInfo;
use mycelium_runtime::SkillRuntime;
use serde_json::json;

use super::native::speaking;
use super::world::World;

pub(crate) fn last_uses(info: &SkillInfo) -> Vec<bool> {
    let permissions = info.permissions.iter();
    permissions
        .map(|permission| permission.last_used_milliseconds.is_some())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_skill_uses_is_told_by_its_info_and_survives_the_runtime() {
    let world = World::new();
    fs_err::create_dir(world.workspace().join("read")).unwrap();
    fs_err::write(world.workspace().join("read/file"), "x").unwrap();
    fs_err::create_dir(world.workspace().join("unused")).unwrap();
    world.skill(
        "user",
        json!({"exports": ["use"], "permissions": [
            {"type": "filesystem", "paths": ["./read"], "access": "read"},
            {"type": "filesystem", "paths": ["./output"], "access": "write"},
            {"type": "filesystem", "paths": ["./unused"], "access": "read"},
        ]}),
        "const fs = require('fs');
         exports.use = () => fs.writeFileSync('output/copy', fs.readFileSync('read/file'))",
    );
    world.trust_workspace().await;
    assert_eq!(last_uses(&world.info("user").await), [false; 3]);
    world.value("user", "use", json!([])).await;
    let info = world.info("user").await;
    assert_eq!(last_uses(&info), [true, true, false]);
    world.runtime.shutdown().await;

    // Another one with the same folders.
    let runtime = SkillRuntime::new(world.options("mycelium")).unwrap();
    let context = world.context("shell");
    let skill = "user".parse().unwrap();
    let again = runtime.info(&context, &skill).await.unwrap();
    assert_eq!(again.permissions, info.permissions);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_were_started_and_variables_that_were_given_count() {
    let world = World::new();
    speaking(
        &world,
        &json!({"permissions": [
            {"type": "process", "commands": ["true"]},
            {"type": "process", "commands": ["id"]},
            {"type": "environment", "variables": ["PATH"]},
        ]}),
    );
    world.trust("speaker").await;
    world
        .value("speaker", "exec", json!(["/usr/bin/true"]))
        .await;
    let info = world.info("speaker").await;
    assert_eq!(last_uses(&info), [true, false, true]);
    world.runtime.shutdown().await;
}
