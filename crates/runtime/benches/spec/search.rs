//! Searching many made-up skills.

use mycelium_registry::Registration;
use mycelium_registry::Registry;
use mycelium_registry::SearchQuery;
use mycelium_types::Manifest;
use mycelium_types::SkillSource;

use crate::Outcome;
use crate::report;
use crate::scene::Scene;

const RUNS: usize = 200;

const STEMS: [&str; 24] = [
    "lint", "test", "deploy", "parse", "fetch", "build", "format", "check", "scan", "index",
    "merge", "query", "render", "cache", "graph", "trace", "audit", "sync", "pack", "plan",
    "route", "review", "search", "report",
];
const ENDINGS: [&str; 10] = [
    "", "er", "ing", "s", "able", "or", "ed", "ize", "ly", "ment",
];

/// Rare and common words, several, a beginning, and nothing.
const TEXTS: [&str; 5] = [
    "graphment",
    "audit plan",
    "rev",
    "test report lint",
    "unobtainium",
];

/// Measures searches of a small and of a large registry.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    fs_err::create_dir_all(scene.place("registry"))?;
    for size in [500, 100_000] {
        let registry = Registry::open(&scene.place("registry").join(format!("{size}.db")));
        let skills: Outcome<Vec<_>> = (0..size).map(registration).collect();
        registry.register(skills?);
        let queries = TEXTS.map(|text| SearchQuery {
            text: Some(text.to_owned()),
            ..SearchQuery::default()
        });
        // The first search makes the index.
        std::hint::black_box(registry.search(&queries[0]));
        let mut next = queries.iter().cycle();
        let times = report::measure(RUNS, || {
            if let Some(query) = next.next() {
                std::hint::black_box(registry.search(query));
            }
            Ok(())
        })?;
        report::times(&format!("search-{size}"), &times)?;
    }
    Ok(())
}

fn registration(number: usize) -> Outcome<Registration> {
    let reading = Manifest::read(manifest(number).as_bytes(), "skill.json");
    Ok(Registration {
        manifest: reading.manifest.ok_or("a made-up manifest is invalid")?,
        source: SkillSource::Folder {
            path: format!("/skills/{number}").into(),
        },
    })
}

fn manifest(number: usize) -> String {
    // Few words are in many skills and many words in few, as in real descriptions.
    let word = |place: usize| {
        let spread = (number.wrapping_mul(2_654_435_761) >> place) % 240;
        let index = spread * spread / 240;
        format!("{}{}", STEMS[index % 24], ENDINGS[index / 24])
    };
    let description: Vec<_> = (0..14).map(word).collect();
    let stem = |offset: usize| STEMS[(number * 7 + offset * 13) % STEMS.len()];
    serde_json::json!({
        "name": format!("{}-{number}", STEMS[number % 24]),
        "version": format!("1.{}.0", number % 10),
        "description": format!("A skill to {}", description.join(" ")),
        "entrypoint": "index.js",
        "exports": ["run"],
        "tags": [stem(1), stem(2)],
        "author": format!("Author {}", number % 50),
        "category": stem(3),
    })
    .to_string()
}
