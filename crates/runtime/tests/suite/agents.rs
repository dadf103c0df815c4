//! The skills of the program that deal with agents, on definitions as people and plugins have them.

mod quality;
mod workflow;

use std::path::Path;

use mycelium_protocol::control::ExecRequest;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

use super::world::World;

fn definition(name: &str, description: &str, body: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\ntools: Read, Grep\n---\n\n{body}\n")
}

fn put(folder: &Path, name: &str, description: &str, body: &str) {
    fs_err::create_dir_all(folder).unwrap();
    let text = definition(name, description, body);
    fs_err::write(folder.join(format!("{name}.md")), text).unwrap();
}

/// A trusted workspace with agents of its own, of the person, and of plugins.
async fn world() -> World {
    let world = World::new();
    let workspace = world.workspace();
    let home = world.context("shell").home.join(".claude");
    let own = workspace.join(".claude/agents");
    put(
        &own,
        "postgres-tuner",
        "Speeds up PostgreSQL queries.",
        "Read EXPLAIN ANALYZE plans and propose indexes for slow SQL.",
    );
    put(
        &own.join("frontend"),
        "react-specialist",
        "Builds React components for the web frontend.",
        "Keep components small. Handle state with hooks.",
    );
    put(
        &home.join("agents"),
        "unit-test-writer",
        "Writes unit tests in Jest and pytest.",
        "Cover edge cases, mock little, name tests by behaviour.",
    );
    let folders = ["on", "off"].map(|name| home.join("plugins/cache").join(name));
    put(
        &folders[0].join("agents"),
        "press-officer",
        "Writes press releases and announcements.",
        "Find the angle, quote people, keep to the facts.",
    );
    put(
        &folders[1].join("agents"),
        "ghost",
        "Writes press releases.",
        "",
    );
    let installed = |folder: &Path| json!([{"scope": "user", "installPath": folder}]);
    let plugins = json!({"version": 2, "plugins": {
        "media@market": installed(&folders[0]), "gone@market": installed(&folders[1]),
    }});
    fs_err::write(
        home.join("plugins/installed_plugins.json"),
        plugins.to_string(),
    )
    .unwrap();
    let settings = json!({"enabledPlugins": {"gone@market": false}});
    fs_err::write(
        workspace.join(".claude/settings.json"),
        settings.to_string(),
    )
    .unwrap();
    world.trust_workspace().await;
    world
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_ranks_the_agents_of_workspace_person_and_plugins() {
    let world = world().await;
    let listed = world.value("agent-discovery", "list", json!({})).await;
    assert_eq!(
        names(&listed["agents"]),
        [
            "react-specialist",
            "postgres-tuner",
            "unit-test-writer",
            "media:press-officer"
        ]
    );
    let sources: Vec<_> = listed["agents"].as_array().unwrap().iter().collect();
    let sources: Vec<_> = sources.iter().map(|agent| &agent["source"]).collect();
    assert_eq!(sources, ["workspace", "workspace", "user", "plugin"]);
    assert_eq!(listed["agents"][0]["tools"], json!(["Read", "Grep"]));
    assert_eq!(listed["notes"], json!([]));

    let task = json!({"task": "our relational database takes ages to answer", "limit": 2});
    let found = world.value("agent-discovery", "discover", task).await;
    assert_eq!(found["considered"], 4);
    assert_eq!(found["agents"][0]["name"], "postgres-tuner");
    assert!(
        found["agents"][0]["confidence"].as_f64().unwrap() > 0.4,
        "{found}"
    );
    let reason = found["agents"][0]["reasons"][0].as_str().unwrap();
    assert!(reason.contains("\"database\""), "{reason}");
    assert!(found["agents"].as_array().unwrap().len() <= 2);
    let task = json!({"task": "tell journalists about it"});
    let found = world.value("agent-discovery", "discover", task).await;
    assert_eq!(found["agents"][0]["name"], "media:press-officer");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_folder_of_claude_code_is_read_instead_of_the_usual_one() {
    let world = world().await;
    let usual = world.context("shell");
    let folder = usual.home.with_file_name("moved");
    put(
        &folder.join("agents"),
        "tax-adviser",
        "Prepares tax returns.",
        "",
    );
    for (folder, name) in [
        (usual.home.join(".claude"), "at-home"),
        (folder.clone(), "elsewhere"),
    ] {
        let skill = folder.join("skills").join(name);
        fs_err::create_dir_all(&skill).unwrap();
        let text = definition(name, "A test.", "");
        fs_err::write(skill.join("SKILL.md"), text).unwrap();
    }
    let mut moved = usual.clone();
    let value = folder.display().to_string();
    let variable = mycelium_types::CLAUDE_FOLDER_VARIABLE.to_owned();
    moved.environment.insert(variable, value);

    let request = ExecRequest {
        skill: "agent-discovery".parse().unwrap(),
        method: "list".to_owned(),
        args: serde_json::from_value(json!({})).unwrap(),
        timeout_seconds: None,
        correlation_id: None,
        agent: None,
    };
    let events = world.events();
    let report = world.runtime.execute(&moved, request, &events).await;
    let listed = report.outcome.unwrap();
    assert_eq!(
        names(&listed["agents"]),
        ["react-specialist", "postgres-tuner", "tax-adviser"]
    );
    // Each request sees what its own environment says.
    for (context, skill, is_known) in [
        (&moved, "elsewhere", true),
        (&moved, "at-home", false),
        (&usual, "at-home", true),
        (&usual, "elsewhere", false),
        (&moved, "elsewhere", true),
    ] {
        let info = world.runtime.info(context, &skill.parse().unwrap()).await;
        assert_eq!(info.is_ok(), is_known, "{skill}");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_trust_only_what_the_call_gives_is_known() {
    let world = World::new();
    put(
        &world.workspace().join(".claude/agents"),
        "hidden",
        "Tests.",
        "",
    );
    let listed = world.value("agent-discovery", "list", json!({})).await;
    assert_eq!(listed["agents"], json!([]));
    assert!(
        listed["notes"][0]
            .as_str()
            .unwrap()
            .contains("mycelium trust")
    );
    let agents = json!([
        definition("tester", "Writes unit tests.", ""),
        {"name": "painter", "description": "Draws diagrams.", "tools": ["Read"]},
    ]);
    let task = json!({"task": "draw a flowchart", "agents": agents});
    let found = world.value("agent-discovery", "discover", task).await;
    assert_eq!(found["considered"], 2);
    assert_eq!(found["agents"][0]["name"], "painter");
    let no_task = world.code("agent-discovery", "discover", json!({})).await;
    assert_eq!(no_task, ErrorCode::ArgumentsInvalid);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn capabilities_are_mapped_both_ways_and_gaps_are_found() {
    let world = world().await;
    let map = world.value("capability-mapper", "map", json!({})).await;
    let capabilities = map["capabilities"].as_array().unwrap();
    let who = |area: &str| {
        let found = capabilities.iter().find(|it| it["capability"] == area);
        found.map_or(&Value::Null, |it| &it["agents"][0]["agent"])
    };
    assert_eq!(who("query-tuning"), "postgres-tuner");
    assert_eq!(who("testing"), "unit-test-writer");
    let uncovered = map["uncovered"].as_array().unwrap();
    assert!(uncovered.contains(&json!("robotics")), "{map}");
    assert!(!uncovered.contains(&json!("testing")), "{map}");

    let needs = json!({"needs": ["a faster sql database", "a motion planner for our robot arm"]});
    let gaps = world.value("capability-mapper", "gaps", needs).await;
    assert_eq!(gaps["needs"][0]["agents"][0]["agent"], "postgres-tuner");
    assert_eq!(gaps["gaps"], json!(["a motion planner for our robot arm"]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expertise_tells_overlaps_and_weak_spots() {
    let world = World::new();
    let agents = json!([
        definition("tester", "Writes unit tests in Jest and pytest, with fixtures.", "Mock little. Assert behaviour. \
            Cover edge cases and every error path, and keep each test small and fast to run."),
        definition("checker", "Writes unit tests in JUnit and pytest, with mocks.", ""),
        {"name": "zorb", "description": "Does it."},
    ]);
    let all = json!({"agents": agents});
    let found = world.value("expertise-analyzer", "analyze", all).await;
    assert_eq!(found["agents"][0]["areas"][0]["area"], "testing");
    assert_eq!(found["agents"][0]["weakSpots"], json!([]));
    assert_eq!(found["overlaps"][0]["agents"], json!(["tester", "checker"]));
    assert_eq!(found["agents"][2]["kind"], "unknown");
    assert_eq!(found["agents"][2]["weakSpots"].as_array().unwrap().len(), 4);
    let one = json!({"agents": agents, "names": ["checker", "nobody"]});
    let found = world.value("expertise-analyzer", "analyze", one).await;
    assert_eq!(found["agents"].as_array().unwrap().len(), 1);
    assert_eq!(found["unknown"], json!(["nobody"]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_cut_into_parts_with_an_agent_and_an_order() {
    let world = world().await;
    let task = "Speed up the slow sql report, build a React page for it, and test the edge cases with pytest. \
        Finally write a press release. Polish the trombone.";
    let routed = world
        .value("collaboration-router", "route", json!({"task": task}))
        .await;
    let parts = routed["parts"].as_array().unwrap();
    let agents: Vec<_> = parts.iter().map(|part| &part["agent"]).collect();
    assert_eq!(
        agents,
        [
            &json!("postgres-tuner"),
            &json!("react-specialist"),
            &json!("unit-test-writer"),
            &json!("media:press-officer"),
            &Value::Null,
        ]
    );
    assert_eq!(
        routed["order"],
        json!([["part-1", "part-2"], ["part-3"], ["part-4", "part-5"]])
    );
    assert_eq!(parts[2]["after"], json!(["part-1", "part-2"]));
    assert_eq!(routed["unassigned"], json!(["part-5"]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_off_fits_its_schema_and_others_are_told_why_not() {
    let world = world().await;
    let request = json!({
        "task": "make the sql report faster", "summary": "It takes 40 seconds.", "files": ["report.sql"],
        "constraints": ["No new tables."], "acceptance": ["It takes less than a second."],
    });
    let made = world.value("task-delegator", "delegate", request).await;
    let message = &made["message"];
    assert_eq!(message["to"], "postgres-tuner");
    assert_eq!(message["context"]["files"], json!(["report.sql"]));
    assert!(
        made["text"]
            .as_str()
            .unwrap()
            .contains("## Done when\n\n- It takes less")
    );
    let check = |message: &Value| {
        let args = json!({"message": message});
        world.value("task-delegator", "validate", args)
    };
    assert_eq!(check(message).await, json!({"valid": true, "problems": []}));
    let mut wrong = message.clone();
    wrong["context"]["files"] = json!([7]);
    wrong["extra"] = json!(true);
    wrong.as_object_mut().unwrap().remove("task");
    assert_eq!(
        check(&wrong).await,
        json!({"valid": false, "problems": [
            {"path": "/task", "problem": "is missing"},
            {"path": "/extra", "problem": "is not a field of it"},
            {"path": "/context/files/0", "problem": "is number and not string"},
        ]})
    );
    let named = json!({"task": "make the sql report faster", "to": "unit-test-writer"});
    let made = world.value("task-delegator", "delegate", named).await;
    assert_eq!(made["message"]["to"], "unit-test-writer");
    let nobody = json!({"task": "make the sql report faster", "to": "nobody"});
    let made = world.value("task-delegator", "delegate", nobody).await;
    assert_eq!(made["message"], Value::Null);
    let note = made["notes"][0].as_str().unwrap();
    assert!(note.contains("`postgres-tuner`"), "{note}");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_definitions_are_notes_and_stop_nothing() {
    let world = world().await;
    // As much as there may be takes seconds of work, on a machine that may have much else to do.
    world.configure(&json!({"skills": {"agent-discovery": {"limits": {"wallSeconds": 300}}}}));
    let folder = world.workspace().join(".claude/agents");
    let write = |name: &str, content: &[u8]| fs_err::write(folder.join(name), content).unwrap();
    write("huge.md", &vec![b'a'; 2 << 20]);
    write("endless.md", b"---\nname: endless\n");
    write("headless.md", b"just text");
    write("binary.md", &[0xff; 5000]);
    write("proto.md", b"---\n__proto__: x\nconstructor: y\nname: proto\ndescription: \xe2\x80\xae\x1b[2Jdatabase\n---\n");
    write(
        "long.md",
        format!(
            "---\nname: long\ndescription: {}\n---\n{}",
            "a".repeat(200_000),
            "b,".repeat(20_000)
        )
        .as_bytes(),
    );
    write(
        "twice.md",
        definition("postgres-tuner", "Another.", "").as_bytes(),
    );
    write(
        "nested.md",
        format!("---\nname: nested\ntools: {}\n---\n", "[".repeat(50_000)).as_bytes(),
    );
    fs_err::os::unix::fs::symlink("/etc/passwd", folder.join("passwd.md")).unwrap();
    fs_err::os::unix::fs::symlink(&folder, folder.join("loop")).unwrap();
    let listed = world.value("agent-discovery", "list", json!({})).await;
    let found = names(&listed["agents"]);
    assert_eq!(
        found,
        [
            "react-specialist",
            "long",
            "nested",
            "postgres-tuner",
            "proto",
            "unit-test-writer",
            "media:press-officer"
        ]
    );
    let text = listed.to_string();
    assert!(
        !text.contains("u001b") && !text.contains('\u{202e}'),
        "{text}"
    );
    let notes = listed["notes"].to_string();
    for part in [
        "binary.md",
        "endless.md",
        "headless.md",
        "huge.md",
        "`postgres-tuner` was found before",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    for (skill, method, args) in [
        (
            "agent-discovery",
            "discover",
            json!({"task": "a".repeat(10_000)}),
        ),
        (
            "agent-discovery",
            "discover",
            json!({"task": "database ".repeat(1_000)}),
        ),
        ("capability-mapper", "map", json!({})),
        ("expertise-analyzer", "analyze", json!({})),
        (
            "collaboration-router",
            "route",
            json!({"task": "and then, ".repeat(1_000)}),
        ),
        (
            "collaboration-router",
            "route",
            json!({"task": " ".repeat(10_000)}),
        ),
    ] {
        world.value(skill, method, args).await;
    }
    let odd = json!({"agents": ["", "---", {}, {"name": 7}, {"name": "x", "description": ["y"], "tools": {}}]});
    let listed = world.value("agent-discovery", "list", odd).await;
    assert_eq!(names(&listed["agents"]), ["x"]);
    assert_eq!(listed["notes"].as_array().unwrap().len(), 4);
    let many: Vec<_> = (0..500)
        .map(|at| {
            definition(
                &format!("agent-{at}"),
                "Database work.",
                &"index ".repeat(2_000),
            )
        })
        .collect();
    let many = json!({"task": "database", "agents": many});
    let found = world.value("agent-discovery", "discover", many).await;
    assert_eq!(found["considered"], 500);
    world.runtime.shutdown().await;
}
