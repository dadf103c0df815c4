//! Which host paths appear, how, and which do not.

use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::BYTECODE_PATH;
use mycelium_policy::DATA_PATH;
use mycelium_policy::DEPENDENCIES_PATH;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::Note;
use mycelium_sandbox::Refusal;
use mycelium_sandbox::SandboxError;
use mycelium_types::FileAccess;
use rustix::mount::MountFlags;
use rustix::mount::MountPropagationFlags;
use rustix::mount::UnmountFlags;
use rustix::mount::mount;
use rustix::mount::mount_change;
use rustix::mount::unmount;
use rustix::process::geteuid;

use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("granted_paths_appear_at_their_host_paths", granted),
    ("a_granted_file_appears_alone", single_file),
    (
        "layer_bytecode_and_data_appear_at_their_own_places",
        own_places,
    ),
    (
        "the_workspace_is_the_working_directory_and_empty",
        workspace,
    ),
    ("the_private_root_holds_nothing_of_the_host", private_root),
    ("a_folder_to_write_is_created", created),
    ("the_skill_is_read_only_below_a_writable_folder", nested),
    ("what_is_sealed_stays_as_it_is_whatever_is_tried", sealed),
    ("what_no_digest_covers_looks_empty", covered),
    ("a_path_that_became_a_link_is_refused", swapped),
    ("a_path_that_vanished_is_refused", vanished),
    ("a_path_that_is_no_file_or_folder_is_refused", special),
    ("a_policy_larger_than_a_message_is_refused", too_large),
    ("new_files_belong_to_the_person", ownership),
    ("files_of_another_owner_are_that_owners", other_owner),
    (
        "a_file_system_without_id_mapping_is_read_or_refused",
        no_id_mapping,
    ),
    (
        "what_is_mounted_below_a_granted_folder_is_not_shown",
        nested_mounts,
    ),
];

fn refusal(launcher: &Launcher, site: &Site, path: &str, access: FileAccess) -> SandboxError {
    let mut policy = site.policy();
    policy.paths = vec![site.grant(path, access)];
    let puppet = Puppet::warm(launcher);
    launcher.assign(&puppet.worker, &policy).unwrap_err()
}

fn refused(site: &Site, path: &str, reason: Refusal) -> SandboxError {
    SandboxError::Refused {
        path: site.path(path),
        reason,
    }
}

fn granted() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = vec![
        site.grant("ws/docs", FileAccess::Read),
        site.grant("ws/out", FileAccess::Write),
    ];
    let mut puppet = Puppet::with(&launcher, &policy);
    let read = |path: &str| Order::Read(site.path(path));
    assert_eq!(
        puppet.tell(&read("ws/skills/sample/index.js")),
        Ok("code".into())
    );
    assert_eq!(
        puppet.tell(&read("ws/docs/readme")),
        Ok("documentation".into())
    );
    assert_eq!(puppet.tell(&read("ws/secret")), Err(libc::ENOENT));
    let write = |path: &str| Order::Write(site.path(path), "made inside".into());
    assert_eq!(puppet.tell(&write("ws/out/new")), Ok(String::new()));
    let made = fs_err::read_to_string(site.path("ws/out/new")).unwrap();
    assert_eq!(made, "made inside");
    assert_eq!(puppet.tell(&write("ws/docs/new")), Err(libc::EROFS));
    assert_eq!(
        puppet.tell(&write("ws/skills/sample/new")),
        Err(libc::EROFS)
    );
}

fn single_file() {
    let launcher = start();
    let site = Site::new();
    fs_err::write(site.path("ws/docs/other"), "not granted").unwrap();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/docs/readme", FileAccess::Write)];
    let mut puppet = Puppet::with(&launcher, &policy);
    let file = site.path("ws/docs/readme");
    assert_eq!(
        puppet.tell(&Order::Write(file.clone(), "changed".into())),
        Ok(String::new())
    );
    assert_eq!(fs_err::read_to_string(file).unwrap(), "changed");
    assert_eq!(
        puppet.tell(&Order::List(site.path("ws/docs"))),
        Ok("readme".into())
    );
}

fn own_places() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.dependency_layer = Some(site.path("deps"));
    policy.bytecode = Some(site.path("bytecode"));
    policy.data = Some(site.path("data"));
    let mut puppet = Puppet::with(&launcher, &policy);
    let inside = |folder: &str, name: &str| Path::new(folder).join(name);
    assert_eq!(
        puppet.tell(&Order::Read(inside(DEPENDENCIES_PATH, "left/pad"))),
        Ok("dependency".into())
    );
    assert_eq!(
        puppet.tell(&Order::Read(BYTECODE_PATH.into())),
        Ok("compiled".into())
    );
    assert_eq!(
        puppet.tell(&Order::Write(inside(DATA_PATH, "state"), "1".into())),
        Ok(String::new())
    );
    assert_eq!(
        fs_err::read_to_string(site.path("data/state")).unwrap(),
        "1"
    );
    for path in [inside(DEPENDENCIES_PATH, "new"), BYTECODE_PATH.into()] {
        assert_eq!(
            puppet.tell(&Order::Write(path, "x".into())),
            Err(libc::EROFS)
        );
    }
}

fn workspace() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &site.policy());
    assert_eq!(
        puppet.tell(&Order::WorkingDirectory),
        Ok(site.path("ws").display().to_string())
    );
    assert_eq!(
        puppet.tell(&Order::Read("secret".into())),
        Err(libc::ENOENT)
    );
}

/// Looked at by a worker that is not restricted by Landlock yet: what it cannot see is not there.
fn private_root() {
    let launcher = start();
    let mut puppet = Puppet::warm(&launcher);
    let mut list = |path: &str| puppet.tell(&Order::List(path.into())).unwrap();
    assert_eq!(list("/"), "dev etc mycelium proc tmp");
    assert_eq!(list("/dev"), "full null random urandom zero");
    assert_eq!(list("/etc"), "group hosts nsswitch.conf passwd resolv.conf");
    assert_eq!(list("/tmp"), "");
    assert_eq!(list("/mycelium"), "empty nothing");
    assert_eq!(list("/mycelium/nothing"), "");
    let processes = list("/proc");
    assert_eq!(processes, "1 self thread-self");
}

fn created() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/new/deep", FileAccess::Write)];
    let mut puppet = Puppet::with(&launcher, &policy);
    let write = Order::Write(site.path("ws/new/deep/file"), "x".into());
    assert_eq!(puppet.tell(&write), Ok(String::new()));
    assert!(site.path("ws/new/deep/file").is_file());
}

fn nested() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/skills", FileAccess::Write)];
    let mut puppet = Puppet::with(&launcher, &policy);
    let write = |path: &str| Order::Write(site.path(path), "x".into());
    assert_eq!(puppet.tell(&write("ws/skills/free")), Ok(String::new()));
    assert_eq!(
        puppet.tell(&write("ws/skills/sample/index.js")),
        Err(libc::EROFS)
    );
}

fn sealed() {
    let launcher = start();
    let site = Site::new();
    let hooks = "ws/out/sub/.git/hooks";
    fs_err::create_dir_all(site.path(hooks)).unwrap();
    fs_err::write(site.path("ws/out/.envrc"), "export A=1").unwrap();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/out", FileAccess::Write)];
    policy.sealed = vec![site.path("ws/out/.envrc"), site.path("ws/out/sub/.git")];
    let mut puppet = Puppet::with(&launcher, &policy);
    let mut tell = |order| puppet.tell(&order);
    let at = |path: &str| site.path(path);
    let write = |path: &str| Order::Write(at(path), "evil".into());

    assert_eq!(
        tell(Order::Read(at("ws/out/.envrc"))),
        Ok("export A=1".into())
    );
    assert_eq!(tell(write("ws/out/sub/free")), Ok(String::new()));
    assert_eq!(tell(write("ws/out/.envrc")), Err(libc::EROFS));
    assert_eq!(
        tell(write("ws/out/sub/.git/hooks/pre-commit")),
        Err(libc::EROFS)
    );
    // Neither replaced, nor taken away, nor moved aside.
    assert_eq!(tell(Order::MakeFolder(at("ws/out/new"))), Ok(String::new()));
    for (from, to) in [
        ("ws/out/new", "ws/out/sub/.git"),
        ("ws/out/sub/.git", "ws/out/gone"),
        ("ws/out/sub/free", "ws/out/.envrc"),
        ("ws/out/.envrc", "ws/out/gone"),
    ] {
        let finding = tell(Order::Rename(at(from), at(to)));
        assert!(finding.is_err(), "{from} to {to}: {finding:?}");
    }
    assert!(tell(Order::Remove(at("ws/out/sub/.git"))).is_err());
    // It goes along with the folder it is in.
    let moved = Order::Rename(at("ws/out/sub"), at("ws/out/moved"));
    assert_eq!(tell(moved), Ok(String::new()));
    assert_eq!(
        tell(write("ws/out/moved/.git/hooks/pre-commit")),
        Err(libc::EROFS)
    );
    assert_eq!(
        fs_err::read_to_string(at("ws/out/.envrc")).unwrap(),
        "export A=1"
    );
    let hooks = fs_err::read_dir(at("ws/out/moved/.git/hooks")).unwrap();
    assert_eq!(hooks.count(), 0);
}

fn covered() {
    let launcher = start();
    for kind in ["folder", "file", "nothing"] {
        let site = Site::new();
        let git = site.path("ws/skills/sample/.git");
        match kind {
            "folder" => {
                fs_err::create_dir(&git).unwrap();
                fs_err::write(git.join("config"), "token").unwrap();
            }
            "file" => fs_err::write(&git, "gitdir: elsewhere").unwrap(),
            _ => {}
        }
        let mut puppet = Puppet::with(&launcher, &site.policy());
        let listed = puppet.tell(&Order::List(git.clone()));
        let read = puppet.tell(&Order::Read(git.clone()));
        let inside = puppet.tell(&Order::Read(git.join("config")));
        match kind {
            "folder" => assert_eq!((listed, inside), (Ok(String::new()), Err(libc::ENOENT))),
            "file" => assert_eq!(read, Ok(String::new())),
            _ => assert_eq!(read, Err(libc::ENOENT)),
        }
        let code = Order::Read(site.path("ws/skills/sample/index.js"));
        assert_eq!(puppet.tell(&code), Ok("code".into()));
    }
}

fn swapped() {
    let launcher = start();
    let site = Site::new();
    fs_err::create_dir(site.path("elsewhere")).unwrap();
    fs_err::rename(site.path("ws/out"), site.path("ws/was")).unwrap();
    fs_err::os::unix::fs::symlink(site.path("elsewhere"), site.path("ws/out")).unwrap();
    for (path, access) in [
        ("ws/out", FileAccess::Read),
        ("ws/out", FileAccess::Write),
        ("ws/out/below", FileAccess::Read),
        ("ws/out/below", FileAccess::Write),
    ] {
        assert_eq!(
            refusal(&launcher, &site, path, access),
            refused(&site, path, Refusal::Link)
        );
    }
    assert_eq!(fs_err::read_dir(site.path("elsewhere")).unwrap().count(), 0);
}

fn vanished() {
    let launcher = start();
    let site = Site::new();
    let error = refusal(&launcher, &site, "ws/gone", FileAccess::Read);
    let SandboxError::Refused {
        reason: Refusal::Unreachable(source),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(source.raw(), libc::ENOENT);
}

fn too_large() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = (0..250)
        .map(|number| site.grant(&format!("{number}{}", "x".repeat(240)), FileAccess::Read))
        .collect();
    let puppet = Puppet::warm(&launcher);
    assert!(matches!(
        launcher.assign(&puppet.worker, &policy),
        Err(SandboxError::TooLarge { .. })
    ));
    // It never came to the launcher: the worker is as good as before.
    launcher.assign(&puppet.worker, &site.policy()).unwrap();
}

fn special() {
    let launcher = start();
    let site = Site::new();
    let socket = site.path("ws/socket");
    let _server = std::os::unix::net::UnixListener::bind(socket).unwrap();
    assert_eq!(
        refusal(&launcher, &site, "ws/socket", FileAccess::Write),
        refused(&site, "ws/socket", Refusal::Special)
    );
}

/// The tests' own files are the person's and, in a folder of mode 0700, nobody else's.
fn ownership() {
    let launcher = start();
    let site = Site::new();
    let private = site.path("ws/docs/readme");
    fs_err::set_permissions(&private, PermissionsExt::from_mode(0o600)).unwrap();
    let mut policy = site.policy();
    policy.paths = vec![
        site.grant("ws/docs", FileAccess::Read),
        site.grant("ws/out", FileAccess::Write),
    ];
    let mut puppet = Puppet::with(&launcher, &policy);
    assert_eq!(
        puppet.tell(&Order::Read(private)),
        Ok("documentation".into())
    );
    puppet.tell(&Order::KeepFilesPrivate).unwrap();
    let file = site.path("ws/out/new");
    puppet
        .tell(&Order::Write(file.clone(), "x".into()))
        .unwrap();
    let status = fs_err::metadata(file).unwrap();
    assert_eq!(status.uid(), geteuid().as_raw());
    assert_eq!(status.mode() & 0o777, 0o600);
}

fn other_owner() {
    if !geteuid().is_root() {
        // Only root has files that are not its own.
        return;
    }
    const OWNER: u32 = 4321;
    let launcher = start();
    let site = Site::new();
    let out = site.path("ws/out");
    std::os::unix::fs::chown(&out, Some(OWNER), Some(OWNER)).unwrap();
    fs_err::set_permissions(&out, PermissionsExt::from_mode(0o700)).unwrap();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/out", FileAccess::Write)];
    let mut puppet = Puppet::with(&launcher, &policy);
    let file = out.join("new");
    puppet
        .tell(&Order::Write(file.clone(), "x".into()))
        .unwrap();
    let status = fs_err::metadata(file).unwrap();
    assert_eq!((status.uid(), status.gid()), (OWNER, OWNER));
}

/// A mount that only this thread, and what it starts, has.
struct PrivateMount(PathBuf);

impl PrivateMount {
    fn new(kind: &str, place: PathBuf) -> Self {
        super::hostile::leave_mount_namespace();
        mount_change(
            "/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )
        .unwrap();
        mount(kind, &place, kind, MountFlags::empty(), None).unwrap();
        Self(place)
    }
}

impl Drop for PrivateMount {
    /// What is mounted on cannot be removed.
    fn drop(&mut self) {
        unmount(&self.0, UnmountFlags::DETACH).unwrap();
    }
}

fn no_id_mapping() {
    if !geteuid().is_root() {
        // Workers of an ordinary user are that user: nothing is mapped.
        return;
    }
    let site = Site::new();
    let _mount = PrivateMount::new("ramfs", site.path("ws/out"));
    fs_err::write(site.path("ws/out/file"), "on another file system").unwrap();
    let launcher = start();
    assert_eq!(
        refusal(&launcher, &site, "ws/out", FileAccess::Write),
        refused(&site, "ws/out", Refusal::NoIdMapping)
    );

    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/out", FileAccess::Read)];
    let mut puppet = Puppet::warm(&launcher);
    let report = launcher.assign(&puppet.worker, &policy).unwrap();
    assert!(report.notes.contains(&Note::PlainBind {
        path: site.path("ws/out")
    }));
    puppet.restrict(&policy);
    assert_eq!(
        puppet.tell(&Order::Read(site.path("ws/out/file"))),
        Ok("on another file system".into())
    );

    fs_err::set_permissions(site.path("ws/out"), PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(
        refusal(&launcher, &site, "ws/out", FileAccess::Read),
        refused(&site, "ws/out", Refusal::NoIdMapping)
    );
}

fn nested_mounts() {
    if !geteuid().is_root() {
        return nested_mounts_of_a_person();
    }
    let site = Site::new();
    fs_err::create_dir(site.path("ws/docs/inner")).unwrap();
    fs_err::write(site.path("ws/docs/inner/hidden"), "below").unwrap();
    let _mount = PrivateMount::new("tmpfs", site.path("ws/docs/inner"));
    fs_err::write(site.path("ws/docs/inner/file"), "mounted").unwrap();
    let launcher = start();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/docs", FileAccess::Read)];
    let mut puppet = Puppet::with(&launcher, &policy);
    assert_eq!(
        puppet.tell(&Order::List(site.path("ws/docs/inner"))),
        Ok("hidden".into())
    );
}

/// The first argument that makes this program [`meet_nested_mounts`].
pub(crate) const NESTED_ARGUMENT: &str = "__nested";

/// A person cannot be shown what is below a mount, since it may be hidden on purpose: such a folder is
/// refused. To mount something, the person needs a namespace, which takes a process with one thread.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests start themselves again with one thread"
)]
fn nested_mounts_of_a_person() {
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let status = again.arg(NESTED_ARGUMENT).status().unwrap();
    assert!(status.success());
}

pub(crate) fn meet_nested_mounts() -> u8 {
    let [user, group] = [geteuid().as_raw(), rustix::process::getegid().as_raw()];
    super::hostile::enter_user_namespace();
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{user} {user} 1")),
        ("gid_map", format!("{group} {group} 1")),
    ] {
        fs_err::write(Path::new("/proc/self").join(file), text).unwrap();
    }
    let site = Site::new();
    fs_err::create_dir(site.path("ws/docs/inner")).unwrap();
    let _mount = PrivateMount::new("tmpfs", site.path("ws/docs/inner"));
    let launcher = start();
    assert_eq!(
        refusal(&launcher, &site, "ws/docs", FileAccess::Read),
        refused(&site, "ws/docs", Refusal::NestedMounts)
    );
    0
}
