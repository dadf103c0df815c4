//! `catalog`.

use serde_json::json;

use crate::support::Agent;
use crate::support::TestEnvironment;

fn agent_skill(test: &TestEnvironment, path: &str, fields: &str) {
    test.file(
        &format!("{path}/SKILL.md"),
        &format!("---\n{fields}\n---\nDo it.\n"),
    );
}

#[test]
fn every_format_has_every_skill_that_an_agent_may_start() {
    let test = TestEnvironment::new();
    agent_skill(
        &test,
        ".claude/skills/pdf",
        "name: pdf\ndescription: Fills <forms> & more\nwhen_to_use: For forms",
    );
    agent_skill(
        &test,
        ".claude/skills/own",
        "name: own\ndescription: Mine\ndisable-model-invocation: true",
    );
    test.skill("code", &["go"], "module.exports = { go() {} };");
    // The same for Codex, which looks elsewhere, and one where neither looks.
    agent_skill(
        &test,
        ".agents/skills/pdf",
        "name: pdf\ndescription: Fills <forms> & more\nwhen_to_use: For forms",
    );
    agent_skill(&test, "skills/ours", "name: ours\ndescription: Is offered");
    let markdown = test.run(&["catalog"]).expect(0);
    assert_eq!(
        markdown.stdout, "- **pdf**: Fills <forms> & more For forms\n",
        "{markdown}"
    );
    let xml = test
        .run(&["catalog", "--format", "xml", "--agent", "codex"])
        .expect(0);
    assert_eq!(
        xml.stdout,
        "<available_skills>\n<skill>\n<name>pdf</name>\n<description>Fills &lt;forms&gt; &amp; more</description>\n<location>[ROOT]/project/.agents/skills/pdf/SKILL.md</location>\n</skill>\n</available_skills>\n",
        "{xml}"
    );
    for arguments in [&["catalog", "--json"][..], &["catalog", "--format", "json"]] {
        let value = test.run(arguments).expect(0).json();
        assert_eq!(value["agent"], "claude-code");
        assert_eq!(value["budget"], 8_000);
        assert_eq!(value["skills"][0]["fit"], "whole");
        assert_eq!(value["skills"].as_array().unwrap().len(), 1);
        assert_eq!(value["unseen"], json!(["ours"]));
    }
    assert!(
        markdown.stderr.contains("does not find by itself"),
        "{markdown}"
    );
}

#[test]
fn two_thousand_skills_with_collisions_are_fitted_and_nothing_is_dropped_silently() {
    let test = TestEnvironment::new();
    let fields =
        |name: &str| format!("name: {name}\ndescription: Does the work of {name} and says when");
    for number in 0..1_700 {
        let name = format!("skill-{number}");
        agent_skill(&test, &format!(".claude/skills/{name}"), &fields(&name));
    }
    for number in 1_400..2_000 {
        let name = format!("skill-{number}");
        let path = format!("../home/.claude/skills/{name}");
        agent_skill(&test, &path, &fields(&name));
    }
    let huge = format!("name: huge\ndescription: {}", "long ".repeat(200_000));
    agent_skill(&test, "../home/.claude/skills/huge", &huge);
    let small = test.run(&["catalog", "--json"]).expect(0);
    let value = small.json();
    let count = |key: &str| value[key].as_array().unwrap().len();
    assert_eq!(count("skills") + count("omitted"), 2_001);
    assert_eq!(count("collisions"), 300);
    let collision = &value["collisions"][0];
    let folder = |key: &str| collision[key].as_str().unwrap();
    // Claude Code takes the person's.
    assert!(
        folder("winner").contains("/home/") && folder("loser").contains("/project/"),
        "{collision}"
    );
    assert!(
        value["used"].as_u64().unwrap() <= 8_000,
        "{}",
        value["used"]
    );

    let large = test
        .run(&["catalog", "--json", "--context", "10000000"])
        .expect(0);
    let value = large.json();
    assert_eq!(value["omitted"], serde_json::json!([]));
    let skills = value["skills"].as_array().unwrap();
    assert_eq!(skills[0]["name"], "huge");
    assert_eq!(skills[0]["fit"], "capped");
    assert_eq!(
        skills
            .iter()
            .filter(|skill| skill["fit"] == "whole")
            .count(),
        2_000
    );

    let told = test.run(&["catalog", "--format", "xml"]).expect(0);
    for said in [
        "290 more skills are hidden",
        "no room at all",
        "of 8000 characters",
    ] {
        assert!(told.stderr.contains(said), "{said}: {}", told.stderr);
    }
}

#[test]
fn discovery_says_which_agents_see_a_skill() {
    let test = TestEnvironment::new();
    let fields = "name: pdf\ndescription: Fills forms";
    agent_skill(&test, ".agents/skills/pdf", fields);
    test.skill("code", &["go"], "module.exports = { go() {} };");
    let found = test.run(&["discover", "--explain"]).expect(0);
    for said in [
        "pdf@0.0.0\n    Claude Code: not seen, skills are not searched there\n    Codex: seen\n    Other agents: seen\n",
        "code@1.0.0\n    Claude Code: not seen, it has no SKILL.md",
    ] {
        assert!(found.stdout.contains(said), "{said}: {found}");
    }
    let value = test
        .run(&["discover", "--explain", "--json"])
        .expect(0)
        .json();
    let candidates = value["candidates"].as_array().unwrap();
    let pdf = candidates.iter().find(|candidate| {
        let path = candidate["path"].as_str().unwrap_or_default();
        path.ends_with("skills/pdf")
    });
    assert_eq!(
        pdf.unwrap()["agents"],
        serde_json::json!([
            {"agent": "claude-code", "sees": false, "reason": "elsewhere"},
            {"agent": "codex", "sees": true, "reason": "found"},
            {"agent": "guide", "sees": true, "reason": "found"},
        ])
    );
}

#[test]
fn a_part_of_the_workspace_has_skills_of_its_own() {
    let test = TestEnvironment::new();
    let fields = "name: deploy\ndescription: Deploys";
    agent_skill(&test, "apps/web/.claude/skills/deploy", fields);
    let explain = ["discover", "apps/web/.claude/skills", "--explain"];
    let alone = test.run(&explain).expect(0);
    let seen = "Claude Code: seen once it works in that part of the workspace";
    assert!(alone.stdout.contains(&format!("{seen}\n")), "{alone}");
    agent_skill(&test, ".claude/skills/deploy", fields);
    let named = test.run(&explain).expect(0);
    let seen = "Claude Code: seen as apps/web:deploy once it works in that part of the workspace";
    assert!(named.stdout.contains(&format!("{seen}\n")), "{named}");
}

#[test]
fn of_skills_of_one_name_each_agent_takes_its_own() {
    let test = TestEnvironment::new();
    let fields = "name: pdf\ndescription: Fills forms";
    agent_skill(&test, ".claude/skills/pdf", fields);
    agent_skill(&test, "../home/.claude/skills/pdf", fields);
    let shared = test.workspace().join(".agents/skills");
    fs_err::create_dir_all(&shared).unwrap();
    let target = test.workspace().join(".claude/skills/pdf");
    fs_err::os::unix::fs::symlink(target, shared.join("pdf")).unwrap();

    let value = test
        .run(&["discover", "--explain", "--json"])
        .expect(0)
        .json();
    let candidates = value["candidates"].as_array().unwrap();
    let told = |path: &str| {
        let is_it = |it: &&serde_json::Value| it["path"].as_str().unwrap().ends_with(path);
        let candidate = candidates.iter().find(is_it).unwrap();
        let agents = candidate["agents"].as_array().unwrap();
        let reasons: Vec<_> = agents.iter().map(|it| it["reason"].clone()).collect();
        (candidate["taken"].clone(), reasons)
    };
    let expected = |taken: bool, reasons: [&str; 3]| {
        let reasons = reasons.map(|reason| json!(reason));
        (json!(taken), reasons.to_vec())
    };
    assert_eq!(
        told("project/.claude/skills/pdf"),
        expected(true, ["shadowed", "elsewhere", "found"])
    );
    // The same folder by another path, and one that is not used here.
    assert_eq!(
        told("project/.agents/skills/pdf"),
        expected(false, ["elsewhere", "found", "link"])
    );
    assert_eq!(
        told("home/.claude/skills/pdf"),
        expected(false, ["found", "elsewhere", "shadowed"])
    );
    let text = test.run(&["discover", "--explain"]).expect(0);
    let said = "Claude Code: not seen, the one in [ROOT]/home/.claude/skills/pdf has precedence\n";
    assert!(text.stdout.contains(said), "{text}");
}

#[test]
fn the_settings_of_claude_code_say_what_it_shows() {
    let test = TestEnvironment::new();
    for name in ["whole", "named", "own", "none"] {
        let fields = format!("name: {name}\ndescription: The skill {name} and more of it");
        for root in [".claude/skills", ".agents/skills"] {
            agent_skill(&test, &format!("{root}/{name}"), &fields);
        }
    }
    test.file(
        ".claude/settings.json",
        r#"{"skillOverrides": {"named": "name-only", "own": "user-invocable-only", "none": "off"},
            "skillListingMaxDescChars": 10, "skillListingBudgetFraction": 0.5}"#,
    );
    let seen = test.run(&["catalog", "--json"]).expect(0).json();
    assert_eq!(seen["budget"], 400_000);
    let skills = seen["skills"].as_array().unwrap();
    let fits: Vec<_> = skills.iter().map(|it| (&it["name"], &it["fit"])).collect();
    assert_eq!(
        serde_json::json!(fits),
        serde_json::json!([["named", "name-only-as-set"], ["whole", "capped"]])
    );
    assert_eq!(skills[1]["description"], "The skill…");
    // Another agent has settings of its own.
    let codex = test
        .run(&["catalog", "--json", "--agent", "codex"])
        .expect(0)
        .json();
    assert_eq!(codex["skills"].as_array().unwrap().len(), 4);

    let explained = test
        .run(&["discover", "--explain", "--json"])
        .expect(0)
        .json();
    let candidates = explained["candidates"].as_array().unwrap();
    let view = |name: &str| {
        let is_it = |it: &&serde_json::Value| it["path"].as_str().unwrap().ends_with(name);
        let view = &candidates.iter().find(is_it).unwrap()["agents"][0];
        (view["sees"].clone(), view["reason"].clone())
    };
    for (name, sees, reason) in [
        ("whole", true, "found"),
        ("named", true, "name-only"),
        ("own", false, "user-invocable-only"),
        ("none", false, "off"),
    ] {
        assert_eq!(view(name), (sees.into(), reason.into()), "{name}");
    }
    // A value that is none is told, and counts for nothing.
    test.file(
        ".claude/settings.json",
        r#"{"skillOverrides": {"none": "never"}}"#,
    );
    let told = test.run(&["discover"]).expect(0);
    assert!(told.stderr.contains("skillOverrides.none"), "{told}");
}

#[test]
fn what_agents_are_not_to_use_is_not_offered_to_them() {
    let test = TestEnvironment::new();
    for name in ["shown", "hidden"] {
        test.skill(name, &["go"], "module.exports = { go() { return 1; } };");
    }
    let mut agent = Agent::greeted(&test);
    assert!(agent.tools().contains(&"hidden_go".to_owned()));
    test.file(
        ".claude/settings.local.json",
        r#"{"skillOverrides": {"hidden": "user-invocable-only"}}"#,
    );
    let tools = agent.tools();
    assert!(tools.contains(&"shown_go".to_owned()), "{tools:?}");
    assert!(!tools.contains(&"hidden_go".to_owned()), "{tools:?}");
    let found = agent.call("skill_search", json!({"query": "skill of a test"}));
    let found = found.to_string();
    assert!(
        found.contains("shown") && !found.contains("hidden"),
        "{found}"
    );
    for (tool, arguments) in [
        ("skill_describe", json!({"skill": "hidden"})),
        ("skill_run", json!({"skill": "hidden", "method": "go"})),
    ] {
        let refused = agent.call(tool, arguments);
        assert_eq!(refused["isError"], true, "{refused}");
        assert!(refused.to_string().contains("SKILL_NOT_FOUND"), "{refused}");
    }
    // The person finds it.
    test.run(&["info", "hidden"]).expect(0);
}
