//! Files that are not what they should be: told, bounded, never a panic.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;

use mycelium_types::Severity;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::suite::fixture::Fixture;

#[test]
fn what_is_no_file_or_too_large_or_too_deep_is_told() {
    let fixture = Fixture::new().user("{\"watch\": true}");
    let project = fixture.files().project.clone();
    let told = |fixture: &Fixture| {
        let reading = fixture.read();
        assert!(reading.configuration.watch, "the other layers still load");
        assert_eq!(reading.diagnostics.len(), 1);
        assert_eq!(reading.diagnostics[0].severity, Severity::Error);
        assert!(reading.diagnostics[0].file.ends_with("skills.json"));
        reading.diagnostics[0].message.clone()
    };
    let fixture = fixture.project(vec![b' '; 3 << 20]);
    assert!(told(&fixture).contains("no more than 1048576"));
    let fixture = fixture.project("[".repeat(10_000));
    assert!(told(&fixture).contains("64 levels"));
    let fixture = fixture.project(b"{\"a\": \"\xff\"}");
    assert!(told(&fixture).contains("0xFF"));
    let fixture = fixture.project("null");
    assert!(told(&fixture).contains("not null"));

    fs_err::remove_file(&project).unwrap();
    fs_err::create_dir(&project).unwrap();
    assert!(told(&fixture).contains("not a file"));
    fs_err::remove_dir(&project).unwrap();
    std::os::unix::fs::symlink(&project, &project).unwrap();
    assert!(told(&fixture).contains("cannot be read"));
    fs_err::remove_file(&project).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &project).unwrap();
    assert!(told(&fixture).contains("not a file"));
}

#[test]
fn a_file_that_nobody_may_read_is_told() {
    let fixture = Fixture::new().project("{}");
    let nobody = std::fs::Permissions::from_mode(0o000);
    fs_err::set_permissions(&fixture.files().project, nobody).unwrap();
    let reading = fixture.read();
    // Root reads it all the same, and whoever runs this owns the folder.
    let is_root = fs_err::metadata(fixture.path()).unwrap().uid() == 0;
    assert_eq!(reading.diagnostics.is_empty(), is_root);
}

#[test]
fn what_variables_put_in_is_bounded() {
    let items = vec!["\"${BIG}\""; 200].join(",");
    let fixture = Fixture::new()
        .user(&format!("{{\"skills\": {{\"a\": {{\"x\": [{items}]}}}}}}"))
        .variable("BIG", &"x".repeat(100_000));
    let reading = fixture.read();
    assert!(
        reading
            .diagnostics
            .iter()
            .all(|d| d.severity == Severity::Error)
    );
    assert!(!reading.diagnostics.is_empty());
    assert!(
        reading
            .configuration
            .skills
            .values()
            .all(|skill| skill.settings.is_empty())
    );
}

#[test]
fn a_skill_with_very_many_settings_on_one_line_loads() {
    let members: Vec<_> = (0..15_000).map(|i| format!("\"é{i}\":{i}")).collect();
    let configuration = Fixture::new()
        .user(&format!(
            "{{\"skills\":{{\"a\":{{{}}}}}}}",
            members.join(",")
        ))
        .load();
    let last = configuration.origin_of("skills.a.é14999").unwrap();
    assert!(last.position.unwrap().column > 100_000);
}

fn configuration_like() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"skills\":",
        "\"a\":",
        "\"limits\":",
        "\"security\":",
        "\"maxMemoryMB\":",
        "\"requiredRung\":",
        "\"skillPaths\":",
        "\"watch\":",
        "\"${A}\"",
        "\"${A:-\"",
        "\"$${\"",
        "\"${\"",
        "1",
        "-1",
        "1e400",
        "true",
        "null",
        "\"full\"",
        "\"x\"",
        "// c\n",
        "/* c */",
        " ",
        "\n",
        "é",
        "\u{feff}",
    ]);
    vec(token, 0..40).prop_map(|tokens| format!("{{{}}}", tokens.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Fixture::new().project(bytes).read();
    }

    #[test]
    fn anything_like_a_configuration(text in configuration_like(), trusted in any::<bool>()) {
        let fixture = Fixture::new().project(&text).variable("A", "7");
        let fixture = if trusted { fixture } else { fixture.untrusted() };
        let reading = fixture.read();
        for diagnostic in &reading.diagnostics {
            prop_assert!(diagnostic.help.is_some());
            prop_assert!(!diagnostic.message.contains("defect"), "{}", text);
        }
    }
}
