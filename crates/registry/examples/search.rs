//! Measures search, look-up and discovery over many made-up skills.
//!
//! `cargo run --release -p mycelium-registry --example search [SKILLS…]`
#![allow(clippy::print_stdout, reason = "a table for a person is all it is for")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use mycelium_registry::Registration;
use mycelium_registry::Registry;
use mycelium_registry::Root;
use mycelium_registry::RootKind;
use mycelium_registry::SearchQuery;
use mycelium_types::Manifest;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::VersionRange;

/// How often each thing is measured.
const RUNS: usize = 200;
/// Skills in one root folder, which holds at most 2,000.
const PER_ROOT: usize = 1_500;

const STEMS: [&str; 24] = [
    "lint", "test", "deploy", "parse", "fetch", "build", "format", "check", "scan", "index",
    "merge", "query", "render", "cache", "graph", "trace", "audit", "sync", "pack", "plan",
    "route", "review", "search", "report",
];
const ENDINGS: [&str; 10] = [
    "", "er", "ing", "s", "able", "or", "ed", "ize", "ly", "ment",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes: Vec<usize> = std::env::args()
        .skip(1)
        .flat_map(|arg| arg.parse())
        .collect();
    if sizes.is_empty() {
        sizes = vec![500, 20_000, 100_000];
    }
    for size in sizes {
        println!("{size} skills");
        measure_memory(size)?;
        if size <= 20_000 {
            measure_folders(size)?;
        }
    }
    Ok(())
}

fn measure_memory(size: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::TempDir::new()?;
    let registry = Registry::open(&folder.path().join("registry.db"));
    let skills: Vec<_> = (0..size)
        .map(|number| -> Result<_, Box<dyn Error>> {
            Ok(Registration {
                manifest: manifest(&json(number))?,
                source: SkillSource::Folder {
                    path: format!("/skills/{number}").into(),
                },
            })
        })
        .collect::<Result<_, _>>()?;
    once("register", || registry.register(skills));
    let query = |text: &str| SearchQuery {
        text: Some(text.to_owned()),
        ..SearchQuery::default()
    };
    let first = query("lint");
    once("first search, makes the index", || {
        registry.search(&first).len()
    });
    for (what, text) in [
        ("search, rare word", "graphment"),
        ("search, two words", "audit plan"),
        ("search, beginning of a word", "rev"),
        ("search, word of every skill", "skill"),
        ("search, no match", "unobtainium"),
    ] {
        let query = query(text);
        many(what, || registry.search(&query).len());
    }
    let tagged = SearchQuery {
        tags: vec!["audit".to_owned()],
        min_version: Some("1.5.0".parse()?),
        ..SearchQuery::default()
    };
    many("search, tag and version only", || {
        registry.search(&tagged).len()
    });
    let name: SkillName = format!("lint-{}", size / 24 * 24)
        .parse()
        .or("lint-0".parse())?;
    let range: VersionRange = "^1".parse()?;
    many("get", || registry.get(&name, None));
    many("get, with a range", || registry.get(&name, Some(&range)));
    many("suggest", || registry.suggest("lnit-24"));
    Ok(())
}

fn measure_folders(size: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::TempDir::new()?;
    let roots: Vec<_> = (0..size.div_ceil(PER_ROOT))
        .map(|root| Root {
            path: folder.path().join(format!("root-{root}")),
            kind: RootKind::User,
        })
        .collect();
    for number in 0..size {
        let skill = roots[number / PER_ROOT].path.join(number.to_string());
        fs_err::create_dir_all(&skill)?;
        fs_err::write(skill.join("skill.json"), json(number))?;
        // Older than what could still change unseen, so that it may be remembered.
        let file = fs_err::File::options()
            .write(true)
            .open(skill.join("skill.json"))?;
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))?;
    }
    let database = folder.path().join("registry.db");
    let registry = Registry::open(&database);
    let cold = registry.discover(&roots, &[]);
    line(
        "discover, nothing known",
        &[cold.duration],
        &format!("{} read", cold.read),
    );
    let again = registry.discover(&roots, &[]);
    line(
        "discover, same process",
        &[again.duration],
        &format!("{} read", again.read),
    );
    warm(&database, &roots);
    Ok(())
}

fn warm(database: &Path, roots: &[Root]) {
    let start = Instant::now();
    let registry = Registry::open(database);
    let warm = registry.discover(roots, &[]);
    let what = format!("{} read, {} reused", warm.read, warm.reused);
    line("open and discover, new process", &[start.elapsed()], &what);
}

fn json(number: usize) -> String {
    let stem = |offset: usize| STEMS[(number * 7 + offset * 13) % STEMS.len()];
    // Few words are in many skills and many words in few, as in real descriptions.
    let word = |place: usize| {
        let spread = (number.wrapping_mul(2_654_435_761) >> place) % 240;
        let index = spread * spread / 240;
        format!("{}{}", STEMS[index % 24], ENDINGS[index / 24])
    };
    let description: Vec<_> = (0..14).map(word).collect();
    format!(
        r#"{{"name": "{}-{number}", "version": "1.{}.0", "entrypoint": "index.js", "exports": ["run", "check"],
            "description": "A skill to {}", "tags": ["{}", "{}"], "author": "Author {}", "category": "{}",
            "permissions": [{{"type": "filesystem", "paths": ["./out"], "access": "write"}}]}}"#,
        STEMS[number % 24],
        number % 10,
        description.join(" "),
        stem(1),
        stem(2),
        number % 50,
        stem(3),
    )
}

fn manifest(json: &str) -> Result<Manifest, Box<dyn Error>> {
    let reading = Manifest::read(json.as_bytes(), "skill.json");
    reading
        .manifest
        .ok_or_else(|| format!("{:?}", reading.diagnostics).into())
}

fn once<R>(what: &str, work: impl FnOnce() -> R) {
    let start = Instant::now();
    black_box(work());
    line(what, &[start.elapsed()], "");
}

fn many<R>(what: &str, mut work: impl FnMut() -> R) {
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    line(what, &times, "");
}

fn line(what: &str, times: &[Duration], note: &str) {
    let at = |percent: usize| {
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    if times.len() == 1 {
        println!("  {what:32} {:10.3} ms  {note}", at(0));
    } else {
        println!(
            "  {what:32} p50 {:9.4}  p95 {:9.4}  p99 {:9.4} ms",
            at(50),
            at(95),
            at(99)
        );
    }
}
