//! Registries that are down, slow, wrong or lying, and requests that make no sense.

use std::time::Duration;

use mycelium_resolver::InstallNote;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverError;
use mycelium_types::DependencyKind;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use serde_json::json;

use super::published::Published;
use super::registry::Fault;
use super::scene::Scene;
use super::scene::downloaded;
use super::scene::npm;
use super::scene::packages;

fn one_package() -> Scene {
    let scene = Scene::new();
    let filling = "x".repeat(100_000);
    scene
        .registry
        .publish(Published::new("a", "1.0.0").file("filling.txt", &filling));
    scene
}

/// The report people see for a request that fails.
fn report(scene: &Scene, dependencies: &[mycelium_types::Dependency]) -> ErrorReport {
    scene.try_install(dependencies).unwrap_err().into()
}

#[test]
fn what_does_not_exist_is_named_with_what_does() {
    let scene = one_package();
    for version in ["1.1.0", "1.2.0", "2.0.0-rc.1"] {
        scene.registry.publish(Published::new("a", version));
    }
    let missing = report(&scene, &npm(&[("no-such-package", "1")]));
    assert_eq!(missing.code, ErrorCode::DependencyUnavailable);
    assert!(!missing.retryable);
    insta::assert_snapshot!(missing.message(Locale::EnUs), @"A dependency of `skill` cannot be got: The registry has no package `no-such-package`.");
    let version = report(&scene, &npm(&[("a", "^7")]));
    insta::assert_snapshot!(version.message(Locale::EnUs), @"A dependency of `skill` cannot be got: No version of `a` is `^7`. The newest of its 4 are 1.2.0, 1.1.0, 1.0.0.");
    let tag = report(&scene, &npm(&[("a", "nightly")]));
    insta::assert_snapshot!(tag.message(Locale::EnUs), @"A dependency of `skill` cannot be got: No version of `a` is `nightly`. The newest of its 4 are 1.2.0, 1.1.0, 1.0.0.");
    assert!(!scene.lock().exists());
}

#[test]
fn requests_that_make_no_sense_name_the_field() {
    let scene = one_package();
    let range = report(&scene, &npm(&[("a", "^^1")]));
    insta::assert_snapshot!(range.message(Locale::EnUs), @"A dependency of `skill` cannot be got: `dependencies.a`: `^^1` is not a range of npm versions.");
    let name = report(&scene, &npm(&[("../../etc", "1")]));
    insta::assert_snapshot!(name.message(Locale::EnUs), @"A dependency of `skill` cannot be got: `dependencies.../../etc`: this is not the name of an npm package.");
    let mut pip = npm(&[("numpy", ">=1")]);
    pip[0].kind = DependencyKind::Pip;
    let pip = report(&scene, &pip);
    assert_eq!(pip.code, ErrorCode::Incompatible);
    let twice = report(&scene, &npm(&[("a", "1"), ("a", "2")]));
    assert_eq!(twice.code, ErrorCode::DependencyConflict);
    assert_eq!(scene.registry.take_paths(), [""; 0]);
}

#[test]
fn a_package_may_not_lead_outside_the_registry() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("git", "1.0.0").depends(json!({ "x": "git+ssh://host/x" })))
        .publish(Published::new("traversal", "1.0.0").depends(json!({ "../../../x": "1" })))
        .publish(Published::new("alias", "1.0.0").depends(json!({ "../x": "npm:git@1" })));
    for name in ["git", "traversal", "alias"] {
        let error = report(&scene, &npm(&[(name, "1")]));
        assert_eq!(
            error.code,
            ErrorCode::DependencyUnavailable,
            "{name}: {error}"
        );
    }
    assert_eq!(scene.names_in_store("npm"), [""; 0]);
}

#[test]
fn passing_faults_are_tried_again() {
    let scene = one_package();
    let faults = [
        Fault::Status(503, &[]),
        Fault::HangUp,
        Fault::Status(429, &[("retry-after", "0")]),
    ];
    scene.registry.fail("/a", faults.clone());
    let archive = [Fault::CutOff, Fault::Status(500, &[]), Fault::HangUp];
    scene.registry.fail("/a/-/a-1.0.0.tgz", archive);
    let installed = scene.install(&npm(&[("a", "1")]));
    assert_eq!(downloaded(&installed), ["a@1.0.0"]);
    let requests = scene.registry.take_requests();
    let count = |path: &str| requests.iter().filter(|r| r.path == path).count();
    assert_eq!((count("/a"), count("/a/-/a-1.0.0.tgz")), (4, 4));
    scene.assert_tidy();
}

#[test]
fn faults_that_do_not_pass_are_not_tried_again() {
    let scene = one_package();
    scene.registry.fail("/a", [Fault::Status(400, &[])]);
    assert!(matches!(
        scene.fail(&npm(&[("a", "1")])),
        ResolverError::Refused { status: 400, .. }
    ));
    assert_eq!(scene.registry.take_paths(), ["/a"]);
    scene
        .registry
        .fail("/a/-/a-1.0.0.tgz", [Fault::Tampered, Fault::Tampered]);
    assert!(matches!(
        scene.fail(&npm(&[("a", "1")])),
        ResolverError::IntegrityMismatch { .. }
    ));
    assert_eq!(scene.registry.take_paths(), ["/a", "/a/-/a-1.0.0.tgz"]);
}

#[test]
fn patience_has_an_end_and_leaves_nothing_behind() {
    let scene = one_package();
    scene
        .registry
        .fail("/a/-/a-1.0.0.tgz", vec![Fault::CutOff; 4]);
    let error = scene.fail(&npm(&[("a", "1")]));
    assert!(
        matches!(error, ResolverError::Unreachable { attempts: 4, .. }),
        "{error}"
    );
    assert_eq!(scene.names_in_store("npm"), [""; 0]);
    assert_eq!(scene.names_in_store("layers"), [""; 0]);
    assert!(!scene.lock().exists());
    scene.assert_tidy();
    // The same request then works.
    assert_eq!(packages(&scene.install(&npm(&[("a", "1")]))), ["a@1.0.0"]);
}

#[test]
fn an_archive_cut_off_without_notice_is_not_unpacked() {
    let scene = one_package();
    scene
        .registry
        .fail("/a/-/a-1.0.0.tgz", [Fault::CutOffUnnoticed]);
    let error = scene.fail(&npm(&[("a", "1")]));
    assert!(matches!(error, ResolverError::IntegrityMismatch { .. }));
    assert_eq!(scene.names_in_store("npm"), [""; 0]);
}

#[test]
fn an_archive_that_differs_from_the_lock_is_refused() {
    let scene = one_package();
    let dependencies = npm(&[("a", "1")]);
    scene.install(&dependencies);
    fs_err::remove_dir_all(scene.store()).unwrap();
    // Somebody published other bytes under the same version.
    scene
        .registry
        .publish(Published::new("a", "1.0.0").file("evil.js", ""));
    let report = report(&scene, &dependencies);
    assert_eq!(report.code, ErrorCode::DependencyIntegrity);
    assert!(!report.retryable);
    assert_eq!(scene.names_in_store("npm"), [""; 0]);
    assert_eq!(scene.names_in_store("layers"), [""; 0]);
}

#[test]
fn packages_without_a_hash_are_not_installed_and_old_ones_are() {
    let scene = Scene::new();
    scene
        .registry
        .publish(Published::new("old", "1.0.0").with_shasum_only())
        .publish(Published::new("bare", "1.0.0").without_hashes());
    let installed = scene.install(&npm(&[("old", "1")]));
    let integrity = installed.packages[0].integrity.to_string();
    assert!(integrity.starts_with("sha1-"), "{integrity}");
    assert!(scene.lock_text().contains(&integrity));
    assert!(matches!(
        scene.fail(&npm(&[("bare", "1")])),
        ResolverError::IntegrityMissing { .. }
    ));
    scene
        .registry
        .fail("/old/-/old-1.0.0.tgz", [Fault::Tampered]);
    fs_err::remove_dir_all(scene.store()).unwrap();
    assert!(matches!(
        scene.fail(&npm(&[("old", "1")])),
        ResolverError::IntegrityMismatch { .. }
    ));
}

#[test]
fn a_dead_registry_is_an_error_without_memory_and_a_note_with_it() {
    let mut scene = one_package();
    scene.install(&npm(&[("a", "1")]));
    let url = scene.registry.url();
    // From now on nobody listens there.
    scene.registry = super::registry::Registry::start();
    scene.let_metadata_age();
    let installed = scene.install(&npm(&[("a", "^1")]));
    let package = "a".parse().unwrap();
    assert_eq!(installed.notes, [InstallNote::StaleMetadata { package }]);

    let error = scene.try_install_for("other", &npm(&[("b", "1")]));
    let report = ErrorReport::from(error.unwrap_err());
    assert_eq!(report.code, ErrorCode::DependencyUnavailable);
    assert!(report.retryable);
    let message = report.message(Locale::EnUs);
    assert!(message.contains(&format!("{url}b")), "{message}");
    assert!(message.contains("after 4 attempts"), "{message}");
}

#[test]
fn a_silent_registry_is_given_up_on() {
    let scene = one_package();
    scene.registry.fail("/a", vec![Fault::Silence; 10]);
    let mut settings = scene.settings();
    settings.network.silence = Duration::from_millis(20);
    settings.network.attempts = 2;
    let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
    let dependencies = npm(&[("a", "1")]);
    let request = scene.request(&skill, &dependencies, &lock);
    let error = Resolver::new(settings).install(request, &()).unwrap_err();
    assert!(
        matches!(error.error, ResolverError::Unreachable { attempts: 2, .. }),
        "{}",
        error.error
    );
}

#[test]
fn more_than_is_bearable_is_not_read() {
    let scene = one_package();
    let fail = |change: fn(&mut mycelium_resolver::ResolverSettings)| {
        let mut settings = scene.settings();
        change(&mut settings);
        let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
        let dependencies = npm(&[("a", "1")]);
        let request = scene.request(&skill, &dependencies, &lock);
        let error = Resolver::new(settings).install(request, &()).unwrap_err();
        error.error
    };
    let description = fail(|settings| settings.network.metadata_bytes = 100);
    assert!(matches!(
        description,
        ResolverError::TooLarge { limit: 100, .. }
    ));
    let archive = fail(|settings| settings.network.archive_bytes = 50);
    assert!(matches!(archive, ResolverError::TooLarge { limit: 50, .. }));
    let unpacked = fail(|settings| settings.archive.bytes = 1_000);
    assert!(matches!(unpacked, ResolverError::HostileArchive { .. }));
}

#[test]
fn a_tree_without_end_is_left() {
    let scene = Scene::new();
    for number in 0..80 {
        let next = json!({ format!("p{}", number + 1): "1" });
        scene
            .registry
            .publish(Published::new(&format!("p{number}"), "1.0.0").depends(next));
    }
    let mut settings = scene.settings();
    settings.packages = 50;
    let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
    let dependencies = npm(&[("p0", "1")]);
    let request = scene.request(&skill, &dependencies, &lock);
    let error = Resolver::new(settings).install(request, &()).unwrap_err();
    assert!(matches!(error.error, ResolverError::TooMany { limit: 50 }));
}

#[test]
fn peers_that_can_be_combined_without_end_are_a_conflict() {
    let scene = Scene::new();
    // Each package brings another version of what all the others want from their surroundings.
    for number in 0..8 {
        let peers: serde_json::Map<_, _> = (0..8)
            .filter(|other| *other != number)
            .map(|other| (format!("p{other}"), json!("*")))
            .collect();
        let needs: serde_json::Map<_, _> = (0..8)
            .map(|other| {
                (
                    format!("p{other}"),
                    json!(format!("{}", 1 + (number + other) % 3)),
                )
            })
            .collect();
        for major in 1..=3 {
            let package = Published::new(&format!("p{number}"), &format!("{major}.0.0"))
                .depends(json!(needs))
                .with("peerDependencies", json!(peers));
            scene.registry.publish(package);
        }
    }
    let mut settings = scene.settings();
    settings.steps = 100;
    let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
    let dependencies = npm(&[("p0", "1")]);
    let request = scene.request(&skill, &dependencies, &lock);
    let error = Resolver::new(settings).install(request, &()).unwrap_err();
    assert!(
        matches!(error.error, ResolverError::TooComplex { .. }),
        "{:?}",
        error.error
    );
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::DependencyConflict);
}

#[test]
fn a_deep_tree_is_resolved() {
    let scene = Scene::new();
    for number in 0..150 {
        let next = json!({ format!("p{}", number + 1): "1" });
        scene
            .registry
            .publish(Published::new(&format!("p{number}"), "1.0.0").depends(next));
    }
    scene.registry.publish(Published::new("p150", "1.0.0"));
    assert_eq!(packages(&scene.install(&npm(&[("p0", "1")]))).len(), 151);
}

#[test]
fn nonsense_from_the_registry_is_said_to_be_nonsense() {
    let scene = one_package();
    scene.registry.fail("/a", [Fault::Status(200, &[])]);
    let error = scene.fail(&npm(&[("a", "1")]));
    assert!(
        matches!(error, ResolverError::BadMetadata { .. }),
        "{error}"
    );
    scene.registry.fail("/a", [Fault::CutOffUnnoticed]);
    let error = scene.fail(&npm(&[("a", "1")]));
    assert!(
        matches!(error, ResolverError::BadMetadata { .. }),
        "{error}"
    );
    scene.install(&npm(&[("a", "1")]));
}

#[test]
fn what_was_fetched_before_a_failure_is_kept() {
    let scene = one_package();
    scene.registry.publish(Published::new("b", "1.0.0"));
    let archive = "/b/-/b-1.0.0.tgz";
    scene
        .registry
        .fail(archive, vec![Fault::Status(503, &[]); 4]);
    let mut settings = scene.settings();
    // One after the other: the order is the packages' hashes', so both orders are tried.
    settings.network.parallel = 2;
    let resolver = Resolver::new(settings);
    let (skill, lock) = ("skill".parse().unwrap(), scene.lock());
    let dependencies = npm(&[("a", "1"), ("b", "1")]);
    let request = scene.request(&skill, &dependencies, &lock);
    assert!(resolver.install(request, &()).is_err());
    assert_eq!(scene.names_in_store("layers"), [""; 0]);
    let stored = scene.names_in_store("npm").len();
    scene.registry.take_requests();
    let installed = resolver.install(request, &()).unwrap();
    assert_eq!(downloaded(&installed).len(), 2 - stored);
    scene.assert_tidy();
}

#[test]
fn offline_works_with_what_is_stored_and_names_what_is_not() {
    let mut scene = one_package();
    scene.registry.publish(Published::new("b", "1.0.0"));
    scene.install(&npm(&[("a", "1")]));
    scene.network = NetworkUse::Offline;
    scene.registry.take_requests();

    scene.let_metadata_age();
    let resolved = scene.install(&npm(&[("a", "^1")]));
    assert!(!resolved.network_used);
    scene.forget_layers();
    scene.install(&npm(&[("a", "^1")]));

    let unknown = report(&scene, &npm(&[("b", "1")]));
    assert_eq!(unknown.code, ErrorCode::DependencyUnavailable);
    assert!(!unknown.retryable);
    insta::assert_snapshot!(unknown.message(Locale::EnUs), @"A dependency of `skill` cannot be got: `b` is not stored on this machine, and the network is not to be used.");
    insta::assert_snapshot!(unknown.remediation(Locale::EnUs), @"Run the command once without --offline so that the packages are stored.");
    scene.forget_layers();
    scene.forget_packages();
    let locked = report(&scene, &npm(&[("a", "^1")]));
    insta::assert_snapshot!(locked.message(Locale::EnUs), @"A dependency of `skill` cannot be got: `a@1.0.0` is not stored on this machine, and the network is not to be used.");
    assert_eq!(scene.registry.take_paths(), [""; 0]);
}

#[test]
fn a_registry_of_another_kind_is_asked_where_its_archives_are() {
    let scene = one_package();
    scene.registry.put_archives_elsewhere();
    let dependencies = npm(&[("a", "1")]);
    scene.install(&dependencies);
    assert_eq!(scene.registry.take_paths(), ["/a", "/a/-/blob-1.0.0"]);
    // With the lock alone, the usual address is tried first.
    fs_err::remove_dir_all(scene.store()).unwrap();
    scene.install(&dependencies);
    assert_eq!(
        scene.registry.take_paths(),
        ["/a", "/a/-/a-1.0.0.tgz", "/a/-/blob-1.0.0"]
    );
    scene.registry.unpublish("a");
    fs_err::remove_dir_all(scene.store()).unwrap();
    assert!(matches!(
        scene.fail(&dependencies),
        ResolverError::PackageNotFound { .. }
    ));
}

#[test]
fn a_damaged_lock_is_named_and_kept() {
    let scene = one_package();
    scene.install(&npm(&[("a", "1")]));
    let text = scene.lock_text();
    for damaged in [
        text.replace("a@1.0.0", "../../a@1.0.0"),
        text.replace("\"version\": 1", "\"version\": 2"),
        text.replace("sha512-", "sha512-A"),
        text[..text.len() / 2].to_owned(),
        format!("<<<<<<< ours\n{text}"),
    ] {
        fs_err::write(scene.lock(), &damaged).unwrap();
        let report = report(&scene, &npm(&[("a", "1")]));
        assert_eq!(report.code, ErrorCode::DependencyIntegrity);
        let message = report.message(Locale::EnUs);
        assert!(message.contains("skills.lock"), "{message}");
        assert_eq!(scene.lock_text(), damaged);
    }
}
