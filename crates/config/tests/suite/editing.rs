//! Setting and removing single values in files that people keep by hand.

use std::os::unix::fs::PermissionsExt as _;

use mycelium_config::ConfigError;
use mycelium_config::parse_value;
use mycelium_config::set_value;
use mycelium_config::unset_value;
use mycelium_types::Node;
use mycelium_types::Syntax;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::suite::fixture::Fixture;

const COMMENTED: &str = "\
// My settings.
{
    \"watch\": false, // not today
    /* limits */
    \"security\": {
        \"maxMemoryMB\": 500, // enough
    },
}
";

#[test]
fn comments_and_formatting_stay() {
    let fixture = Fixture::new().user(COMMENTED);
    let file = &fixture.files().user;
    set_value(file, "security.maxMemoryMB", &json!(300)).unwrap();
    set_value(file, "security.maxOpenFiles", &json!(32)).unwrap();
    set_value(
        file,
        "skills.hello-world.greeting",
        &json!("Hi \"you\" ${NAME}\n"),
    )
    .unwrap();
    assert_eq!(
        fs_err::read_to_string(file).unwrap(),
        "\
// My settings.
{
    \"watch\": false, // not today
    /* limits */
    \"security\": {
        \"maxMemoryMB\": 300, // enough
        \"maxOpenFiles\": 32,
    },
    \"skills\": {
        \"hello-world\": {
            \"greeting\": \"Hi \\\"you\\\" ${NAME}\\n\"
        }
    },
}
"
    );
    assert!(unset_value(file, "skills.hello-world").unwrap());
    assert!(unset_value(file, "skills").unwrap());
    assert!(unset_value(file, "security.maxOpenFiles").unwrap());
    assert!(!unset_value(file, "security.maxOpenFiles").unwrap());
    assert!(!unset_value(file, "watch.deeper").unwrap());
    set_value(file, "security.maxMemoryMB", &json!(500)).unwrap();
    assert_eq!(fs_err::read_to_string(file).unwrap(), COMMENTED);
}

#[test]
fn a_missing_file_is_created_and_an_existing_one_keeps_its_mode_and_link() {
    let fixture = Fixture::new();
    let file = fixture.below("new/folder/skills.json");
    assert!(!unset_value(&file, "watch").unwrap());
    set_value(&file, "watch", &json!(true)).unwrap();
    assert_eq!(
        fs_err::read_to_string(&file).unwrap(),
        "{\n  \"watch\": true\n}\n"
    );

    fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = fixture.below("link.json");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    set_value(&link, "watch", &json!(false)).unwrap();
    assert!(fs_err::symlink_metadata(&link).unwrap().is_symlink());
    let metadata = fs_err::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert!(fs_err::read_to_string(&file).unwrap().contains("false"));
    // Nothing temporary is left.
    let names = fs_err::read_dir(file.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 1);
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let fixture = Fixture::new().user("{\"skills\": {\"a\": 1}, \"watch\": true}");
    let file = &fixture.files().user;
    let before = fs_err::read_to_string(file).unwrap();
    for (key, value) in [
        ("watch", json!("true")),
        ("security.maxMemoryMB", json!(1)),
        ("security", json!(true)),
        ("skills.A.x", json!(1)),
        ("skills.a.x", json!("${")),
        ("skills.a.limits.memoryMB", json!(0)),
    ] {
        let error = set_value(file, key, &value).unwrap_err();
        assert!(matches!(error, ConfigError::Invalid { .. }), "{key}");
    }
    for key in ["wach", "security.maxMemory", "", "security..maxMemoryMB"] {
        let error = set_value(file, key, &json!(true)).unwrap_err();
        assert!(matches!(error, ConfigError::UnknownKey { .. }), "{key}");
    }
    let error = set_value(file, "skills.a.x", &json!(1)).unwrap_err();
    let ConfigError::InTheWay { in_the_way, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(in_the_way, "skills.a");
    assert_eq!(fs_err::read_to_string(file).unwrap(), before);

    fs_err::write(file, "{ \"watch\": ").unwrap();
    let error = set_value(file, "watch", &json!(true)).unwrap_err();
    assert!(matches!(error, ConfigError::Invalid { .. }));
    fs_err::write(file, "[]").unwrap();
    let error = set_value(file, "watch", &json!(true)).unwrap_err();
    assert!(matches!(error, ConfigError::InTheWay { .. }));
}

#[test]
fn an_empty_folder_in_place_of_a_file_is_told() {
    let fixture = Fixture::new();
    let error = set_value(&fixture.below("work"), "watch", &json!(true)).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
}

#[test]
fn a_byte_order_mark_stays_where_it_is() {
    let fixture = Fixture::new().user("\u{feff}{\"watch\": true}\r\n");
    let file = &fixture.files().user;
    set_value(file, "watch", &json!(false)).unwrap();
    assert_eq!(
        fs_err::read_to_string(file).unwrap(),
        "\u{feff}{\"watch\": false}\r\n"
    );
}

#[test]
fn words_of_a_command_line_become_values() {
    for (key, text, value) in [
        ("watch", "true", json!(true)),
        ("security.maxMemoryMB", "300", json!(300)),
        ("security.maxMemoryMB", "lots", json!("lots")),
        ("monitoring.logLevel", "debug", json!("debug")),
        ("skillPaths", "./a:/b", json!(["./a", "/b"])),
        ("skills.a.x", "[1]", json!([1])),
        ("skills.a.x", "plain", json!("plain")),
    ] {
        assert_eq!(parse_value(key, text), value, "{key} {text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[\\x00-\\x1f\"\\\\\u{2028}/a]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\\n]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_back(value in any_json()) {
        let fixture = Fixture::new().user(COMMENTED);
        let file = &fixture.files().user;
        let escaped: Value = serde_json::from_str(&value.to_string().replace("${", "$${")).unwrap();
        set_value(file, "skills.a.x", &escaped).unwrap();
        let bytes = fs_err::read(file).unwrap();
        let (node, _) = Node::read(&bytes, "f", Syntax::Jsonc);
        let read = node.unwrap().to_json();
        prop_assert_eq!(&read["skills"]["a"]["x"], &escaped);
        unset_value(file, "skills").unwrap();
        prop_assert_eq!(fs_err::read_to_string(file).unwrap(), COMMENTED);
    }
}
