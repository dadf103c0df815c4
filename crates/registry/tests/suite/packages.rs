//! `.skill` packages below a root.

use mycelium_package::pack;
use mycelium_registry::Verdict;
use mycelium_registry::read_skill;
use mycelium_types::SkillSource;

use super::support::Fixture;

fn fixture() -> Fixture {
    let fixture = Fixture::new();
    fixture.skill("outside/tool", "tool", "1.2.0");
    fs_err::create_dir_all(fixture.path("root/deep")).unwrap();
    let path = fixture.path("root/deep/anything.skill");
    let package = pack(&fixture.path("outside/tool"), "tool", &path).unwrap();
    fs_err::write(&path, package.bytes()).unwrap();
    fixture
}

#[test]
fn a_package_is_found_and_read_once() {
    let fixture = fixture();
    let path = fixture.path("root/deep/anything.skill");
    super::support::make_old(&path);
    let found = fixture.discover("root");
    assert_eq!(found.skills.len(), 1);
    let record = &found.skills[0];
    assert_eq!(record.id().to_string(), "tool@1.2.0");
    assert_eq!(record.source, SkillSource::Package { path: path.clone() });
    let verdict = found.candidates.iter().find(|it| it.path == path).unwrap();
    assert!(verdict.verdict.is_taken());
    let again = fixture.discover("root");
    assert_eq!((again.read, again.reused), (0, 1));
    fs_err::remove_file(&path).unwrap();
    assert!(fixture.discover("root").skills.is_empty());
}

#[test]
fn a_package_that_is_refused_is_a_problem_beside_the_others() {
    let fixture = fixture();
    fixture.skill("root/good", "good", "1.0.0");
    fs_err::write(fixture.path("root/bad.skill"), "no archive").unwrap();
    fs_err::create_dir(fixture.path("root/folder.skill")).unwrap();
    let found = fixture.discover("root");
    assert_eq!(found.skills.len(), 2);
    assert_eq!(found.problems.len(), 1);
    assert_eq!(
        found.problems[0].diagnostics[0].message,
        "the package is refused: it is damaged"
    );
    let folder = fixture.path("root/folder.skill");
    let verdict = found.candidates.iter().find(|it| it.path == folder);
    assert_eq!(verdict.unwrap().verdict, Verdict::NoManifest);
    assert_eq!(read_skill(&folder).manifest, None);
}

#[test]
fn a_folder_has_precedence_by_order_and_a_package_can_lose() {
    let fixture = fixture();
    fixture.skill("root/a-folder", "tool", "1.2.0");
    let found = fixture.discover("root");
    assert_eq!(found.skills.len(), 1);
    assert!(matches!(found.skills[0].source, SkillSource::Folder { .. }));
    let package = fixture.path("root/deep/anything.skill");
    let loser = found.candidates.iter().find(|it| it.path == package);
    assert!(matches!(loser.unwrap().verdict, Verdict::Duplicate { .. }));
}
