//! Which versions are chosen, and which are kept.

use std::time::Duration;

use mycelium_resolver::InstallNote;
use mycelium_resolver::Platform;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverError;
use mycelium_resolver::VersionSource;
use serde_json::json;

use super::published::Published;
use super::registry::Fault;
use super::scene::Scene;
use super::scene::npm;
use super::scene::optional;
use super::scene::packages;
use super::scene::seen_by;

#[test]
fn a_changed_range_keeps_what_still_fits() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("a", "1.0.0").depends(json!({ "deep": "^1" })))
        .publish(Published::new("b", "1.0.0"))
        .publish(Published::new("deep", "1.0.0"));
    scene.install(&npm(&[("a", "^1.0.0"), ("b", "^1.0.0")]));
    scene
        .try_install_for("other", &npm(&[("a", "^1.0.0")]))
        .unwrap();
    scene
        .registry
        .publish(Published::new("a", "1.5.0").depends(json!({ "deep": "^1" })))
        .publish(Published::new("b", "1.5.0"))
        .publish(Published::new("b", "2.0.0"))
        .publish(Published::new("deep", "1.5.0"));
    scene.let_metadata_age();

    let changed = scene.install(&npm(&[("a", ">=1"), ("b", "^2")]));
    assert_eq!(changed.versions, VersionSource::Resolver);
    assert_eq!(packages(&changed), ["a@1.0.0", "b@2.0.0", "deep@1.0.0"]);
    let other = scene
        .try_install_for("other", &npm(&[("a", "^1.0.0")]))
        .unwrap();
    assert_eq!(
        other.versions,
        VersionSource::Lock,
        "only one skill is resolved again"
    );

    let tighter = scene.install(&npm(&[("a", "^1.2"), ("b", "^2")]));
    assert_eq!(packages(&tighter), ["a@1.5.0", "b@2.0.0", "deep@1.0.0"]);
    let fewer = scene.install(&npm(&[("b", "^2")]));
    assert_eq!(packages(&fewer), ["b@2.0.0"]);
    assert!(!scene.lock_text().contains("deep@1.5.0"));
}

#[test]
fn a_locked_version_that_is_gone_is_replaced() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("a", "1.1.0"))
        .publish(Published::new("b", "1.0.0"));
    scene.install(&npm(&[("a", "^1")]));
    scene.registry.unpublish("a");
    scene.registry.publish(Published::new("a", "1.0.0"));
    scene.let_metadata_age();
    let installed = scene.install(&npm(&[("a", "^1"), ("b", "1")]));
    assert_eq!(packages(&installed), ["a@1.0.0", "b@1.0.0"]);
}

#[test]
fn ranges_tags_and_prereleases_are_npms() {
    let scene = Scene::new();
    for version in [
        "0.9.0",
        "1.0.0",
        "1.2.0",
        "1.3.0-rc.1",
        "2.0.0",
        "3.0.0-beta.1",
    ] {
        scene.registry.publish(Published::new("a", version));
    }
    scene.registry.tag("a", "latest", "1.2.0");
    scene.registry.tag("a", "next", "3.0.0-beta.1");
    let choices = [
        ("", "1.2.0"),
        ("*", "1.2.0"),
        ("latest", "1.2.0"),
        ("next", "3.0.0-beta.1"),
        ("^1", "1.2.0"),
        (">=1", "1.2.0"),
        (">=1.2.1", "2.0.0"),
        ("~0.9 || ^2", "2.0.0"),
        ("1.3.0-rc.1", "1.3.0-rc.1"),
        ("^1.3.0-rc.0", "1.3.0-rc.1"),
        ("0.x", "0.9.0"),
    ];
    for (index, (range, version)) in choices.into_iter().enumerate() {
        // Each has a lock of its own: what is locked is preferred.
        let lock = scene.path(&format!("locks/{index}"));
        let skill = "skill".parse().unwrap();
        let dependencies = npm(&[("a", range)]);
        let request = scene.request(&skill, &dependencies, &lock);
        let installed = scene.resolver().install(request, &()).unwrap();
        assert_eq!(packages(&installed), [format!("a@{version}")], "{range:?}");
    }
}

#[test]
fn descriptions_are_used_while_young_then_confirmed_then_replaced() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("a", "1.0.0"))
        .publish(Published::new("b", "1.0.0"));
    let install = |name: &str| {
        let installed = scene.try_install_for(name, &npm(&[("a", ">=1")])).unwrap();
        let requests = scene.registry.take_requests();
        let requests = requests.iter().filter(|r| r.path == "/a").map(|r| r.status);
        (packages(&installed), requests.collect::<Vec<_>>())
    };
    let old = vec!["a@1.0.0".to_owned()];
    let new = vec!["a@2.0.0".to_owned()];
    assert_eq!(install("one"), (old.clone(), vec![200]));
    scene.registry.publish(Published::new("a", "2.0.0"));
    assert_eq!(install("two"), (old.clone(), vec![]), "minutes old");
    scene.let_metadata_age();
    assert_eq!(
        install("three"),
        (new.clone(), vec![200]),
        "an hour old and changed"
    );
    scene.let_metadata_age();
    assert_eq!(
        install("four"),
        (new.clone(), vec![304]),
        "an hour old, not changed"
    );
    assert_eq!(install("five"), (new, vec![]), "confirmed a moment ago");

    let mut settings = scene.settings();
    settings.metadata_ttl = Duration::ZERO;
    let (skill, lock) = ("six".parse().unwrap(), scene.lock());
    let dependencies = npm(&[("a", ">=1")]);
    let request = scene.request(&skill, &dependencies, &lock);
    Resolver::new(settings).install(request, &()).unwrap();
    assert_eq!(scene.registry.take_paths(), ["/a"]);
}

#[test]
fn a_version_published_a_moment_ago_is_found() {
    let scene = Scene::new();
    scene.registry.publish(Published::new("a", "1.0.0"));
    scene.install(&npm(&[("a", "^1")]));
    scene.registry.publish(Published::new("a", "2.0.0"));
    let installed = scene.install(&npm(&[("a", "^2")]));
    assert_eq!(packages(&installed), ["a@2.0.0"]);
    scene.registry.take_requests();
    assert!(matches!(
        scene.fail(&npm(&[("a", "^3")])),
        ResolverError::NoMatchingVersion { .. }
    ));
    assert_eq!(
        scene.registry.take_paths(),
        ["/a"],
        "it is asked once more, not for ever"
    );
}

#[test]
fn peers_come_from_the_surroundings() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("react", "17.0.0"))
        .publish(Published::new("react", "18.0.0"))
        .publish(
            Published::new("hooks", "1.0.0").with("peerDependencies", json!({ "react": ">=17" })),
        )
        .publish(
            Published::new("old-app", "1.0.0").depends(json!({ "react": "^17", "hooks": "^1" })),
        );
    let installed = scene.install(&npm(&[("react", "^18"), ("hooks", "1"), ("old-app", "1")]));
    assert!(
        seen_by(&installed, "hooks", "react")
            .unwrap()
            .contains("react@18.0.0")
    );
    let layer = installed.layer.as_ref().unwrap();
    let hooks_of_old = layer
        .path
        .join("node_modules/.store/old-app@1.0.0/node_modules/hooks");
    let react = super::scene::required(&hooks_of_old, "react").unwrap();
    assert!(react.contains("react@17.0.0"));
    let hooks: Vec<_> = packages(&installed)
        .into_iter()
        .filter(|key| key.starts_with("hooks"))
        .collect();
    assert_eq!(hooks, ["hooks@1.0.0", "hooks@1.0.0#2"]);
    // The same from the lock.
    scene.forget_layers();
    assert_eq!(
        scene
            .install(&npm(&[("react", "^18"), ("hooks", "1"), ("old-app", "1")]))
            .layer,
        installed.layer
    );
}

#[test]
fn a_missing_peer_is_installed_and_an_optional_one_is_not() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("react", "18.0.0"))
        .publish(Published::new("rare", "1.0.0"))
        .publish(
            Published::new("hooks", "1.0.0")
                .with(
                    "peerDependencies",
                    json!({ "react": ">=17", "rare": "*", "gone": "*" }),
                )
                .with(
                    "peerDependenciesMeta",
                    json!({ "rare": { "optional": true }, "gone": { "optional": true } }),
                ),
        );
    let installed = scene.install(&npm(&[("hooks", "1")]));
    assert_eq!(packages(&installed), ["hooks@1.0.0", "react@18.0.0"]);
    let with_rare = scene.install(&npm(&[("hooks", "1"), ("rare", "1")]));
    assert!(
        seen_by(&with_rare, "hooks", "rare")
            .unwrap()
            .contains("rare@1.0.0")
    );
}

#[test]
fn peers_in_conflict_are_an_error_at_the_top_and_a_note_below() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("react", "17.0.0"))
        .publish(Published::new("react", "18.0.0"))
        .publish(
            Published::new("modern", "1.0.0").with("peerDependencies", json!({ "react": "^18" })),
        )
        .publish(Published::new("wrapper", "1.0.0").depends(json!({ "modern": "1" })));
    let error = scene.fail(&npm(&[("react", "^17"), ("modern", "1")]));
    insta::assert_snapshot!(error, @"`modern@1.0.0` needs `react` `^18` beside it, but gets 17.0.0.");
    assert!(!scene.lock().exists(), "what does not work is not locked");

    let installed = scene.install(&npm(&[("react", "^17"), ("wrapper", "1")]));
    assert!(
        matches!(&installed.notes[..], [InstallNote::UnmetPeer { found, .. }] if found == "17.0.0"),
        "{:?}",
        installed.notes
    );
}

#[test]
fn packages_for_other_machines_are_locked_and_left_out() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("tool", "1.0.0").with(
            "optionalDependencies",
            json!({ "tool-linux": "1", "tool-mac": "1" }),
        ))
        .publish(Published::new("tool-linux", "1.0.0").with("os", json!(["linux"])))
        .publish(
            Published::new("tool-mac", "1.0.0")
                .with("os", json!(["darwin"]))
                .with("cpu", json!(["arm64"]))
                .depends(json!({ "mac-only": "*" })),
        )
        .publish(Published::new("mac-only", "1.0.0"));
    let dependencies = npm(&[("tool", "1")]);
    let linux = scene.install(&dependencies);
    assert_eq!(packages(&linux), ["tool@1.0.0", "tool-linux@1.0.0"]);
    assert!(scene.lock_text().contains("mac-only@1.0.0"));

    scene.registry.take_requests();
    let mut settings = scene.settings();
    settings.platform = Platform {
        os: "darwin".to_owned(),
        cpu: "arm64".to_owned(),
    };
    let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
    let request = scene.request(&skill, &dependencies, &lock);
    let mac = Resolver::new(settings).install(request, &()).unwrap();
    assert_eq!(mac.versions, VersionSource::Lock, "the lock is everybody's");
    assert_eq!(
        packages(&mac),
        ["mac-only@1.0.0", "tool@1.0.0", "tool-mac@1.0.0"]
    );
    assert_ne!(mac.layer, linux.layer);

    let foreign = scene
        .try_install_for("foreign", &[optional("tool-mac", "1")])
        .unwrap();
    assert_eq!(foreign.layer, None);
    let dependency = "tool-mac".parse().unwrap();
    assert_eq!(foreign.notes, [InstallNote::OtherPlatform { dependency }]);
}

#[test]
fn an_optional_dependency_may_be_missing() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("a", "1.0.0"))
        .publish(Published::new("broken", "1.0.0").depends(json!({ "nowhere": "*" })));
    let mut dependencies = npm(&[("a", "1")]);
    dependencies.extend([
        optional("a2", "npm:a@1"),
        optional("gone", "1"),
        optional("a3", "npm:a@7"),
        optional("broken", "1"),
    ]);
    for source in [VersionSource::Resolver, VersionSource::Lock] {
        let installed = scene.install(&dependencies);
        assert_eq!(installed.versions, source);
        assert_eq!(packages(&installed), ["a@1.0.0"]);
        let skipped: Vec<_> = installed
            .notes
            .iter()
            .map(|note| match note {
                InstallNote::OptionalSkipped { dependency, .. } => dependency.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(skipped, ["a3", "broken", "gone"]);
    }
    let required = npm(&[("a", "1"), ("gone", "1")]);
    assert!(matches!(
        scene.fail(&required),
        ResolverError::PackageNotFound { .. }
    ));
}

#[test]
fn an_optional_dependency_that_cannot_be_reached_is_tried_again() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("a", "1.0.0"))
        .publish(Published::new("shy", "1.0.0"));
    scene.registry.fail("/shy", vec![Fault::HangUp; 50]);
    let dependencies = [npm(&[("a", "1")]).remove(0), optional("shy", "1")];
    let without = scene.install(&dependencies);
    assert_eq!(packages(&without), ["a@1.0.0"]);
    assert!(!scene.lock().exists(), "this is not how it should stay");
    scene.registry.recover();
    let with = scene.install(&dependencies);
    assert_eq!(packages(&with), ["a@1.0.0", "shy@1.0.0"]);
}

#[test]
fn bad_versions_in_a_description_are_as_if_never_published() {
    let scene = Scene::new();
    scene
        .registry
        .publish(
            Published::new("a", "1.0.0")
                .depends(json!([]))
                .with("os", json!("linux")),
        )
        .publish(Published::new("a", "not-a-version"))
        .publish(Published::new("a", "1.2").depends(json!({})))
        .publish(Published::new("a", "1.1.0").with("peerDependencies", json!(null)));
    scene.registry.tag("a", "latest", "not-a-version");
    let installed = scene.install(&npm(&[("a", "*")]));
    assert_eq!(packages(&installed), ["a@1.1.0"]);
}
