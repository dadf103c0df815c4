//! The way from a request to a layer, and the shortcuts on it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use mycelium_resolver::InstallNote;
use mycelium_resolver::LayerDefect;
use mycelium_resolver::VersionSource;
use mycelium_types::Locale;
use mycelium_types::Message;
use serde_json::json;

use super::published::Published;
use super::scene::Notebook;
use super::scene::Scene;
use super::scene::downloaded;
use super::scene::npm;
use super::scene::packages;
use super::scene::seen_by;
use super::scene::seen_by_skill;

/// `a` needs `b`, `b` needs `c`.
fn chain() -> Scene {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("a", "1.0.0").depends(json!({ "b": "^2" })))
        .publish(Published::new("b", "2.0.0").depends(json!({ "c": "*" })))
        .publish(Published::new("c", "3.0.0"));
    scene
}

#[test]
fn a_first_installation_resolves_fetches_and_locks() {
    let scene = chain();
    let dependencies = npm(&[("a", "^1.0.0")]);
    let notebook = Notebook::default();
    let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
    let resolver = scene.resolver();
    let installed = resolver
        .install(scene.request(&skill, &dependencies, &lock), &notebook)
        .unwrap();

    assert_eq!(packages(&installed), ["a@1.0.0", "b@2.0.0", "c@3.0.0"]);
    assert_eq!(downloaded(&installed), packages(&installed));
    assert_eq!(installed.versions, VersionSource::Resolver);
    assert!(installed.network_used);
    assert_eq!(installed.notes, []);
    assert_eq!(
        scene.registry.take_paths(),
        [
            "/a",
            "/a/-/a-1.0.0.tgz",
            "/b",
            "/b/-/b-2.0.0.tgz",
            "/c",
            "/c/-/c-3.0.0.tgz"
        ]
    );
    assert!(!scene.lock_text().contains("http"), "{}", scene.lock_text());
    scene.assert_tidy();

    let events = notebook.read();
    assert_eq!(events[..2], ["resolving 1", "fetching 3"]);
    for package in ["a@1.0.0", "b@2.0.0", "c@3.0.0"] {
        let position = |what: &str| {
            let event = what.to_owned();
            events.iter().position(|e| *e == event).unwrap()
        };
        let started = position(&format!("started {package} true"));
        let received = position(&format!("received {package}"));
        let finished = position(&format!("finished {package}"));
        assert!(started < received && received < finished);
    }
    let statistics = resolver.statistics();
    assert_eq!((statistics.layer_misses, statistics.package_misses), (1, 3));
    assert_eq!((statistics.metadata_misses, statistics.layer_hits), (3, 0));
}

#[test]
fn with_lock_and_layer_nothing_else_is_touched() {
    let scene = chain();
    let dependencies = npm(&[("a", "^1.0.0")]);
    let first = scene.install(&dependencies);
    let lock = scene.lock_text();
    scene.registry.take_requests();
    // Neither configuration nor descriptions nor packages are looked at.
    fs_err::write(scene.path("home/.npmrc"), "registry=nonsense").unwrap();
    scene.forget_metadata();
    scene.forget_packages();

    let again = scene.install(&dependencies);
    assert_eq!(again.layer, first.layer);
    assert_eq!(again.versions, VersionSource::Lock);
    assert_eq!(packages(&again), packages(&first));
    assert_eq!(downloaded(&again), [""; 0]);
    assert!(!again.network_used);
    assert_eq!(scene.registry.take_paths(), [""; 0]);
    assert_eq!(scene.lock_text(), lock);
    let mut names = scene.names_in_store("");
    names.retain(|name| !matches!(name.as_str(), "layers" | "locks" | "tmp"));
    assert_eq!(names, [""; 0], "nothing new is in the store");
}

#[test]
fn with_a_lock_and_no_layer_nothing_is_resolved() {
    let scene = chain();
    let dependencies = npm(&[("a", "^1.0.0")]);
    let first = scene.install(&dependencies);
    let lock = scene.lock_text();
    scene.registry.publish(Published::new("a", "1.9.0"));

    scene.forget_layers();
    scene.registry.take_requests();
    let relaid = scene.install(&dependencies);
    assert_eq!(relaid.layer, first.layer);
    assert_eq!(relaid.versions, VersionSource::Lock);
    assert!(!relaid.network_used);
    assert_eq!(scene.registry.take_paths(), [""; 0]);

    // As on a machine that gets the lock with the project: archives only, no descriptions.
    fs_err::remove_dir_all(scene.store()).unwrap();
    let fetched = scene.install(&dependencies);
    assert_eq!(fetched.layer, first.layer);
    assert_eq!(downloaded(&fetched).len(), 3);
    assert_eq!(
        scene.registry.take_paths(),
        ["/a/-/a-1.0.0.tgz", "/b/-/b-2.0.0.tgz", "/c/-/c-3.0.0.tgz"]
    );
    assert_eq!(scene.lock_text(), lock);
    scene.assert_tidy();
}

#[test]
fn a_skill_without_dependencies_needs_no_layer_and_leaves_the_lock() {
    let scene = chain();
    let nothing = scene.install(&[]);
    assert_eq!(nothing.layer, None);
    assert!(!scene.store().exists() && !scene.lock().exists());

    scene.install(&npm(&[("c", "3")]));
    assert!(scene.lock_text().contains("\"skill\""));
    scene.install(&[]);
    assert!(!scene.lock_text().contains("\"skill\""));
}

#[test]
fn nodes_rules_find_every_package_in_its_version() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("shared", "1.0.0"))
        .publish(Published::new("shared", "2.0.0"))
        .publish(
            Published::new("old", "1.0.0")
                .depends(json!({ "shared": "^1", "alias": "npm:@scope/real@1" })),
        )
        .publish(Published::new("new", "1.0.0").depends(json!({ "shared": "^2" })))
        .publish(Published::new("@scope/real", "1.0.0").depends(json!({ "new": "1" })))
        .publish(Published::new("sloppy", "1.0.0"))
        .publish(
            Published::new("cycle-a", "1.0.0")
                .depends(json!({ "cycle-b": "1", "itself": "npm:cycle-a@1" })),
        )
        .publish(Published::new("cycle-b", "1.0.0").depends(json!({ "cycle-a": "1" })))
        .publish(Published::new("name", "2.0.0").depends(json!({ "name": "npm:shared@1" })));
    let installed = scene.install(&npm(&[
        ("old", "1"),
        ("new", "1"),
        ("@scope/real", "1"),
        ("sloppy", "1"),
        ("cycle-a", "1"),
        ("cycle-b", "1"),
        ("name", "2"),
        ("renamed", "npm:shared@2"),
    ]));
    let says = |version: &str| Some(format!("module.exports = '{version}';\n"));
    assert_eq!(seen_by(&installed, "old", "shared"), says("shared@1.0.0"));
    assert_eq!(seen_by(&installed, "new", "shared"), says("shared@2.0.0"));
    assert_eq!(
        seen_by(&installed, "old", "alias"),
        says("@scope/real@1.0.0")
    );
    assert_eq!(seen_by(&installed, "@scope/real", "new"), says("new@1.0.0"));
    assert_eq!(
        seen_by(&installed, "cycle-a", "cycle-b"),
        says("cycle-b@1.0.0")
    );
    assert_eq!(
        seen_by(&installed, "cycle-b", "cycle-a"),
        says("cycle-a@1.0.0")
    );
    assert_eq!(seen_by(&installed, "name", "name"), says("shared@1.0.0"));
    // What a package forgot to declare is found in the newest version there is.
    assert_eq!(
        seen_by(&installed, "sloppy", "shared"),
        says("shared@2.0.0")
    );
    assert_eq!(seen_by_skill(&installed, "renamed"), says("shared@2.0.0"));
    assert_eq!(seen_by_skill(&installed, "old"), says("old@1.0.0"));
    // What the skill forgot is not.
    assert_eq!(seen_by_skill(&installed, "shared"), None);
}

#[test]
fn layers_are_read_only_links_that_stay_inside() {
    let scene = chain();
    let installed = scene.install(&npm(&[("a", "1")]));
    let layer = installed.layer.unwrap().path;
    let mut pending = vec![layer.clone()];
    let (mut files, mut links) = (0, 0);
    while let Some(folder) = pending.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs_err::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                assert_eq!(metadata.mode() & 0o777, 0o755);
                pending.push(path);
            } else if metadata.is_symlink() {
                links += 1;
                assert!(fs_err::read_link(&path).unwrap().is_relative());
                let target = fs_err::canonicalize(&path).unwrap();
                assert!(target.starts_with(fs_err::canonicalize(&layer).unwrap()));
            } else {
                assert_eq!(metadata.mode() & 0o777, 0o444, "{}", path.display());
                if path.file_name() != Some("layer.json".as_ref()) {
                    files += 1;
                    assert_eq!(metadata.nlink(), 2, "it is the store's own file");
                }
            }
        }
    }
    assert_eq!((files, links), (6, 6));

    // It works from anywhere else.
    let moved = scene.path("mounted");
    fs_err::rename(&layer, &moved).unwrap();
    let a = moved.join("node_modules/a");
    assert!(super::scene::required(&a, "b").unwrap().contains("b@2.0.0"));
}

#[test]
fn skills_with_one_tree_share_its_layer_and_others_have_their_own() {
    let scene = chain();
    scene.registry.publish(Published::new("c", "2.0.0"));
    let first = scene
        .try_install_for("first", &npm(&[("c", "^3")]))
        .unwrap();
    scene.registry.take_requests();
    let second = scene
        .try_install_for("second", &npm(&[("c", ">=3")]))
        .unwrap();
    assert_eq!(first.layer, second.layer);
    assert_eq!(
        scene.registry.take_paths(),
        [""; 0],
        "it was described minutes ago"
    );
    let third = scene
        .try_install_for("third", &npm(&[("c", "^2")]))
        .unwrap();
    assert_ne!(first.layer, third.layer);
    assert!(seen_by_skill(&first, "c").unwrap().contains("c@3.0.0"));
    assert!(seen_by_skill(&third, "c").unwrap().contains("c@2.0.0"));
    for skill in ["first", "second", "third"] {
        assert!(scene.lock_text().contains(&format!("\"{skill}\"")));
    }
}

#[test]
fn install_scripts_are_noted_and_not_run() {
    let scene = Scene::new();
    let trace = scene.path("trace");
    let script = format!("touch {}", trace.display());
    let package = Published::new("a", "1.0.0").with("scripts", json!({ "postinstall": script }));
    scene.registry.publish(package);
    for expected_source in [VersionSource::Resolver, VersionSource::Lock] {
        let installed = scene.install(&npm(&[("a", "1")]));
        assert_eq!(installed.versions, expected_source);
        let package = "a@1.0.0".parse().unwrap();
        assert_eq!(installed.notes, [InstallNote::ScriptNotRun { package }]);
        let text = Message::from(&installed.notes[0]).render(Locale::EnUs);
        assert_eq!(text, "`a@1.0.0` has an install script, which was not run.");
    }
    assert!(!trace.exists());
}

#[test]
fn bundled_packages_come_with_their_bundler() {
    let scene = Scene::new();
    let bundler = Published::new("bundler", "1.0.0")
        .depends(json!({ "inside": "^1" }))
        .with("bundleDependencies", json!(["inside"]))
        .file(
            "node_modules/inside/index.js",
            "module.exports = 'bundled';\n",
        );
    scene.registry.publish(bundler);
    let installed = scene.install(&npm(&[("bundler", "1")]));
    assert_eq!(packages(&installed), ["bundler@1.0.0"]);
    let inside = seen_by(&installed, "bundler", "inside").unwrap();
    assert!(inside.contains("bundled"));
}

#[test]
fn a_layer_can_be_checked() {
    let scene = chain();
    let installed = scene.install(&npm(&[("a", "1")]));
    let layer = installed.layer.unwrap();
    let resolver = scene.resolver();
    let check = resolver.verify(&layer.digest).unwrap();
    assert!(check.is_intact());
    assert_eq!(check.files, 6);

    let file = |name: &str| layer.path.join("node_modules").join(name);
    fs_err::remove_file(file("a/package.json")).unwrap();
    fs_err::remove_file(file("a/index.js")).unwrap();
    fs_err::write(file("a/index.js"), "changed").unwrap();
    fs_err::write(file("a/evil.js"), "").unwrap();
    let link = layer.path.join("node_modules/.store/node_modules/c");
    fs_err::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/etc", &link).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(
        layer
            .path
            .join("node_modules/.store/b@2.0.0/node_modules/b/index.js"),
        mode,
    )
    .unwrap();
    let check = resolver.verify(&layer.digest).unwrap();
    let problems: Vec<_> = check
        .problems
        .iter()
        .map(|p| (p.path.to_str().unwrap(), p.defect))
        .collect();
    let a = "node_modules/.store/a@1.0.0/node_modules/a";
    assert_eq!(
        problems,
        [
            (format!("{a}/evil.js").as_str(), LayerDefect::Unexpected),
            (format!("{a}/index.js").as_str(), LayerDefect::Changed),
            (format!("{a}/package.json").as_str(), LayerDefect::Missing),
            (
                "node_modules/.store/b@2.0.0/node_modules/b/index.js",
                LayerDefect::Mode
            ),
            ("node_modules/.store/node_modules/c", LayerDefect::Changed),
        ]
    );
    let other = mycelium_types::Digest::of(b"another");
    let missing = resolver.verify(&other).unwrap();
    assert_eq!(missing.problems[0].defect, LayerDefect::Missing);
}

#[test]
fn what_is_known_can_be_asked_without_doing_anything() {
    let scene = chain();
    let resolver = scene.resolver();
    let skill = "skill".parse().unwrap();
    let dependencies = npm(&[("a", "^1.0.0"), ("c", "^3")]);
    let status = |dependencies| {
        resolver
            .status(&skill, dependencies, &scene.lock())
            .unwrap()
    };
    assert!(
        status(&dependencies)
            .iter()
            .all(|s| s.resolved.is_none() && !s.cached)
    );
    scene.install(&npm(&[("a", "^1.0.0")]));
    let known = status(&dependencies);
    assert_eq!(known[0].resolved, Some("1.0.0".parse().unwrap()));
    assert!(known[0].cached);
    assert_eq!(known[1].resolved, None);
    scene.forget_packages();
    assert!(!status(&dependencies)[0].cached);
    assert!(!Path::new(&scene.store()).join("npm").exists());
}
