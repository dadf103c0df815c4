//! Where a workspace is.

use mycelium_config::Workspace;

use crate::suite::fixture::Fixture;

#[test]
fn the_nearest_marked_folder_above_is_the_workspace_and_home_is_not() {
    let fixture = Fixture::new();
    let home = fixture.below("home");
    let deep = home.join("projects/app/src/deep");
    fs_err::create_dir_all(&deep).unwrap();
    let found = |start| Workspace::discover(start, &home).root().to_owned();

    // The home folder has `.claude`, yet nothing below it is a workspace for that.
    assert_eq!(found(&deep), deep);
    assert_eq!(found(&home), home);

    // A linked worktree has a file where a repository has a folder.
    let app = home.join("projects/app");
    fs_err::write(app.join(".git"), "gitdir: elsewhere").unwrap();
    assert_eq!(found(&deep), app);
    fs_err::create_dir(app.join("src/.claude")).unwrap();
    assert_eq!(found(&deep), app.join("src"));

    // Another way to write the home folder is still the home folder.
    let link = fixture.below("link-to-home");
    std::os::unix::fs::symlink(&home, &link).unwrap();
    let start = link.join("projects");
    assert_eq!(found(&start), start);
}

#[test]
fn the_files_are_where_people_expect_them() {
    let fixture = Fixture::new();
    let work = fixture.below("work");
    let workspace = Workspace::discover(&work, &fixture.below("home"));
    let files = workspace.configuration_files(&fixture.below("home"));
    assert_eq!(files.user, fixture.files().user);
    assert_eq!(files.project, fixture.files().project);
    assert_eq!(files.system.to_str(), Some("/etc/claude/skills.json"));
}
