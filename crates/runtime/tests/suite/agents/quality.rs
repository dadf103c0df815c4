//! How well agents are found for tasks in words that their definitions do not have.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::suite::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_found_better_than_by_the_words_they_share_with_a_task() {
    let tests = Path::new("tests/agents");
    let shared = Path::new("../loader/embedded/agents");
    let world = World::new();
    let code = fs_err::read_to_string(tests.join("measure.js")).unwrap();
    // Seconds of work, on a machine that may have much else to do.
    let manifest =
        json!({"exports": ["measure"], "limits": {"wallSeconds": 300, "cpuSeconds": 60}});
    world.skill("measure", manifest, &code);
    let folder = world.workspace().join("skills/measure/agents");
    fs_err::create_dir(&folder).unwrap();
    for file in fs_err::read_dir(shared).unwrap() {
        let file = file.unwrap();
        fs_err::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    let [definitions, queries, natural] = ["definitions.tsv", "queries.tsv", "natural.tsv"]
        .map(|name| fs_err::read_to_string(tests.join(name)).unwrap());
    let measured = world
        .value("measure", "measure", json!([definitions, queries, natural]))
        .await;
    world.runtime.shutdown().await;
    eprintln!("{measured:#}");

    assert!(measured["agents"].as_u64().unwrap() >= 100);
    assert!(measured["queries"].as_u64().unwrap() >= 100);
    assert_eq!(measured["unknown"], json!([]));
    assert_eq!(
        measured["shared"],
        json!([]),
        "queries share no word with their agent"
    );
    let accuracy = |part: &str, by: &str, at: &str| number(&measured["accuracy"][part][by][at]);
    for part in ["heldOut", "whole", "natural"] {
        for at in ["at1", "at3"] {
            for baseline in ["names", "texts"] {
                let [ours, theirs] = ["ranking", baseline].map(|by| accuracy(part, by, at));
                assert!(ours > theirs, "{part} {at}: {ours}, {baseline} {theirs}");
            }
        }
    }
    // What was measured when this was written, with some room for changes of the lexicon.
    assert!(accuracy("heldOut", "ranking", "at1") >= 0.5);
    assert!(accuracy("heldOut", "ranking", "at3") >= 0.7);
    assert!(number(&measured["ownWords"]["at1"]) >= 0.95);
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}
