//! Folders with a `SKILL.md`.

use std::os::unix::fs::PermissionsExt;

use mycelium_registry::RootKind;
use mycelium_registry::Verdict;
use mycelium_types::Severity;

use super::support::Fixture;
use super::support::ids;
use super::support::make_old;

impl Fixture {
    /// A file in the folder `path`, last changed long ago.
    fn file(&self, path: &str, content: &str) {
        let file = self.path(path);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        fs_err::write(&file, content).unwrap();
        make_old(&file);
    }

    fn agent_skill(&self, path: &str, name: &str) {
        let text = format!("---\nname: {name}\ndescription: Does {name}\n---\nDo it.\n");
        self.file(&format!("{path}/SKILL.md"), &text);
    }
}

#[test]
fn a_skill_md_is_enough() {
    let fixture = Fixture::new();
    fixture.agent_skill("skills/pdf", "pdf");
    fixture.file(
        "skills/lower/skill.md",
        "---\nname: lower\ndescription: d\nmetadata:\n  version: \"1.2\"\n---\n",
    );
    fixture.file("skills/broken/SKILL.md", "---\nname: broken\n---\n");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["lower@1.2.0", "pdf@0.0.0"]);
    let lower = &discovery.skills[0];
    assert_eq!(lower.remarks.len(), 1);
    assert_eq!(lower.remarks[0].severity, Severity::Warning);
    let agent = discovery.skills[1].manifest.agent.as_ref().unwrap();
    assert!(agent.stands_alone);
    assert_eq!(
        fixture.verdict(&discovery, "skills/broken"),
        Verdict::Broken { errors: 1 }
    );
    let problem = discovery.problems[0].first().unwrap();
    assert_eq!(problem.field, "description");
}

#[test]
fn a_manifest_beside_it_decides() {
    let fixture = Fixture::new();
    fixture.skill("skills/both", "both", "2.0.0");
    fixture.agent_skill("skills/both", "another");
    fixture.file("skills/both/scripts/run.py", "");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["both@2.0.0"]);
    let manifest = &discovery.skills[0].manifest;
    assert_eq!(manifest.description, "Does both");
    assert_eq!(manifest.exports[0].name, "run");
    let agent = manifest.agent.as_ref().unwrap();
    assert_eq!(
        (agent.stands_alone, agent.title.as_str()),
        (false, "another")
    );
}

#[test]
fn others_are_found_inside_one_but_not_among_its_parts() {
    let fixture = Fixture::new();
    fixture.agent_skill("skills/office", "office");
    fixture.agent_skill("skills/office/skills/pdf", "pdf");
    fixture.agent_skill("skills/office/assets/template", "template");
    fixture.agent_skill("skills/office/references/x", "reference");
    fixture.agent_skill("elsewhere/linked", "linked");
    fixture.link("../elsewhere/linked", "skills/link");
    let discovery = fixture.discover("skills");
    assert_eq!(
        ids(&discovery),
        ["linked@0.0.0", "office@0.0.0", "pdf@0.0.0"]
    );
}

#[test]
fn scripts_are_methods_and_a_change_of_them_is_seen() {
    let mut fixture = Fixture::new();
    fixture.agent_skill("skills/pdf", "pdf");
    fixture.file("skills/pdf/scripts/fill.py", "");
    fixture.file("skills/pdf/scripts/notes.txt", "");
    make_old_folder(&fixture, "skills/pdf/scripts");
    let methods = |fixture: &Fixture| {
        let discovery = fixture.discover_in(&[("skills", RootKind::User)]);
        let exports = discovery.skills[0].manifest.exports.iter();
        let names: Vec<_> = exports.map(|export| export.name.clone()).collect();
        (names, discovery.read)
    };
    assert_eq!(methods(&fixture), (vec!["fill".to_owned()], 1));
    assert_eq!(methods(&fixture), (vec!["fill".to_owned()], 0));
    fixture.reopen();
    assert_eq!(methods(&fixture), (vec!["fill".to_owned()], 0));
    // Only a mode changes.
    let notes = fixture.path("skills/pdf/scripts/notes.txt");
    fs_err::set_permissions(&notes, PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(methods(&fixture).0, ["fill".to_owned(), "notes".to_owned()]);
    fixture.file("skills/pdf/scripts/deep/more.sh", "");
    assert_eq!(methods(&fixture).0.len(), 3);
}

/// Backdates a folder, whose time counts too.
fn make_old_folder(fixture: &Fixture, path: &str) {
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let folder = fs_err::File::open(fixture.path(path)).unwrap();
    folder.set_modified(long_ago).unwrap();
}

#[test]
fn a_link_out_of_the_folder_is_not_read() {
    let fixture = Fixture::new();
    fixture.file("secret", "---\nname: secret\ndescription: d\n---\n");
    fs_err::create_dir_all(fixture.path("skills/thief")).unwrap();
    fixture.link("../../secret", "skills/thief/SKILL.md");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), [""; 0]);
    let problem = discovery.problems[0].first().unwrap();
    assert!(
        problem.message.contains("SKILL.md is a link"),
        "{problem:?}"
    );
}
