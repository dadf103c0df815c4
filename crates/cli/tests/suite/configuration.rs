//! `config`.

use crate::support::TestEnvironment;

#[test]
fn values_are_set_shown_and_taken_back() {
    let test = TestEnvironment::new();
    let set = test
        .run(&["config", "set", "security.maxMemoryMB", "250"])
        .expect(0);
    assert_eq!(
        set.stdout,
        "security.maxMemoryMB = 250 in [ROOT]/project/.claude/skills.json\n"
    );
    assert_eq!(
        test.run(&["config", "get", "security.maxMemoryMB"])
            .expect(0)
            .stdout,
        "250\n"
    );
    let list = test.run(&["config", "list", "--show-origin"]).expect(0);
    let line = list
        .stdout
        .lines()
        .find(|line| line.starts_with("security.maxMemoryMB "))
        .unwrap();
    assert!(
        line.contains("[ROOT]/project/.claude/skills.json:"),
        "{line}"
    );
    let overridden = test.run(&[
        "config",
        "get",
        "security.maxMemoryMB",
        "--config",
        "security.maxMemoryMB=100",
    ]);
    assert_eq!(overridden.expect(0).stdout, "100\n");

    test.run(&["config", "unset", "security.maxMemoryMB"])
        .expect(0);
    assert_eq!(
        test.run(&["config", "get", "security.maxMemoryMB"])
            .expect(0)
            .stdout,
        "null\n"
    );
    let value = test
        .run(&["config", "unset", "security.maxMemoryMB", "--json"])
        .expect(0)
        .json();
    assert_eq!(value["changed"], false);
}

#[test]
fn each_layer_has_its_file() {
    let test = TestEnvironment::new();
    test.run(&[
        "config",
        "set",
        "breaker.resetSeconds",
        "5",
        "--layer",
        "user",
    ])
    .expect(0);
    let paths = test.run(&["config", "path", "--json"]).expect(0).json();
    let user = paths["user"].as_str().unwrap();
    assert_eq!(user, "[ROOT]/home/.claude/skills.config");
    assert!(test.root().join("home/.claude/skills.config").exists());
    insta::assert_snapshot!(test.run(&["config", "path"]).expect(0), @r"
    exit: 0
    --- stdout
    LAYER    EXISTS  FILE
    system   no      /etc/claude/skills.json
    user     yes     [ROOT]/home/.claude/skills.config
    project  no      [ROOT]/project/.claude/skills.json
    --- stderr
    ");
}

#[test]
fn what_is_not_valid_is_refused_with_its_reason() {
    let test = TestEnvironment::new();
    for (key, value) in [
        ("security.maxMemoryMB", "lots"),
        ("security.maxMemoryMB", "1"),
        ("security.maxMemory", "100"),
        ("skillPaths.x", "1"),
    ] {
        let refused = test.run(&["config", "set", key, value]).expect(3);
        assert!(
            refused.stderr.contains("Error Code: CONFIG_INVALID"),
            "{refused}"
        );
    }
    assert!(!test.workspace().join(".claude/skills.json").exists());
    test.run(&["config", "get", "no.such.key"]).expect(3);

    test.file(
        ".claude/skills.json",
        "{\n  \"security\": {\"maxMemoryMB\": \"lots\"}\n}\n",
    );
    let list = test.run(&["config", "list"]);
    assert!(
        list.stderr.contains(".claude/skills.json:2:31: error:"),
        "{list}"
    );
    let used = test.run(&["list"]).expect(3);
    assert!(used.stderr.contains("CONFIG_INVALID"), "{used}");
}

#[test]
fn secrets_are_stored_listed_and_forgotten_and_never_shown() {
    let test = TestEnvironment::new();
    let none = test.run(&["config", "list", "--secrets"]).expect(0);
    assert!(none.stdout.contains("No secret is stored."), "{none}");
    let set = ["config", "set", "--secret", "TOKEN"];
    let stored = test.run_with_input(&set, "hunter2\n").expect(0);
    assert_eq!(stored.stdout, "Secret TOKEN is stored\n");
    for (name, value) in [("TOKEN", ""), ("TOKEN", "a\nb"), ("A-B", "x")] {
        let refused = test.run_with_input(&["config", "set", "--secret", name], value);
        let refused = refused.expect(3);
        assert!(refused.stderr.contains("CONFIG_INVALID"), "{refused}");
    }
    test.run(&["config", "set", "--secret", "TOKEN", "hunter2"])
        .expect(2);
    test.run(&["config", "set", "--secret"]).expect(2);
    test.run(&["config", "set", "watch"]).expect(2);
    test.run(&["config", "unset"]).expect(2);
    let listed = test.run(&["config", "list", "--secrets", "--json"]);
    assert_eq!(listed.expect(0).json()["secrets"][0], "TOKEN");
    for arguments in [
        &["config", "list", "--secrets"][..],
        &["config", "list"],
        &["config", "get", "TOKEN"],
        &["doctor"],
        &["log", "export"],
    ] {
        let shown = test.run(arguments);
        let all = format!("{}{}", shown.stdout, shown.stderr);
        assert!(!all.contains("hunter2"), "{all}");
    }
    let unset = ["config", "unset", "--secret", "TOKEN"];
    assert_eq!(
        test.run(&unset).expect(0).stdout,
        "Secret TOKEN is forgotten\n"
    );
    let again = test.run(&unset).expect(0);
    assert_eq!(again.stdout, "Secret TOKEN was not stored\n");
}
