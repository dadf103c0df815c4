//! What a search finds, and in which order.

use std::path::Path;
use std::sync::LazyLock;

use mycelium_registry::Registry;
use mycelium_registry::SearchQuery;
use proptest::prelude::*;

use super::support::Fixture;
use super::support::registration;

fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let skill = |name: &str, version: &str, fields: &str| registration(name, version, fields);
    fixture.registry.register([
        skill(
            "lint",
            "1.0.0",
            r#""author": "Ada Lovelace", "category": "Quality","#,
        ),
        skill(
            "code-review",
            "1.0.0",
            r#""tags": ["lint", "Review"], "author": "Grace Hopper","#,
        ),
        skill(
            "format",
            "1.0.0",
            r#""keywords": ["style"], "descriptions": {"es": "Función de lint"},"#,
        ),
        skill(
            "deploy",
            "1.0.0",
            r#""category": "quality", "author": {"name": "Ada", "email": "a@example.org"},"#,
        ),
        skill("deploy", "2.0.0", r#""tags": ["cloud"],"#),
        skill("deploy", "3.0.0-rc.1", ""),
        skill("greeter", "1.0.0", r#""deprecated": {"message": "gone"},"#),
        skill("greeting-cards", "1.0.0", r#""tags": ["greeter"],"#),
    ]);
    fixture
}

fn found(registry: &Registry, query: &SearchQuery) -> Vec<String> {
    let hits = registry.search(query);
    hits.iter().map(|hit| hit.record.id().to_string()).collect()
}

fn by_text(text: &str) -> SearchQuery {
    SearchQuery {
        text: Some(text.to_owned()),
        ..SearchQuery::default()
    }
}

#[test]
fn names_weigh_more_than_tags_and_tags_more_than_descriptions() {
    let fixture = fixture();
    let hits = found(&fixture.registry, &by_text("lint"));
    assert_eq!(hits, ["lint@1.0.0", "code-review@1.0.0", "format@1.0.0"]);
    let hits = found(&fixture.registry, &by_text("greeter"));
    assert_eq!(hits, ["greeter@1.0.0", "greeting-cards@1.0.0"]);
    let hits = fixture.registry.search(&by_text("greeter"));
    assert!(hits[0].record.deprecated().is_some());
    assert!(hits[0].score > hits[1].score && hits[1].score > 0.0);
}

#[test]
fn words_are_found_by_their_beginning_and_without_accents() {
    let fixture = fixture();
    for (text, expected) in [
        ("gree", vec!["greeter@1.0.0", "greeting-cards@1.0.0"]),
        ("GREETING", vec!["greeting-cards@1.0.0"]),
        ("cards greet", vec!["greeting-cards@1.0.0"]),
        ("code-review", vec!["code-review@1.0.0"]),
        ("review code", vec!["code-review@1.0.0"]),
        ("funcion", vec!["format@1.0.0"]),
        ("FUNCIÓN", vec!["format@1.0.0"]),
        ("style cloud", vec!["deploy@2.0.0", "format@1.0.0"]),
        ("unobtainium", vec![]),
        ("", vec![]),
        ("  -- \"\" ", vec![]),
    ] {
        let mut hits = found(&fixture.registry, &by_text(text));
        hits.sort();
        assert_eq!(hits, expected, "{text:?}");
    }
    assert_eq!(
        fixture.registry.search(&by_text("run")).len(),
        6,
        "exports count"
    );
}

#[test]
fn nothing_in_a_text_has_a_meaning() {
    let fixture = fixture();
    for text in [
        "\"",
        "lint\"",
        "*",
        "AND",
        "lint AND",
        "NEAR(lint, 2)",
        "name:lint",
        "^lint",
        "(lint",
        "lint OR",
        "-lint",
        "lint\0x",
        "' OR 1=1 --",
        "{name} : lint",
    ] {
        let hits = found(&fixture.registry, &by_text(text));
        assert_eq!(
            hits.contains(&"lint@1.0.0".to_owned()),
            text.contains("lint"),
            "{text:?}"
        );
    }
}

#[test]
fn conditions_narrow_with_and_without_words() {
    let fixture = fixture();
    let all = SearchQuery::default();
    let own = |text: &str| Some(text.to_owned());
    let version = |text: &str| Some(text.parse().unwrap());
    for (query, expected) in [
        (
            SearchQuery {
                name: own("EPL"),
                ..all.clone()
            },
            vec!["deploy@3.0.0-rc.1"],
        ),
        (
            SearchQuery {
                tags: vec!["review".into(), "LINT".into()],
                ..all.clone()
            },
            vec!["code-review@1.0.0"],
        ),
        (
            SearchQuery {
                tags: vec!["review".into(), "cloud".into()],
                ..all.clone()
            },
            vec![],
        ),
        (
            SearchQuery {
                author: own("ada"),
                ..all.clone()
            },
            vec!["deploy@1.0.0", "lint@1.0.0"],
        ),
        (
            SearchQuery {
                category: own("QUALITY"),
                ..all.clone()
            },
            vec!["deploy@1.0.0", "lint@1.0.0"],
        ),
        (
            SearchQuery {
                category: own("qual"),
                ..all.clone()
            },
            vec![],
        ),
        (
            SearchQuery {
                min_version: version("1.5.0"),
                ..all.clone()
            },
            vec!["deploy@3.0.0-rc.1"],
        ),
        (
            SearchQuery {
                min_version: version("1.5.0"),
                max_version: version("2.9.9"),
                ..all.clone()
            },
            vec!["deploy@2.0.0"],
        ),
        (
            SearchQuery {
                max_version: version("0.9.0"),
                ..all.clone()
            },
            vec![],
        ),
        (
            SearchQuery {
                limit: 2,
                ..all.clone()
            },
            vec!["code-review@1.0.0", "deploy@3.0.0-rc.1"],
        ),
        (
            SearchQuery {
                limit: 1,
                ..by_text("deploy")
            },
            vec!["deploy@3.0.0-rc.1"],
        ),
        (
            SearchQuery {
                max_version: version("1.9.0"),
                ..by_text("deploy")
            },
            vec!["deploy@1.0.0"],
        ),
        // Of those by her none has both words, so one is enough.
        (
            SearchQuery {
                author: own("grace"),
                ..by_text("lint format")
            },
            vec!["code-review@1.0.0"],
        ),
    ] {
        assert_eq!(found(&fixture.registry, &query), expected, "{query:?}");
    }
    assert_eq!(
        found(&fixture.registry, &all).len(),
        6,
        "one version of each"
    );
}

#[test]
fn results_follow_the_catalogue() {
    let fixture = fixture();
    let query = by_text("cloud");
    assert_eq!(found(&fixture.registry, &query), ["deploy@2.0.0"]);
    fixture
        .registry
        .register([registration("cloud", "1.0.0", "")]);
    assert_eq!(
        found(&fixture.registry, &query),
        ["cloud@1.0.0", "deploy@2.0.0"]
    );
    fixture
        .registry
        .unregister(&"deploy".parse().unwrap(), None);
    assert_eq!(found(&fixture.registry, &query), ["cloud@1.0.0"]);
}

#[test]
fn thousands_of_skills_are_ranked() {
    let fixture = Fixture::new();
    fixture.registry.register((0..5_000).map(|number| {
        let tags = if number % 500 == 7 {
            r#""tags": ["needle"],"#
        } else {
            ""
        };
        registration(&format!("hay-{number}"), "1.0.0", tags)
    }));
    fixture
        .registry
        .register([registration("needle", "1.0.0", "")]);
    let hits = fixture.registry.search(&by_text("needle"));
    assert_eq!(hits.len(), 11);
    assert_eq!(hits[0].record.name().as_str(), "needle");
    assert_eq!(fixture.registry.search(&by_text("does")).len(), 50);
    let hits = fixture.registry.search(&by_text("hay 1234"));
    assert_eq!(hits[0].record.name().as_str(), "hay-1234");
    assert_eq!(hits.len(), 1);
}

#[test]
fn near_names_are_suggested() {
    let fixture = fixture();
    let suggest = |text: &str| fixture.registry.suggest(text).map(String::from);
    assert_eq!(suggest("depoly").as_deref(), Some("deploy"));
    assert_eq!(suggest("greetr").as_deref(), Some("greeter"));
    assert_eq!(suggest("\u{1b}\0"), None);
    assert_eq!(suggest("something else"), None);
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>(), limit in 0_usize..5) {
        static FIXTURE: LazyLock<Fixture> = LazyLock::new(fixture);
        let hits = FIXTURE.registry.search(&SearchQuery { limit, ..by_text(&text) });
        let most = if limit == 0 { 6 } else { limit };
        prop_assert!(hits.len() <= most);
        prop_assert!(hits.iter().all(|hit| hit.score.is_finite() && hit.score > 0.0));
    }

    #[test]
    fn every_skill_is_found_by_its_words(word in "[a-zñéß0-9]{1,20}") {
        // Nothing is discovered, so no file is needed.
        let registry = Registry::open(Path::new("/dev/null/registry.db"));
        registry.register([
            registration("one", "1.0.0", &format!(r#""tags": ["{word}"],"#)),
            registration("other", "1.0.0", ""),
        ]);
        let beginning: String = word.chars().take(3).collect();
        for text in [word.to_uppercase(), beginning, format!("does {word}")] {
            let hits = found(&registry, &by_text(&text));
            // The capital of ß is SS, which nothing turns back.
            prop_assert!(word.contains('ß') || hits.contains(&"one@1.0.0".to_owned()), "{text:?}: {hits:?}");
        }
    }
}
