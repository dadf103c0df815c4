//! What is made of a `SKILL.md`, however it is written.

use mycelium_types::AgentSkill;
use mycelium_types::AgentSkillReading;
use mycelium_types::Severity;

fn read(text: &str) -> AgentSkillReading {
    AgentSkill::read(text.as_bytes(), "pdf/SKILL.md", "SKILL.md", "pdf")
}

fn with(fields: &str) -> AgentSkillReading {
    read(&format!(
        "---\nname: pdf\ndescription: Fills forms\n{fields}---\nDo it.\n"
    ))
}

/// The remarks of one kind: line and field.
fn places(reading: &AgentSkillReading, severity: Severity) -> Vec<(usize, &str)> {
    let remarks = reading.diagnostics.iter();
    remarks
        .filter(|remark| remark.severity == severity)
        .map(|remark| {
            (
                remark.position.map_or(0, |place| place.line),
                remark.field.as_str(),
            )
        })
        .collect()
}

#[test]
fn a_good_one_has_nothing_to_be_said_of() {
    let reading =
        with("license: MIT\ncompatibility: Needs Python\nmetadata:\n  version: \"1.0\"\n");
    assert!(reading.conforms);
    assert_eq!(reading.diagnostics, []);
    assert_eq!(reading.instructions, "Do it.");
    let manifest = reading.manifest().unwrap();
    assert_eq!(manifest.id().to_string(), "pdf@1.0.0");
    assert_eq!(manifest.permissions, []);
    assert_eq!(manifest.license.as_deref(), Some("MIT"));
}

#[test]
fn colons_and_other_carelessness_are_understood_and_remarked_on() {
    let text = "---\nname: pdf\ndescription: Use when: the user says \"it's\" a PDF\nallowed-tools: [Read, \"Bash(git *)\"]\n---\n";
    let reading = read(text);
    let skill = reading.skill.as_ref().unwrap();
    assert_eq!(skill.description, "Use when: the user says \"it's\" a PDF");
    assert!(!reading.conforms);
    assert_eq!(places(&reading, Severity::Warning), [(3, "description")]);
    assert_eq!(
        places(&reading, Severity::Note),
        [(3, "description"), (4, "allowed-tools")]
    );

    let marked = AgentSkill::read(
        b"\xef\xbb\xbf---\r\nname: pdf\r\ndescription: d\r\n---\r\n",
        "SKILL.md",
        "SKILL.md",
        "pdf",
    );
    assert!(marked.skill.is_some() && !marked.conforms, "{marked:?}");
    assert_eq!(marked.diagnostics.len(), 2);
}

#[test]
fn what_is_repaired_keeps_its_places() {
    let fields = "name: pdf\ndescription: a: 'b' and 'c'   \nlicense: a: b\nhooks: c: d\nmetadata:\n  k:\n    x: y\n";
    let reading = read(&format!("---\n{fields}allowed-tools: Read, Write\n---\n"));
    let notes: Vec<_> = (reading.diagnostics.iter())
        .filter(|one| one.severity == Severity::Note && one.field != "description")
        .map(|one| {
            let position = one.position.unwrap();
            (position.line, position.column, one.field.as_str())
        })
        .collect();
    assert_eq!(
        notes,
        [
            (5, 1, "hooks"),
            (7, 3, "metadata.k"),
            (9, 1, "allowed-tools")
        ]
    );
}

#[test]
fn tools_are_one_list_however_they_are_written() {
    for (written, expected) in [
        ("Read, Bash(git add *)", vec!["Read", "Bash(git add *)"]),
        ("Read Write", vec!["Read", "Write"]),
        ("[Read, Write]", vec!["Read", "Write"]),
        ("\n  - Read\n  - Bash(x, y)", vec!["Read", "Bash(x, y)"]),
        ("", vec![]),
    ] {
        let reading = with(&format!("allowed-tools: {written}\n"));
        let is_told = places(&reading, Severity::Note)
            .iter()
            .any(|(_, field)| *field == "allowed-tools");
        let is_one_text = matches!(written, "Read Write" | "");
        assert_eq!(is_told, !is_one_text, "{written}");
        assert_eq!(reading.skill.unwrap().allowed_tools, expected, "{written}");
    }
}

#[test]
fn metadata_is_texts() {
    let reading = with("metadata:\n  a: 1.0\n  b: true\n  c:\n    d: e\n");
    let metadata = reading.skill.as_ref().unwrap().metadata.clone();
    let texts: Vec<_> = metadata.values().map(String::as_str).collect();
    assert_eq!(texts, ["1.0", "true", r#"{"d":"e"}"#]);
    assert!(reading.conforms);
    assert_eq!(places(&reading, Severity::Note), [(7, "metadata.c")]);
}

#[test]
fn claude_code_s_fields_count_and_do_not_conform() {
    let reading = with(
        "when_to_use: For forms\ndisable-model-invocation: yes\nuser-invocable: \"off\"\nmodel: opus\narguments: [file, format]\nwhen-to-use: x\n",
    );
    let skill = reading.skill.as_ref().unwrap();
    assert_eq!(skill.when_to_use.as_deref(), Some("For forms"));
    assert!(!skill.model_invocable && !skill.user_invocable);
    assert_eq!(skill.settings["model"], "opus");
    assert_eq!(skill.arguments, ["file", "format"]);
    assert!(!reading.conforms);
    let unknown = reading
        .diagnostics
        .iter()
        .find(|remark| remark.field == "when-to-use" && remark.severity == Severity::Note);
    assert!(unknown.is_some(), "{:?}", reading.diagnostics);
}

#[test]
fn names_become_names_that_commands_can_have() {
    for (written, expected) in [
        ("PDF Tools", "pdf-tools"),
        ("données_été", "donnees-ete"),
        ("a--b", "a--b"),
        ("../../etc", "etc"),
    ] {
        let text = format!("---\nname: {written}\ndescription: d\n---\n");
        let skill = read(&text).skill.unwrap();
        assert_eq!(skill.name.as_str(), expected);
        assert_eq!(skill.title, written);
    }
    let name = |text: &str| read(text).skill.unwrap().name;
    let foreign = name("---\nname: 数据分析\ndescription: d\n---\n");
    assert!(foreign.as_str().starts_with("skill-"), "{foreign}");
    assert_ne!(foreign, name("---\nname: 数据\ndescription: d\n---\n"));
    // The folder's, where there is none.
    assert_eq!(name("---\ndescription: d\n---\n").as_str(), "pdf");
}

#[test]
fn what_cannot_be_used_says_where_and_why() {
    for (text, line, field) in [
        ("# PDF\n", 1, ""),
        ("---\nname: pdf\n", 1, ""),
        ("---\nname: pdf\n---\n", 1, "description"),
        ("---\nname: pdf\ndescription: \"\"\n---\n", 3, "description"),
        ("---\n- a\n---\n", 2, ""),
        ("---\nname: \"open\n---\n", 2, "name"),
    ] {
        let reading = read(text);
        assert_eq!(reading.skill, None, "{text:?}");
        let errors = places(&reading, Severity::Error);
        assert!(errors.contains(&(line, field)), "{text:?}: {errors:?}");
    }
    let reading = AgentSkill::read(b"---\nname: \xff", "SKILL.md", "SKILL.md", "pdf");
    assert!(reading.skill.is_none() && !reading.conforms);
}

#[test]
fn a_huge_description_is_kept_in_part() {
    let text = format!(
        "---\nname: pdf\ndescription: {}\n---\n",
        "long ".repeat(200_000)
    );
    let skill = read(&text).skill.unwrap();
    assert_eq!(
        skill.description.chars().count(),
        AgentSkill::MAX_DESCRIPTION
    );
    assert!(skill.description.ends_with('…'));
}

#[test]
fn nothing_is_expanded_and_everything_ends() {
    let mut bomb = String::from("---\nname: pdf\ndescription: d\na: &a [x, x]\n");
    for (one, other) in ('a'..='y').zip('b'..='z') {
        bomb.push_str(&format!("{other}: &{other} [*{one}, *{one}]\n"));
    }
    bomb.push_str("---\n");
    let deep = format!("---\ndescription: d\nx: {}\n---\n", "[".repeat(100_000));
    let wide = format!("---\ndescription: d\nx: [{}]\n---\n", "a,".repeat(100_000));
    let large = format!("---\ndescription: d\nx: {}\n---\n", "a".repeat(3 << 20));
    let nested = format!(
        "---\ndescription: d\nx:\n{}---\n",
        (1..200)
            .map(|n| format!("{}a:\n", " ".repeat(n)))
            .collect::<String>()
    );
    for text in [bomb, deep, wide, large, nested] {
        let reading = read(&text);
        assert!(!reading.conforms);
        assert!(!reading.diagnostics.is_empty() && reading.diagnostics.len() < 300);
    }
    let too_large = vec![b'-'; AgentSkill::MAX_BYTES + 1];
    assert!(
        AgentSkill::read(&too_large, "SKILL.md", "SKILL.md", "pdf")
            .skill
            .is_none()
    );
}

#[test]
fn nothing_a_terminal_obeys_is_kept() {
    let reading = with("license: \"\\e[2J\\x07\"\nmetadata:\n  \"\\u009b\": \"\\u202e\"\n");
    let skill = reading.skill.unwrap();
    let shown = format!("{skill:?}");
    assert!(
        !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']),
        "{shown}"
    );
    assert_eq!(skill.license.as_deref(), Some("\u{fffd}[2J\u{fffd}"));
}
