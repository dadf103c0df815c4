//! Which of several skills counts.

use mycelium_registry::CollisionKind;
use mycelium_registry::Place;
use mycelium_registry::RegistryError;
use mycelium_registry::RootKind;
use mycelium_registry::Verdict;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;

use super::support::Fixture;
use super::support::embedded;
use super::support::ids;
use super::support::registration;

#[test]
fn an_earlier_root_wins_and_the_loser_is_reported() {
    let fixture = Fixture::new();
    fixture.skill("workspace/hello", "hello", "1.0.0");
    fixture.skill("user/hello", "hello", "1.0.0");
    fixture.skill("workspace/z/hello", "hello", "1.0.0");
    let roots = [("workspace", RootKind::Workspace), ("user", RootKind::User)];
    let discovery = fixture.discover_in(&roots);
    assert_eq!(ids(&discovery), ["hello@1.0.0"]);
    let winner = fixture.path("workspace/hello");
    assert_eq!(
        discovery.skills[0].source.to_string(),
        winner.to_str().unwrap()
    );
    let losers: Vec<_> = discovery
        .collisions
        .iter()
        .map(|collision| {
            assert_eq!(collision.kind, CollisionKind::Duplicate);
            assert_eq!(collision.winner_source, discovery.skills[0].source);
            collision.loser_source.to_string()
        })
        .collect();
    let expected = ["workspace/z/hello", "user/hello"].map(|path| fixture.path(path));
    assert_eq!(
        losers,
        expected.map(|path| path.to_str().unwrap().to_owned())
    );
    assert!(matches!(
        fixture.verdict(&discovery, "user/hello"),
        Verdict::Duplicate { .. }
    ));
    assert!(fixture.verdict(&discovery, "workspace/hello").is_taken());

    let swapped = fixture.discover_in(&[roots[1], roots[0]]);
    let winner = fixture.path("user/hello");
    assert_eq!(
        swapped.skills[0].source.to_string(),
        winner.to_str().unwrap()
    );
}

#[test]
fn versions_live_side_by_side() {
    let fixture = Fixture::new();
    for version in ["1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1", "0.9.0"] {
        fixture.skill(format!("skills/{version}"), "hello", version);
    }
    fixture.skill("skills/only-rc", "new", "0.1.0-beta.2");
    let discovery = fixture.discover("skills");
    assert_eq!(discovery.collisions, []);
    let name = "hello".parse().unwrap();
    let versions: Vec<_> = fixture
        .registry
        .versions(&name)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        versions,
        ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0", "0.9.0"]
    );
    let get = |name: &str, range: Option<&str>| {
        let range = range.map(|range| range.parse().unwrap());
        let found = fixture.registry.get(&name.parse().unwrap(), range.as_ref());
        found.map(|record| record.version().to_string())
    };
    assert_eq!(get("hello", None).as_deref(), Some("1.10.0"));
    assert_eq!(get("hello", Some("^1")).as_deref(), Some("1.10.0"));
    assert_eq!(get("hello", Some("~1.9.0")).as_deref(), Some("1.9.0"));
    assert_eq!(get("hello", Some("1.0.0")).as_deref(), Some("1.0.0"));
    assert_eq!(get("hello", Some("<1")).as_deref(), Some("0.9.0"));
    assert_eq!(
        get("hello", Some("^2.0.0-rc.0")).as_deref(),
        Some("2.0.0-rc.1")
    );
    assert_eq!(get("hello", Some(">=2")), None);
    assert_eq!(get("new", None).as_deref(), Some("0.1.0-beta.2"));
    assert_eq!(get("new", Some("*")), None);
    assert_eq!(get("other", None), None);
}

#[test]
fn what_is_not_there_is_explained() {
    let fixture = Fixture::new();
    fixture.skill("skills/a", "hello-world", "1.2.0");
    fixture.discover("skills");
    let lookup = |name: &str, range: Option<&str>| {
        let range = range.map(|range| range.parse().unwrap());
        fixture
            .registry
            .lookup(&name.parse().unwrap(), range.as_ref())
    };
    assert_eq!(
        lookup("hello-world", Some("^1")).unwrap().id().to_string(),
        "hello-world@1.2.0"
    );

    let error = lookup("helo-world", None).unwrap_err();
    assert!(matches!(error, RegistryError::UnknownSkill { .. }));
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::SkillNotFound);
    assert!(
        report.remediation(Locale::EnUs).contains("`hello-world`"),
        "{report:?}"
    );

    let report = ErrorReport::from(lookup("zzz", Some("^1")).unwrap_err());
    assert_eq!(report.context["suggestion"], "none");

    let error = lookup("hello-world", Some("^2")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no version of `hello-world` in ^2, only 1.2.0"
    );
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::SkillNotFound);
    assert_eq!(report.context["skill"], "hello-world@^2");
    assert_eq!(report.context["suggestion"], "hello-world@1.2.0");
}

#[test]
fn what_a_server_offered_takes_nobody_s_name_at_any_version() {
    let fixture = Fixture::new();
    fixture.registry.register([embedded("demo", "1.0.0")]);
    fixture.skill("user/tool", "tool", "1.0.0");
    fixture.skill("one/tool", "tool", "99.0.0");
    fixture.skill("one/demo", "demo", "1.0.0");
    fixture.skill("one/pdf", "pdf", "1.0.0");
    fixture.skill("two/pdf", "pdf", "2.0.0");
    fixture.skill("two/other", "other", "2.0.0");
    let discovery = fixture.discover_in(&[
        ("one", RootKind::Server),
        ("user", RootKind::User),
        ("two", RootKind::Server),
    ]);
    let known: Vec<_> = (discovery.skills.iter())
        .map(|skill| skill.id().to_string())
        .collect();
    assert_eq!(
        known,
        ["demo@1.0.0", "other@2.0.0", "pdf@1.0.0", "tool@1.0.0"]
    );
    let lost: Vec<_> = (discovery.collisions.iter())
        .map(|collision| (collision.kind, collision.loser.to_string()))
        .collect();
    let server = |id: &str| (CollisionKind::Server, id.to_owned());
    assert_eq!(
        lost,
        [
            server("demo@1.0.0"),
            server("tool@99.0.0"),
            server("pdf@2.0.0")
        ]
    );
    let versions = |range| fixture.registry.get(&"tool".parse().unwrap(), Some(range));
    assert!(versions(&"^99".parse().unwrap()).is_none());
}

#[test]
fn a_skill_that_shadows_another_owner_s_is_reported() {
    let fixture = Fixture::new();
    fixture
        .registry
        .register([embedded("demo", "1.0.0"), embedded("quiet", "1.0.0")]);
    fixture.skill("workspace/demo", "demo", "99.0.0");
    fixture.skill("workspace/mine-1", "mine", "1.0.0");
    fixture.skill("workspace/mine-2", "mine", "2.0.0");
    fixture.skill("workspace/old", "tool", "1.0.0");
    fixture.skill("user/tool", "tool", "3.0.0");
    let roots = [("workspace", RootKind::Workspace), ("user", RootKind::User)];
    let discovery = fixture.discover_in(&roots);
    let shown: Vec<_> = discovery
        .collisions
        .iter()
        .map(|c| (c.kind, c.winner.to_string(), c.loser.to_string()))
        .collect();
    let shadow =
        |winner: &str, loser: &str| (CollisionKind::Shadow, winner.to_owned(), loser.to_owned());
    assert_eq!(
        shown,
        [
            shadow("demo@99.0.0", "demo@1.0.0"),
            shadow("tool@3.0.0", "tool@1.0.0")
        ]
    );
    let text = discovery.collisions[0].message().render(Locale::EnUs);
    assert!(text.contains("embedded:demo"), "{text}");

    fixture.skill("workspace/demo", "demo", "1.0.0");
    let discovery = fixture.discover_in(&roots);
    let collision = &discovery.collisions[0];
    assert_eq!(collision.kind, CollisionKind::Duplicate);
    assert_eq!(collision.loser_source.to_string(), "embedded:demo");
}

#[test]
fn registered_skills_come_first_embedded_ones_last() {
    let fixture = Fixture::new();
    fixture.registry.register([
        registration("hello", "1.0.0", ""),
        registration("own", "1.0.0", ""),
        embedded("hello", "1.0.0"),
        embedded("built-in", "1.0.0"),
    ]);
    assert_eq!(fixture.registry.list().len(), 3, "without any discovery");
    fixture.skill("skills/hello", "hello", "1.0.0");
    fixture.skill("skills/built-in", "built-in", "1.0.0");
    let discovery = fixture.discover("skills");
    assert_eq!(
        ids(&discovery),
        ["built-in@1.0.0", "hello@1.0.0", "own@1.0.0"]
    );
    let place = |name: &str| {
        let record = fixture.registry.get(&name.parse().unwrap(), None).unwrap();
        record.place.clone()
    };
    assert_eq!(place("hello"), Place::Program);
    assert!(matches!(place("built-in"), Place::Root(_)));

    let hello = "hello".parse().unwrap();
    assert_eq!(
        fixture
            .registry
            .unregister(&hello, Some(&"2.0.0".parse().unwrap())),
        0
    );
    assert_eq!(fixture.registry.unregister(&hello, None), 2);
    assert!(matches!(place("hello"), Place::Root(_)));
    fixture
        .registry
        .register([registration("own", "1.0.0", r#""category": "new","#)]);
    let own = fixture.registry.get(&"own".parse().unwrap(), None).unwrap();
    assert_eq!(own.manifest.category.as_deref(), Some("new"));
    assert_eq!(fixture.registry.list().len(), 3);
}

#[test]
fn deprecation_is_shown() {
    let fixture = Fixture::new();
    let fields = r#""deprecated": {"message": "Use hello instead", "replacement": "hello"},"#;
    fixture
        .registry
        .register([registration("old-hello", "1.0.0", fields)]);
    let record = fixture
        .registry
        .get(&"old-hello".parse().unwrap(), None)
        .unwrap();
    let deprecation = record.deprecated().unwrap();
    assert_eq!(deprecation.replacement.as_deref(), Some("hello"));
}
