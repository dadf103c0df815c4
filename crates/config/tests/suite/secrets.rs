//! The encrypted store.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mycelium_config::SecretStore;
use mycelium_types::SecretValue;

fn value(text: &str) -> SecretValue {
    SecretValue::new(text.to_owned().into()).unwrap()
}

fn revealed(store: &SecretStore, name: &str) -> Option<String> {
    let found = store.reveal(name).unwrap();
    found.map(|value| value.reveal().to_owned())
}

/// Every file of the store with its mode.
fn files(state: &Path) -> Vec<(String, u32)> {
    let mut files: Vec<_> = fs_err::read_dir(state.join("secrets"))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn values_are_kept_rotated_and_forgotten_and_are_in_no_file() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::below(state.path());
    assert_eq!(store.names().unwrap(), [""; 0]);
    assert_eq!(revealed(&store, "TOKEN"), None);
    store.set("TOKEN", value("first-value")).unwrap();
    store.set("OTHER", value("another-value")).unwrap();
    store.set("TOKEN", value("second-value")).unwrap();
    assert_eq!(store.names().unwrap(), ["OTHER", "TOKEN"]);
    assert_eq!(revealed(&store, "TOKEN").as_deref(), Some("second-value"));
    assert_eq!(
        files(state.path()),
        [("key", 0o600), ("lock", 0o600), ("store", 0o600)]
            .map(|(name, mode)| (name.to_owned(), mode))
    );
    for (name, _) in files(state.path()) {
        let content = fs_err::read(state.path().join("secrets").join(name)).unwrap();
        let has = |text: &[u8]| content.windows(text.len()).any(|part| part == text);
        assert!(!has(b"value") && !has(b"TOKEN"));
    }
    assert!(store.remove("TOKEN").unwrap());
    assert!(!store.remove("TOKEN").unwrap());
    assert_eq!(revealed(&store, "TOKEN"), None);
    assert!(store.set("A=B", value("x")).is_err());
}

#[test]
fn what_was_changed_or_lies_open_is_not_used() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::below(state.path());
    store.set("TOKEN", value("s3cret")).unwrap();
    let file = state.path().join("secrets/store");
    let good = fs_err::read(&file).unwrap();
    for index in [0, 20, 40, good.len() - 1] {
        let mut bad = good.clone();
        bad[index] ^= 1;
        fs_err::write(&file, &bad).unwrap();
        let error = store.reveal("TOKEN").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
        assert!(store.set("TOKEN", value("x")).is_err());
    }
    fs_err::write(&file, &good[..10]).unwrap();
    assert!(store.names().is_err());
    fs_err::write(&file, &good).unwrap();
    let key = state.path().join("secrets/key");
    fs_err::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(store.reveal("TOKEN").is_err());
    fs_err::remove_file(&key).unwrap();
    assert!(store.reveal("TOKEN").is_err());
}
