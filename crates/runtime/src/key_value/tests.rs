use super::*;
use serde_json::json;

fn store(folder: &tempfile::TempDir) -> KeyValueStore {
    KeyValueStore::new(folder.path().join("kv/demo.sqlite3"), 1)
}

fn commit(mut params: serde_json::Value) -> KvCommit {
    params["call"] = json!(1);
    serde_json::from_str(&params.to_string()).unwrap()
}

fn set(store: &KeyValueStore, key: &str, value: serde_json::Value) -> KvCommitted {
    let writes = json!({"writes": [{"set": {"key": key, "value": value}}]});
    store.commit(&commit(writes)).unwrap()
}

fn get(store: &KeyValueStore, key: &str) -> (Option<String>, u64) {
    let key = key.to_owned();
    let found = store.get(&KvGet { call: 1, key }).unwrap();
    (
        found.value.map(|value| value.get().to_owned()),
        found.version,
    )
}

fn list(store: &KeyValueStore, prefix: &str, after: Option<&str>, limit: usize) -> KvListed {
    store
        .list(&KvList {
            call: 1,
            prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            limit: Some(limit),
        })
        .unwrap()
}

#[test]
fn values_are_kept_as_they_are_and_outlive_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = json!({"__proto__": {"a": null}, "b": [1.5, "\u{0}\u{1f600}"]});
    let first = store(&folder);
    assert_eq!(get(&first, "__proto__"), (None, 0));
    set(&first, "__proto__", hostile.clone());
    set(&first, "null", json!(null));
    drop(first);
    let second = store(&folder);
    assert_eq!(get(&second, "__proto__").0, Some(hostile.to_string()));
    assert_eq!(get(&second, "null"), (Some("null".to_owned()), 2));
}

#[test]
fn a_commit_is_all_or_nothing_and_only_if_nothing_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (store(&folder), store(&folder));
    set(&one, "a", json!(1));
    let (_, version) = get(&one, "a");
    set(&other, "a", json!(2));
    let stale = json!({"checks": [{"key": "a", "version": version}],
        "writes": [{"set": {"key": "a", "value": 3}}, {"set": {"key": "b", "value": 3}}]});
    assert!(!one.commit(&commit(stale)).unwrap().committed);
    assert_eq!(
        (get(&one, "a").0, get(&one, "b").0),
        (Some("2".to_owned()), None)
    );
    let fresh = json!({"checks": [{"key": "a", "version": get(&one, "a").1}, {"key": "b", "version": 0}],
        "writes": [{"delete": {"key": "a"}}, {"set": {"key": "b", "value": 3}}]});
    let done = one.commit(&commit(fresh)).unwrap();
    assert!(done.committed);
    assert_eq!(
        (get(&other, "a"), get(&other, "b").0),
        ((None, 0), Some("3".to_owned()))
    );
    let listed = list(&one, "", None, 10);
    assert_eq!(listed.revision, done.revision);
    set(&other, "c", json!(1));
    let stale = json!({"revision": listed.revision, "writes": [{"delete": {"key": "b"}}]});
    assert!(!one.commit(&commit(stale)).unwrap().committed);
}

#[test]
fn keys_are_listed_in_their_order_and_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    for key in ["b/1", "b/\u{10ffff}", "a", "c", "b0", "b/2"] {
        set(&store, key, json!(0));
    }
    assert_eq!(
        list(&store, "", None, 100).keys,
        ["a", "b/1", "b/2", "b/\u{10ffff}", "b0", "c"]
    );
    let part = list(&store, "b/", None, 2);
    assert_eq!(
        (part.keys, part.more),
        (vec!["b/1".to_owned(), "b/2".to_owned()], true)
    );
    let rest = list(&store, "b/", Some("b/2"), 2);
    assert_eq!(
        (rest.keys, rest.more),
        (vec!["b/\u{10ffff}".to_owned()], false)
    );
}

#[test]
fn what_does_not_fit_is_refused_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = "k".repeat(MAX_KEY + 1);
    let invalid = [
        r#"{"call": 1, "writes": [{"set": {"key": "a", "value": 1}}, {"set": {"key": "", "value": 1}}]}"#.to_owned(),
        format!(r#"{{"call": 1, "writes": [{{"delete": {{"key": "{long}"}}}}]}}"#),
        format!(r#"{{"call": 1, "writes": [{{"set": {{"key": "a", "value": {deep}}}}}]}}"#),
        format!(r#"{{"call": 1, "writes": [{{"set": {{"key": "a", "value": "{}"}}}}]}}"#, "x".repeat(MAX_KEPT_VALUE)),
    ];
    for text in invalid {
        let commit: KvCommit = serde_json::from_str(&text).unwrap();
        let error = store.commit(&commit).unwrap_err();
        assert_eq!(error.code, ErrorCode::HostCallInvalid, "{error}");
    }
    let many: Vec<_> = (0..=MAX_WRITES)
        .map(|n| json!({"delete": {"key": n.to_string()}}))
        .collect();
    let error = store.commit(&commit(json!({"writes": many}))).unwrap_err();
    assert_eq!(error.code, ErrorCode::HostCallInvalid);
    assert_eq!(get(&store, "a"), (None, 0));
}

#[test]
fn a_full_store_takes_less_but_not_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let half = "x".repeat(500_000);
    set(&store, "a", json!(half));
    set(&store, "b", json!(half));
    let more =
        json!({"writes": [{"delete": {"key": "none"}}, {"set": {"key": "c", "value": half}}]});
    let error = store.commit(&commit(more)).unwrap_err();
    assert_eq!(
        (error.code, error.limit()),
        (ErrorCode::DiskLimit, Some(Limit::Data))
    );
    assert_eq!(error.context["limit"], "1");
    assert_eq!(get(&store, "c").0, None);
    let swap = json!({"writes": [{"delete": {"key": "a"}}, {"set": {"key": "c", "value": half}}]});
    assert!(store.commit(&commit(swap)).unwrap().committed);
    set(&store, "b", json!(1));
    set(&store, "a", json!(half));
}

#[test]
fn a_damaged_file_is_an_error_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kv/demo.sqlite3");
    fs_err::create_dir_all(file.parent().unwrap()).unwrap();
    fs_err::write(
        &file,
        "not a database, but long enough to be read as one".repeat(20),
    )
    .unwrap();
    let before = fs_err::read(&file).unwrap();
    let key = "a".to_owned();
    let error = store(&folder).get(&KvGet { call: 1, key }).unwrap_err();
    assert_eq!(error.code, ErrorCode::StateUnavailable);
    assert!(error.context["reason"].contains("demo.sqlite3"), "{error}");
    assert_eq!(fs_err::read(&file).unwrap(), before);
}
