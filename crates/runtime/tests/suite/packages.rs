//! The most used packages of the npm registry, as dependencies of a skill on the embedded engine.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::world::World;

/// How many of the packages must work.
const LEAST: usize = 54;

/// A row of `package.tsv`.
struct Package {
    name: String,
    version: String,
    /// Why it does not work, if it does not.
    reason: Option<String>,
}

fn packages() -> Vec<Package> {
    let folder = Path::new("tests/packages");
    let table = fs_err::read_to_string(folder.join("package.tsv")).unwrap();
    table
        .lines()
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            let mut next = || columns.next().unwrap_or_default();
            Package {
                name: next(),
                version: next(),
                reason: Some(next()).filter(|reason| !reason.is_empty()),
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_used_packages_work_as_dependencies() {
    let packages = packages();
    assert_eq!(packages.len(), 60);
    let world = World::online();
    world.configure(&json!({"breaker": {"failureThreshold": 1000}}));
    let versions: BTreeMap<_, _> = packages
        .iter()
        .map(|package| (package.name.clone(), json!(package.version)))
        .collect();
    world.skill(
        "packages",
        json!({"exports": ["check", "names"], "dependencies": versions}),
        include_str!("../packages/index.js"),
    );
    let mut names: Vec<String> =
        serde_json::from_value(world.value("packages", "names", json!([])).await).unwrap();
    names.sort();
    let listed: Vec<_> = versions.keys().cloned().collect();
    assert_eq!(
        names, listed,
        "index.js and package.tsv name the same packages"
    );
    let mut failed = BTreeMap::new();
    for name in &names {
        let report = world
            .exec("shell", "packages", "check", json!([name]))
            .await;
        let problem = match report.outcome {
            Ok(outcome) if outcome["got"] == outcome["expected"] => None,
            Ok(outcome) => Some(format!(
                "{} instead of {}",
                outcome["got"], outcome["expected"]
            )),
            Err(error) => Some(format!("{error}: {}", first_line(error.stack.as_deref()))),
        };
        if let Some(problem) = problem {
            failed.insert(name.clone(), problem);
        }
    }
    world.runtime.shutdown().await;
    let expected: BTreeMap<_, _> = packages
        .iter()
        .filter_map(|package| Some((package.name.clone(), package.reason.clone()?)))
        .collect();
    let keys = |map: &BTreeMap<String, String>| Value::from_iter(map.keys().cloned());
    assert_eq!(
        keys(&failed),
        keys(&expected),
        "what fails is not what package.tsv says: {failed:#?}"
    );
    assert!(packages.len() - failed.len() >= LEAST, "{failed:#?}");
}

fn first_line(stack: Option<&str>) -> &str {
    stack
        .and_then(|stack| stack.lines().nth(1))
        .unwrap_or_default()
}
