//! `activate`, `deactivate`, `reload`, `reset`, `unload`, `metrics` and `ps`.

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

const CODE: &str = "
module.exports = {
  onInit() { this.calls = 0; },
  onUnload() { console.log(`unloading after ${this.calls}`); },
  count() { return ++this.calls; },
  fail() { throw new Error('no'); },
};
";

#[test]
fn a_life() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("tool", &["count", "fail"], CODE);
    let activated = test.run(&["activate", "tool"]).expect(0);
    assert_eq!(activated.stdout, "Skill tool is ACTIVE\n", "{activated}");
    assert_eq!(
        test.run(&["activate", "tool"]).expect(0).stdout,
        "Skill tool was ACTIVE already\n"
    );
    test.run(&["exec", "tool", "count"]).expect(0);
    assert_eq!(
        test.run(&["deactivate", "tool"]).expect(0).stdout,
        "Skill tool is DEACTIVATED\n"
    );
    let refused = test.run(&["exec", "tool", "count"]).expect(3);
    assert!(refused.stderr.contains("SKILL_DEACTIVATED"), "{refused}");
    test.run(&["activate", "tool"]).expect(0);
    assert_eq!(
        test.run(&["-q", "exec", "tool", "count"]).expect(0).stdout,
        "2\n"
    );

    test.skill(
        "tool",
        &["count", "fail"],
        &CODE.replace("++this.calls", "this.calls += 10"),
    );
    let reloaded = test.run(&["reload", "tool"]).expect(0);
    assert_eq!(
        reloaded.stdout, "Hot reload completed in [TIME]\n",
        "{reloaded}"
    );
    assert!(reloaded.stderr.contains("unloading after 2"), "{reloaded}");
    assert_eq!(
        test.run(&["-q", "exec", "tool", "count"]).expect(0).stdout,
        "10\n"
    );

    let value = test.run(&["ps", "--json"]).expect(0).json();
    let instance = &value["instances"][0];
    assert_eq!(instance["skill"], "tool");
    assert_eq!(instance["session"], "shell");
    assert_eq!(instance["state"], "ACTIVE");
    assert!(value["daemon"]["pid"].is_u64() && value["launcher"]["pid"].is_u64());

    let unloaded = test.run(&["unload", "tool"]).expect(0);
    assert_eq!(
        unloaded.stdout, "Skill tool unloaded in [TIME]\n",
        "{unloaded}"
    );
    assert!(unloaded.stderr.contains("unloading after 10"), "{unloaded}");
    assert_eq!(
        test.run(&["unload", "tool"]).expect(0).stdout,
        "Skill tool was not running\n"
    );
    test.run(&["unload"]).expect(2);
}

#[test]
fn the_breaker_opens_and_is_reset() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("tool", &["count", "fail"], CODE);
    test.run(&["exec", "tool", "fail"]).expect(1);
    test.run(&["exec", "tool", "fail"]).expect(1);
    let blocked = test
        .run(&["exec", "tool", "count", "--skill-debug"])
        .expect(8);
    for text in [
        "[CircuitBreaker] Circuit open for tool, rejecting execution\n",
        "Error Code: CIRCUIT_BREAKER_OPEN\n",
        "Remediation: Wait for circuit to close or reset manually with /skills reset tool\n",
        "Execution blocked\n",
    ] {
        assert!(blocked.stderr.contains(text), "{text}: {blocked}");
    }
    assert_eq!(
        test.run(&["/skills", "reset", "tool"]).expect(0).stdout,
        "Circuit of tool closed\n"
    );
    test.run(&["exec", "tool", "count"]).expect(0);

    let metrics = test.run(&["metrics", "--json"]).expect(0).json();
    assert_eq!(metrics["calls"]["errors"], 2);
    let page = test.run(&["metrics"]).expect(0);
    assert!(page.stdout.contains("  - Total errors: 2\n"), "{page}");
}

#[test]
fn all_skills_end_together() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("one", &["count"], CODE)
        .skill("two", &["count"], CODE);
    for skill in ["one", "two"] {
        test.run(&["exec", skill, "count"]).expect(0);
    }
    let ended = test.run(&["unload", "--all", "--skill-debug"]).expect(0);
    assert!(
        ended
            .stderr
            .contains("[SkillLifecycleManager] Unloading 2 skills...\n"),
        "{ended}"
    );
    assert!(
        ended
            .stderr
            .contains("[SkillLifecycleManager] All skills unloaded successfully\n"),
        "{ended}"
    );
    assert_eq!(ended.stdout, "Total cleanup time: [TIME]\n");
    let none = test.run(&["ps"]).expect(0);
    assert!(none.stdout.contains("No skill runs."), "{none}");
}

#[test]
fn sessions_do_not_share_instances() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("tool", &["count"], CODE);
    let count = |session: &str| {
        let child = test
            .command(&["-q", "exec", "tool", "count"])
            .env("MYCELIUM_SESSION", session)
            .spawn()
            .unwrap();
        test.outcome(child).expect(0).stdout
    };
    assert_eq!(
        (count("a"), count("a"), count("b")),
        ("1\n".into(), "2\n".into(), "1\n".into())
    );
}
