//! Skills in packages.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Barrier;

use mycelium_loader::LoadError;
use mycelium_loader::LoadRequest;
use mycelium_loader::Origin;
use mycelium_loader::SignatureRule;
use mycelium_loader::VerifiedSkill;
use mycelium_package::pack;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillSource;

use super::support::Fixture;

fn package(fixture: &Fixture) -> PathBuf {
    let path = fixture.folder.path().join("hello-world.skill");
    let package = pack(&fixture.root(), "hello-world", &path).unwrap();
    fs_err::write(&path, package.bytes()).unwrap();
    path
}

fn load(fixture: &Fixture) -> Result<VerifiedSkill, LoadError> {
    fixture.loader.load(&LoadRequest {
        source: SkillSource::Package {
            path: fixture.folder.path().join("hello-world.skill"),
        },
        origin: Origin::Local,
        signatures: SignatureRule::Optional,
    })
}

#[test]
fn it_is_unpacked_by_content_and_is_the_same_skill() {
    let fixture = Fixture::hello();
    package(&fixture);
    let skill = load(&fixture).unwrap();
    assert_eq!(skill.digest(), fixture.load().unwrap().digest());
    let cache = fs_err::canonicalize(fixture.folder.path().join("cache/packages")).unwrap();
    let place = cache.join(skill.digest().to_string()).join("hello-world");
    assert_eq!(skill.root(), place);
    let mode = |path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(skill.root()), 0o555);
    assert_eq!(mode(skill.entrypoint()), 0o444);
    assert_eq!(load(&fixture).unwrap().root(), place);
}

#[test]
fn another_package_is_another_skill() {
    let fixture = Fixture::hello();
    package(&fixture);
    let first = load(&fixture).unwrap();
    fixture.write(
        "index.js",
        "module.exports = { greet() { return 'new'; } };",
    );
    package(&fixture);
    let second = load(&fixture).unwrap();
    assert_ne!(first.digest(), second.digest());
    assert_ne!(first.root(), second.root());
}

#[test]
fn what_somebody_changed_is_replaced() {
    let fixture = Fixture::hello();
    package(&fixture);
    let digest = load(&fixture).unwrap().digest();
    // Once as it is just after unpacking, once as it is when the loader remembers what it saw.
    for _ in 0..2 {
        let skill = load(&fixture).unwrap();
        let set_mode = |path, mode| fs_err::set_permissions(path, PermissionsExt::from_mode(mode));
        set_mode(skill.root(), 0o755).unwrap();
        set_mode(skill.entrypoint(), 0o644).unwrap();
        fs_err::write(skill.entrypoint(), "module.exports = { greet() {} };").unwrap();
        fs_err::write(skill.root().join("added.js"), "").unwrap();
        let again = load(&fixture).unwrap();
        assert_eq!(again.digest(), digest);
        assert!(!again.root().join("added.js").exists());
        Fixture::settle();
        load(&fixture).unwrap();
    }
}

#[test]
fn many_at_once_get_the_same() {
    let fixture = Fixture::hello();
    package(&fixture);
    let barrier = Barrier::new(8);
    let roots = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    load(&fixture).unwrap().root().to_owned()
                })
            })
            .collect();
        let threads = threads.into_iter();
        threads
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
    let beside = fs_err::read_dir(roots[0].parent().unwrap()).unwrap();
    assert_eq!(beside.count(), 1, "nothing is left behind");
}

#[test]
fn one_that_is_refused_is_an_error_that_names_it() {
    let fixture = Fixture::hello();
    let path = package(&fixture);
    let mut bytes = fs_err::read(&path).unwrap();
    bytes.push(0);
    fs_err::write(&path, bytes).unwrap();
    let report = ErrorReport::from(load(&fixture).unwrap_err());
    assert_eq!(report.code, ErrorCode::ManifestInvalid);
    assert!(report.context["path"].ends_with("hello-world.skill"));
    assert_eq!(
        report.context["reason"],
        "the package is refused: it has bytes that belong to no file"
    );
    assert!(!fixture.folder.path().join("cache/packages").exists());
}
