//! Scripts of skills that have a `SKILL.md` and no `skill.json`.

use std::path::Path;

use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

use super::world::World;

/// Puts a skill into the workspace: further fields of its front matter, and the files below `scripts/`.
fn agent_skill(world: &World, name: &str, fields: &str, scripts: &[(&str, &str)]) {
    let folder = world.workspace().join("skills").join(name);
    fs_err::create_dir_all(folder.join("scripts")).unwrap();
    let text = format!("---\nname: {name}\ndescription: A test\n{fields}---\nDo it.\n");
    fs_err::write(folder.join("SKILL.md"), text).unwrap();
    for (file, content) in scripts {
        fs_err::write(folder.join("scripts").join(file), content).unwrap();
    }
}

async fn refusal(world: &World, skill: &str, method: &str) -> ErrorCode {
    let report = world.exec("shell", skill, method, json!([])).await;
    report.outcome.unwrap_err().code
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_run_with_what_their_names_say() {
    let world = World::new();
    let python = "import json, os, sys\nprint(json.dumps({'args': sys.argv[1:], 'dir': os.environ['CLAUDE_SKILL_DIR'], 'here': os.getcwd()}))\n";
    let javascript = "console.log(JSON.stringify(process.argv.slice(2)))\n";
    agent_skill(
        &world,
        "tool",
        "",
        &[
            ("show.py", python),
            ("greet.sh", "echo \"hello $1\"\n"),
            ("list.mjs", javascript),
        ],
    );
    let workspace = world.workspace();
    let shown = world
        .value("tool", "show", json!(["a b", 1, {"k": true}]))
        .await;
    let expected = json!({
        "args": ["a b", "1", "{\"k\":true}"],
        "dir": workspace.join("skills/tool"),
        "here": workspace,
    });
    assert_eq!(shown, expected);
    let greeting = world.value("tool", "greet", json!(["you"])).await;
    assert_eq!(greeting, Value::from("hello you"));
    if mycelium_loader::find_program("node").is_some() {
        let list = world.value("tool", "list", json!(["x"])).await;
        assert_eq!(list, json!(["x"]));
    } else {
        let code = refusal(&world, "tool", "list").await;
        assert_eq!(code, ErrorCode::Incompatible);
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_engine_runs_is_refused_and_the_rest_works() {
    let world = World::new();
    agent_skill(
        &world,
        "tool",
        "",
        &[
            ("typed.ts", "const a: number = 1;\n"),
            ("good.sh", "echo 1\n"),
            ("notes.txt", "no script\n"),
        ],
    );
    assert_eq!(
        refusal(&world, "tool", "typed").await,
        ErrorCode::Incompatible
    );
    assert_eq!(
        refusal(&world, "tool", "notes").await,
        ErrorCode::MethodNotFound
    );
    assert_eq!(world.value("tool", "good", json!([])).await, json!(1));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_about_tools_grants_nothing() {
    let world = World::new();
    let attempts = "\
import json, os, socket
def fails(attempt):
    try:
        attempt()
        return False
    except OSError:
        return True
print(json.dumps([
    fails(lambda: open('stolen', 'w')),
    fails(lambda: open(os.environ['CLAUDE_SKILL_DIR'] + '/SKILL.md', 'a')),
    fails(lambda: open('../home/secret')),
    fails(lambda: socket.create_connection(('127.0.0.1', 1), 1)),
    fails(lambda: os.fork()),
    fails(lambda: os.execv('/usr/bin/env', ['env'])),
    fails(lambda: open('/mycelium/data/mine', 'w')),
    fails(lambda: open('/tmp/mine', 'w')),
]))
";
    let fields = "allowed-tools: Bash(*) Write Read WebFetch(*)\ncompatibility: Needs everything\nmetadata:\n  permissions: all\n";
    agent_skill(&world, "greedy", fields, &[("try.py", attempts)]);
    fs_err::write(world.workspace().join("../home/secret"), "x").unwrap();
    let outcome = world.value("greedy", "try", json!([])).await;
    assert_eq!(
        outcome,
        json!([true, true, true, true, true, true, false, false])
    );
    let info = world.info("greedy").await;
    assert_eq!(info.permissions, []);
    assert_eq!(info.agent.unwrap().allowed_tools.len(), 4);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_are_told_with_their_places() {
    let world = World::new();
    agent_skill(&world, "guide", "", &[]);
    let folder = world.workspace().join("skills/guide");
    let text = "---\nname: guide\ndescription: A test\n---\n\nRun ${CLAUDE_SKILL_DIR}/x and !`id` for $ARGUMENTS.\n";
    fs_err::write(folder.join("SKILL.md"), text).unwrap();
    let info = world.info("guide").await;
    let expected = format!("Run {}/x and !`id` for $ARGUMENTS.", folder.display());
    assert_eq!(info.instructions, Some(expected));
    assert_eq!(info.methods, []);
    let text =
        "---\nname: guide\ndescription: A test\n---\n\nThink with ${CLAUDE_EFFORT} effort.\n";
    fs_err::write(folder.join("SKILL.md"), text).unwrap();
    let mut context = world.context("shell");
    world.runtime.discover(&context, Vec::new()).await.unwrap();
    context
        .environment
        .insert("CLAUDE_EFFORT".to_owned(), "high".to_owned());
    let name = "guide".parse().unwrap();
    let info = world.runtime.info(&context, &name).await.unwrap();
    let expected = "Think with high effort.";
    assert_eq!(info.instructions.as_deref(), Some(expected));
    assert_eq!(
        refusal(&world, "guide", "run").await,
        ErrorCode::MethodNotFound
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_of_a_plugin_are_told_with_its_folders() {
    let world = World::new();
    let claude = world.context("shell").home.join(".claude");
    let plugin = claude.join("plugins/cache/my.market/tools");
    fs_err::create_dir_all(plugin.join("skills/guide")).unwrap();
    let plugin = fs_err::canonicalize(&plugin).unwrap();
    told_with_folders(&world, &plugin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_s_folders_are_told_behind_a_link_too() {
    let world = World::new();
    let home = world.context("shell").home;
    fs_err::create_dir_all(home.join("elsewhere/tools/skills/guide")).unwrap();
    let market = home.join(".claude/plugins/cache/my.market");
    fs_err::create_dir_all(market.parent().unwrap()).unwrap();
    fs_err::os::unix::fs::symlink(home.join("elsewhere"), &market).unwrap();
    told_with_folders(&world, &market.join("tools")).await;
}

/// Puts a skill into the installed plugin in this folder, and sees what its instructions say.
async fn told_with_folders(world: &World, plugin: &Path) {
    let claude = world.context("shell").home.join(".claude");
    let text = "---\nname: guide\ndescription: A test\n---\n\n${CLAUDE_PLUGIN_ROOT}/x ${CLAUDE_PLUGIN_DATA} ${CLAUDE_EFFORT}\n";
    fs_err::write(plugin.join("skills/guide/SKILL.md"), text).unwrap();
    let list = json!({"version": 2, "plugins": {
        "tools@my.market": [{"scope": "user", "installPath": plugin}],
    }});
    let list_file = claude.join("plugins/installed_plugins.json");
    fs_err::write(list_file, list.to_string()).unwrap();
    let settings = json!({"enabledPlugins": {"tools@my.market": true}});
    fs_err::write(claude.join("settings.json"), settings.to_string()).unwrap();
    let data = claude.join("plugins/data/tools-my-market");
    let expected = format!(
        "{}/x {} ${{CLAUDE_EFFORT}}",
        plugin.display(),
        data.display()
    );
    assert_eq!(
        world.info("guide").await.instructions,
        Some(expected.clone())
    );
    let name = "guide".parse().unwrap();
    let context = world.context("shell");
    let told = world.runtime.instructions(&context, &name, &[]).await;
    let told = told.unwrap().unwrap().text;
    assert!(told.ends_with(&expected), "{told}");
    // Naming a folder neither makes it nor opens it.
    assert!(!data.exists());
    assert_eq!(world.info("guide").await.permissions, []);
    world.runtime.shutdown().await;
}
