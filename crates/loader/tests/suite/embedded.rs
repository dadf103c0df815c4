//! Skills compiled in.

use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;

use mycelium_loader::LoadError;
use mycelium_loader::LoadRequest;
use mycelium_loader::Origin;
use mycelium_loader::SignatureRule;
use mycelium_loader::VerifiedSkill;
use mycelium_loader::embedded_manifests;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillSource;

use super::support::Fixture;

fn load(fixture: &Fixture, name: &str) -> Result<VerifiedSkill, LoadError> {
    fixture.loader.load(&LoadRequest {
        source: SkillSource::Embedded {
            name: name.parse().unwrap(),
        },
        origin: Origin::External,
        signatures: SignatureRule::RequiredFromElsewhere,
    })
}

#[test]
fn every_embedded_skill_loads_and_has_what_it_exports() {
    let fixture = Fixture::empty();
    let manifests = embedded_manifests();
    let ids: Vec<_> = manifests.iter().map(|it| it.id().to_string()).collect();
    assert_eq!(
        ids,
        [
            "agent-discovery@1.0.0",
            "capability-mapper@1.0.0",
            "collaboration-router@1.0.0",
            "expertise-analyzer@1.0.0",
            "skill-infrastructure-demo@1.0.0",
            "task-delegator@1.0.0",
            "workflow-orchestrator@1.0.0",
        ]
    );
    for manifest in manifests {
        let skill = load(&fixture, manifest.name.as_str()).unwrap();
        assert_eq!(*skill.manifest(), manifest);
        assert_eq!(skill.origin(), Origin::BuiltIn);
        assert_eq!(skill.remarks(), []);
        let surface = skill.surface().unwrap();
        assert_eq!(surface.hooks, manifest.hooks);
        for function in surface.functions {
            assert!(
                function.parameters.is_some(),
                "{function} is not in the source"
            );
        }
    }
}

/// The manifests of format 1.0 that every later version has to read as they are.
#[test]
fn the_manifests_of_the_agent_discovery_skills_stay_as_they_are() {
    let fixture = Fixture::empty();
    let pinned = [
        (
            "agent-discovery",
            "7409ebbca8436489e211bb0ddfdf6a9950744fe24c84b653cd3eb833bae175f0",
        ),
        (
            "capability-mapper",
            "4c1b43a0aaae4b9e73da9cd47a8af1ff10af9cba43e82701b2790d8d40ad224a",
        ),
        (
            "collaboration-router",
            "02735b796de3f36a78bc8f726d2f1ee755f483514ef7140cfd953c3cbef8d0e9",
        ),
        (
            "expertise-analyzer",
            "38b38f376d3a2156f9ebadffdfd07d99a7420b60be8054aa14ba61d412edddc6",
        ),
        (
            "task-delegator",
            "73e1e403a2cfb3c3a3d2fa19392ff9c313a84de9e3ba39738478704a877f8fb2",
        ),
        (
            "workflow-orchestrator",
            "2457b83c1fbc03c90bfb64a1d6357769ebf6d98c3e1ed414f7655f6b0c914269",
        ),
    ];
    for (name, digest) in pinned {
        let skill = load(&fixture, name).unwrap();
        let bytes = fs_err::read(skill.root().join("skill.json")).unwrap();
        assert_eq!(Digest::of(&bytes).to_string(), digest, "{name}");
    }
}

#[test]
fn it_is_put_on_disk_once_and_read_only() {
    let fixture = Fixture::empty();
    let first = load(&fixture, "skill-infrastructure-demo").unwrap();
    let second = load(&fixture, "skill-infrastructure-demo").unwrap();
    assert_eq!(first.root(), second.root());
    let mode = |path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(first.root()), 0o555);
    assert_eq!(mode(first.entrypoint()), 0o444);
    let cache = fixture.folder.path().join("cache/embedded");
    assert_eq!(fs_err::read_dir(cache).unwrap().count(), 1);
}

#[test]
fn what_skills_share_is_in_the_folder_of_each() {
    let fixture = Fixture::empty();
    for name in ["agent-discovery", "task-delegator"] {
        let skill = load(&fixture, name).unwrap();
        let shared = skill.root().join("agents");
        let mode = |path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(shared.clone()), 0o555);
        assert_eq!(mode(shared.join("ranking.js")), 0o444);
        // It belongs to what is checked, and is replaced with the rest.
        fs_err::set_permissions(&shared, PermissionsExt::from_mode(0o755)).unwrap();
        fs_err::write(shared.join("added.js"), "").unwrap();
        assert_eq!(load(&fixture, name).unwrap().digest(), skill.digest());
        assert!(!shared.join("added.js").exists());
    }
    let cache = fixture.folder.path().join("cache/embedded");
    assert_eq!(fs_err::read_dir(cache).unwrap().count(), 2);
}

#[test]
fn what_somebody_changed_is_replaced() {
    let fixture = Fixture::empty();
    let skill = load(&fixture, "skill-infrastructure-demo").unwrap();
    let set_mode = |path, mode| fs_err::set_permissions(path, PermissionsExt::from_mode(mode));
    set_mode(skill.root(), 0o755).unwrap();
    set_mode(skill.entrypoint(), 0o644).unwrap();
    fs_err::write(
        skill.entrypoint(),
        "module.exports = { echo() { return 'evil'; } };",
    )
    .unwrap();
    let again = load(&fixture, "skill-infrastructure-demo").unwrap();
    assert_eq!(again.digest(), skill.digest());
    fs_err::set_permissions(skill.root(), PermissionsExt::from_mode(0o755)).unwrap();
    fs_err::write(skill.root().join("added.js"), "").unwrap();
    let again = load(&fixture, "skill-infrastructure-demo").unwrap();
    assert_eq!(again.digest(), skill.digest());
    assert!(!skill.root().join("added.js").exists());
    let cache = fixture.folder.path().join("cache/embedded");
    assert_eq!(fs_err::read_dir(cache).unwrap().count(), 1);
}

#[test]
fn many_at_once_get_the_same() {
    let fixture = Fixture::empty();
    let barrier = Barrier::new(8);
    let digests = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    load(&fixture, "skill-infrastructure-demo")
                        .unwrap()
                        .digest()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn an_unknown_one_suggests_the_nearest() {
    let report =
        ErrorReport::from(load(&Fixture::empty(), "skill-infrastructure-dmeo").unwrap_err());
    assert_eq!(report.code, ErrorCode::SkillNotFound);
    assert_eq!(report.context["suggestion"], "skill-infrastructure-demo");
    let report = ErrorReport::from(load(&Fixture::empty(), "x").unwrap_err());
    assert_eq!(report.context["suggestion"], "none");
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_of_ours() {
    let fixture = Fixture::empty();
    fs_err::write(fixture.folder.path().join("cache"), "in the way").unwrap();
    let report = ErrorReport::from(load(&fixture, "skill-infrastructure-demo").unwrap_err());
    assert_eq!(report.code, ErrorCode::StateUnavailable);
}
