//! What workers make in the folders that they may write to: their supervisor makes it, and nothing differs.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mycelium_policy::ProgramPolicy;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::AttemptKind;
use mycelium_types::FileAccess;
use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::linkat;
use rustix::fs::mkdirat;
use rustix::fs::mknodat;
use rustix::fs::openat;
use rustix::fs::openat2;
use rustix::fs::readlinkat;
use rustix::fs::renameat;
use rustix::fs::renameat_with;
use rustix::fs::statat;
use rustix::fs::symlinkat;
use rustix::io::Errno;
use rustix::process::umask;

use super::fixture::PATIENCE;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "what_a_worker_makes_is_as_it_would_be_without_a_sandbox",
        same,
    ),
    (
        "names_that_are_protected_are_not_made_in_any_way",
        protected,
    ),
    ("a_file_that_a_worker_has_no_room_for_is_not_made", no_room),
    ("what_a_worker_has_mounted_stays_where_it_is", mounted),
    ("nothing_is_made_where_only_reading_is_granted", read_only),
    ("each_worker_makes_things_for_itself", several),
];

/// Both kinds of workers that may write to `ws/out`.
fn policies(site: &Site) -> [SandboxPolicy; 2] {
    let engine = SandboxPolicy {
        paths: vec![
            site.grant("ws/out", FileAccess::Write),
            site.grant("ws/docs", FileAccess::Read),
        ],
        data: Some(site.path("data")),
        ..site.policy()
    };
    let program = SandboxPolicy {
        program: Some(ProgramPolicy::default()),
        ..engine.clone()
    };
    [engine, program]
}

fn puppets(site: &Site, launcher: &mycelium_sandbox::Launcher) -> [Puppet; 2] {
    let [engine, program] = policies(site);
    [
        Puppet::with(launcher, &engine),
        Puppet::program(launcher, &program),
    ]
}

fn same() {
    let launcher = start();
    let site = Site::new();
    for (folder, mut puppet) in ["engine", "program"]
        .into_iter()
        .zip(puppets(&site, &launcher))
    {
        let inside = site.path("ws/out").join(folder);
        puppet.tell(&Order::MakeFolder(inside.clone())).unwrap();
        let outside = tempfile::tempdir().unwrap();
        let expected = everything(&outside.path().canonicalize().unwrap());
        let found = puppet.tell(&Order::MakeEverything(inside.clone())).unwrap();
        let found: Vec<_> = found.lines().collect();
        assert_eq!(found, expected, "{folder}");
        // It is the person's, as everything is that is in the folder.
        let owner = fs_err::metadata(site.path("ws/out")).unwrap().uid();
        assert_eq!(fs_err::metadata(inside.join("new")).unwrap().uid(), owner);
        let nodes = match folder {
            // No engine makes such files.
            "engine" => [libc::EPERM; 3].map(|errno| errno.to_string()),
            _ => [
                "done".to_owned(),
                libc::EEXIST.to_string(),
                libc::EACCES.to_string(),
            ],
        };
        let made = puppet.tell(&Order::MakeNodes(inside.clone()));
        assert_eq!(made, Ok(nodes.join(" ")), "{folder}");
        // In its own places the worker makes things by itself.
        for place in ["/tmp", "/mycelium/data"] {
            let place = Path::new(place).join(folder);
            puppet.tell(&Order::MakeFolder(place.clone())).unwrap();
            let made = puppet.tell(&Order::MakeEverything(place)).unwrap();
            assert_eq!(made.lines().collect::<Vec<_>>(), expected, "{folder}");
        }
    }
}

fn protected() {
    let launcher = start();
    let site = Site::new();
    let out = site.path("ws/out");
    for mut puppet in puppets(&site, &launcher) {
        let plain = out.join("plain");
        fs_err::create_dir_all(plain.join("hooks")).unwrap();
        fs_err::write(out.join("file"), "x").unwrap();
        for name in [
            ".git",
            ".Claude",
            ".mcp.json",
            "plain/.envrc",
            "plain/hooks/.vscode",
        ] {
            let path = out.join(name);
            for order in [
                Order::Write(path.clone(), "x".to_owned()),
                Order::MakeFolder(path.clone()),
                Order::Rename(plain.clone(), path.clone()),
                Order::Rename(out.join("file"), path.clone()),
                Order::Link(out.join("file"), path.clone()),
                Order::LinkTo(plain.clone(), path.clone()),
            ] {
                let met = puppet.tell(&order);
                // Into itself a folder cannot be moved in any case.
                assert!(
                    matches!(met, Err(libc::EACCES | libc::EINVAL)),
                    "{order:?}: {met:?}"
                );
                assert!(path.symlink_metadata().is_err(), "{order:?}");
            }
            let seen = puppet.worker.take_attempts(PATIENCE).kept;
            assert!(
                seen.iter().any(|attempt| {
                    attempt.kind == AttemptKind::Write && attempt.resolved == path
                }),
                "{seen:?}"
            );
        }
    }
}

fn no_room() {
    let launcher = start();
    let site = Site::new();
    for (folder, mut policy) in ["engine", "program"].into_iter().zip(policies(&site)) {
        policy.limits.open_files = 64;
        let mut puppet = match &policy.program {
            None => Puppet::with(&launcher, &policy),
            Some(_) => Puppet::program(&launcher, &policy),
        };
        let folder = site.path("ws/out").join(folder);
        puppet.tell(&Order::MakeFolder(folder.clone())).unwrap();
        let kept = puppet
            .tell(&Order::KeepFiles(folder.clone(), 1000))
            .unwrap();
        let (kept, error) = kept.split_once(' ').unwrap();
        assert_eq!(error, libc::EMFILE.to_string());
        assert_eq!(fs_err::read_dir(&folder).unwrap().count().to_string(), kept);
    }
}

fn mounted() {
    let launcher = start();
    let site = Site::new();
    fs_err::create_dir_all(site.path("ws/out/kept/.git/hooks")).unwrap();
    fs_err::write(site.path("ws/out/kept/.mcp.json"), "{}").unwrap();
    for mut policy in policies(&site) {
        // The skill's own folder lies in one that may be written.
        policy.paths.push(site.grant("ws", FileAccess::Write));
        policy.sealed = ["ws/out/kept/.git", "ws/out/kept/.mcp.json"]
            .map(|path| site.path(path))
            .into();
        let mut puppet = match &policy.program {
            None => Puppet::with(&launcher, &policy),
            Some(_) => Puppet::program(&launcher, &policy),
        };
        let file = site.path("ws/out/file");
        fs_err::write(&file, "x").unwrap();
        for path in [
            "ws/skills/sample",
            "ws/out/kept/.git",
            "ws/out/kept/.mcp.json",
        ] {
            let path = site.path(path);
            let aside = site.path("ws/aside");
            for order in [
                Order::Rename(path.clone(), aside.clone()),
                Order::Rename(file.clone(), path.clone()),
                Order::Exchange(file.clone(), path.clone()),
            ] {
                let met = puppet.tell(&order);
                assert!(
                    matches!(met, Err(libc::EBUSY | libc::EACCES | libc::EXDEV)),
                    "{order:?}: {met:?}"
                );
            }
        }
        // Nothing that the worker sees has come loose.
        for path in ["ws/skills/sample/new", "ws/out/kept/.git/new"] {
            let met = puppet.tell(&Order::Write(site.path(path), "x".to_owned()));
            assert_eq!(met, Err(libc::EROFS), "{path}");
        }
    }
}

fn read_only() {
    let launcher = start();
    let site = Site::new();
    for mut puppet in puppets(&site, &launcher) {
        for path in ["ws/docs/new", "ws/new", "ws/skills/sample/new"] {
            for order in [
                Order::MakeFolder(site.path(path)),
                Order::Link(site.path("ws/docs/readme"), site.path(path)),
                Order::LinkTo("x".into(), site.path(path)),
            ] {
                let met = puppet.tell(&order);
                assert!(
                    matches!(
                        met,
                        Err(libc::EROFS | libc::EACCES | libc::ENOENT | libc::EXDEV)
                    ),
                    "{order:?}: {met:?}"
                );
                assert!(!site.path(path).exists());
            }
        }
        // What it may only read gets no second name where it may write.
        let (readme, stolen) = (site.path("ws/docs/readme"), site.path("ws/out/stolen"));
        for order in [
            Order::Link(readme.clone(), stolen.clone()),
            Order::Rename(readme.clone(), stolen.clone()),
        ] {
            let met = puppet.tell(&order);
            assert!(
                matches!(met, Err(libc::EROFS | libc::EACCES | libc::EXDEV)),
                "{order:?}: {met:?}"
            );
        }
    }
}

fn several() {
    let launcher = start();
    let site = Site::new();
    let [engine, _] = policies(&site);
    let mut narrow = engine.clone();
    fs_err::create_dir(site.path("ws/out/narrow")).unwrap();
    narrow.paths = vec![site.grant("ws/out/narrow", FileAccess::Write)];
    let mut wide = Puppet::with(&launcher, &engine);
    let mut narrow = Puppet::with(&launcher, &narrow);
    for name in ["one", "two"] {
        let path = site.path("ws/out").join(name);
        let met = narrow.tell(&Order::MakeFolder(path.clone()));
        assert!(matches!(met, Err(libc::EACCES | libc::ENOENT)), "{met:?}");
        wide.tell(&Order::MakeFolder(path)).unwrap();
        let path = site.path("ws/out/narrow").join(name);
        narrow.tell(&Order::MakeFolder(path)).unwrap();
    }
    drop(wide);
    let path = site.path("ws/out/narrow/three");
    narrow.tell(&Order::MakeFolder(path)).unwrap();
}

/// Does all that can be done with new files in an empty folder, whose mask it changes on the way; says what came of each.
pub(crate) fn everything(folder: &Path) -> Vec<String> {
    let at = |name: &str| folder.join(name);
    let mode = Mode::from_raw_mode;
    let write = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
    let mut told = Vec::new();
    let mut tell = |what: &str, outcome: Result<String, Errno>| {
        told.push(match outcome {
            Ok(text) => format!("{what}: {text}"),
            Err(errno) => format!("{what}: error {}", errno.raw_os_error()),
        });
    };
    umask(mode(0o027));

    // Files that are opened.
    for (what, name, flags, bits) in [
        ("new", "new", write | OFlags::EXCL, 0o666),
        ("new again", "new", write | OFlags::EXCL, 0o666),
        ("there already", "new", write | OFlags::TRUNC, 0o600),
        ("read-only for others to come", "sealed", write, 0o444),
        ("to append", "appended", write | OFlags::APPEND, 0o755),
        (
            "for reading",
            "empty",
            OFlags::RDONLY | OFlags::CREATE,
            0o600,
        ),
        ("no folder", "nowhere/new", write, 0o600),
        ("in a file", "new/new", write, 0o600),
        ("a folder", ".", write, 0o600),
        ("the folder above", "sub/..", write, 0o600),
        ("a slash too many", "slash/", write, 0o600),
        ("no name", "", write, 0o600),
        (
            "a folder that is to be there",
            "new",
            write | OFlags::DIRECTORY,
            0o600,
        ),
        ("a mere name", "named", write | OFlags::PATH, 0o600),
    ] {
        let opened = openat(
            CWD,
            if name.is_empty() {
                name.into()
            } else {
                at(name)
            },
            flags,
            mode(bits),
        );
        tell(what, opened.and_then(|file| described(&file)));
    }
    tell(
        "a long name",
        openat(CWD, at(&"n".repeat(256)), write, mode(0o600)).map(named),
    );
    tell(
        "a long path",
        openat(CWD, at(&"n/".repeat(2100)), write, mode(0o600)).map(named),
    );
    tell(
        "as described",
        openat2(
            CWD,
            at("described"),
            write,
            mode(0o640),
            ResolveFlags::empty(),
        )
        .and_then(|file| described(&file)),
    );
    umask(mode(0o077));
    tell(
        "with another mask",
        openat(CWD, at("private"), write, mode(0o666)).and_then(|file| described(&file)),
    );
    umask(mode(0o022));

    // Folders.
    for (what, name, bits) in [
        ("folder", "sub", 0o777),
        ("folder again", "sub", 0o777),
        ("folder with a slash", "slashed//", 0o1755),
        ("folder above", "sub/..", 0o755),
        ("folder here", "sub/.", 0o755),
        ("folder in none", "nowhere/sub", 0o755),
        ("folder over a file", "new", 0o755),
    ] {
        tell(what, mkdirat(CWD, at(name), mode(bits)).map(named));
    }
    tell("mode of a folder", mode_of(&at("slashed")));
    tell(
        "by the folder above",
        mkdirat(CWD, at("sub/../above"), mode(0o755)).map(named),
    );
    match openat(
        CWD,
        at("sub"),
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    ) {
        Err(errno) => tell("a folder's descriptor", Err(errno)),
        Ok(sub) => {
            tell(
                "by a descriptor",
                mkdirat(&sub, "inner", mode(0o755)).map(named),
            );
            tell(
                "above it",
                openat(&sub, "../beside", write, mode(0o644)).map(named),
            );
            tell(
                "not a folder",
                mkdirat(&sub, "../new/x", mode(0o755)).map(named),
            );
        }
    }

    // Links.
    tell("link", symlinkat("new", CWD, at("link")).map(named));
    tell("link again", symlinkat("new", CWD, at("link")).map(named));
    tell(
        "link to nowhere",
        symlinkat("/nowhere/at all", CWD, at("lost")).map(named),
    );
    tell(
        "link to a folder",
        symlinkat("sub", CWD, at("way")).map(named),
    );
    tell("empty link", symlinkat("", CWD, at("none")).map(named));
    tell(
        "target",
        readlinkat(CWD, at("lost"), Vec::new()).map(|text| format!("{text:?}")),
    );
    tell(
        "through a link",
        openat(CWD, at("link"), write | OFlags::APPEND, mode(0o600)).map(named),
    );
    tell(
        "not through a link",
        openat(CWD, at("link"), write | OFlags::NOFOLLOW, mode(0o600)).map(named),
    );
    tell(
        "in the place of a link",
        openat(CWD, at("lost"), write | OFlags::EXCL, mode(0o600)).map(named),
    );
    tell(
        "behind a link",
        mkdirat(CWD, at("way/behind"), mode(0o755)).map(named),
    );

    // Further names.
    let none = AtFlags::empty();
    for (what, of, name, flags) in [
        ("name", "new", "further", none),
        ("name again", "new", "further", none),
        ("name of nothing", "nothing", "x", none),
        ("name of a folder", "sub", "x", none),
        ("name of a link", "link", "linked", none),
        (
            "name of what it leads to",
            "new",
            "followed",
            AtFlags::SYMLINK_FOLLOW,
        ),
        ("name in no folder", "new", "nowhere/x", none),
    ] {
        tell(what, linkat(CWD, at(of), CWD, at(name), flags).map(named));
    }
    let links = statat(CWD, at("new"), none).map(|status| status.st_nlink.to_string());
    tell("names", links);

    // New names.
    for (what, of, name, flags) in [
        ("move", "further", "moved", RenameFlags::empty()),
        ("move over a file", "moved", "private", RenameFlags::empty()),
        (
            "move into a folder",
            "private",
            "sub/private",
            RenameFlags::empty(),
        ),
        ("move a folder", "above", "elsewhere", RenameFlags::empty()),
        (
            "move over a folder that is not empty",
            "elsewhere",
            "sub",
            RenameFlags::empty(),
        ),
        (
            "move a folder into itself",
            "sub",
            "sub/inner/sub",
            RenameFlags::empty(),
        ),
        (
            "move a file over a folder",
            "new",
            "elsewhere",
            RenameFlags::empty(),
        ),
        (
            "move a folder over a file",
            "elsewhere",
            "new",
            RenameFlags::empty(),
        ),
        ("move nothing", "nothing", "x", RenameFlags::empty()),
        (
            "move with a slash",
            "elsewhere/",
            "farther/",
            RenameFlags::empty(),
        ),
        (
            "move a file with a slash",
            "new",
            "x/",
            RenameFlags::empty(),
        ),
        ("move onto itself", "new", "new", RenameFlags::empty()),
        ("move here", "new", ".", RenameFlags::empty()),
        (
            "move but not over",
            "new",
            "followed",
            RenameFlags::NOREPLACE,
        ),
        (
            "move to a free place",
            "linked",
            "free",
            RenameFlags::NOREPLACE,
        ),
        ("exchange", "new", "sub", RenameFlags::EXCHANGE),
        (
            "exchange with nothing",
            "new",
            "nothing",
            RenameFlags::EXCHANGE,
        ),
        ("exchange back", "new", "sub", RenameFlags::EXCHANGE),
    ] {
        let moved = match flags.is_empty() {
            true => renameat(CWD, at(of), CWD, at(name)),
            false => renameat_with(CWD, at(of), CWD, at(name), flags),
        };
        tell(what, moved.map(named));
    }

    // From where the worker is.
    let before = std::env::current_dir();
    tell("enter", rustix::process::chdir(at("sub")).map(named));
    tell("here", mkdirat(CWD, "here", mode(0o755)).map(named));
    tell(
        "up and down",
        openat(CWD, "./../sub/here/file", write, mode(0o600)).map(named),
    );
    tell(
        "new name here",
        renameat(CWD, "here/file", CWD, "there").map(named),
    );
    if let Ok(before) = before {
        tell("leave", rustix::process::chdir(before).map(named));
    }

    // Whatever has been made.
    let mut names: Vec<String> = walk(folder, folder);
    names.sort_unstable();
    told.extend(names);
    told
}

fn named<T>(_: T) -> String {
    "done".to_owned()
}

/// What an open file says of itself, and whether it can be written.
fn described(file: &OwnedFd) -> Result<String, Errno> {
    let status = rustix::fs::fstat(file)?;
    let kept = rustix::io::fcntl_getfd(file)?;
    let how = rustix::fs::fcntl_getfl(file)? & !OFlags::from_bits_retain(libc::O_LARGEFILE as u32);
    let written = rustix::io::write(file.as_fd(), b"text").map_err(Errno::raw_os_error);
    Ok(format!(
        "{:o} {} {kept:?} {how:?} {written:?}",
        status.st_mode, status.st_size
    ))
}

fn mode_of(path: &Path) -> Result<String, Errno> {
    statat(CWD, path, AtFlags::empty()).map(|status| format!("{:o}", status.st_mode))
}

/// Everything below a folder, with its mode and size.
fn walk(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(status) = path.symlink_metadata() else {
            continue;
        };
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        let size = if status.is_dir() { 0 } else { status.len() };
        found.push(format!("{name} {:o} {size}", status.mode()));
        if status.is_dir() {
            found.extend(walk(root, &path));
        }
    }
    found
}

/// Makes a file that is not opened, in two forms.
pub(crate) fn empty_files(folder: &Path) -> Result<String, Errno> {
    let make = |name: &str, kind| {
        let made = mknodat(CWD, folder.join(name), kind, Mode::from_raw_mode(0o640), 0);
        made.map_or_else(|errno| errno.raw_os_error().to_string(), named)
    };
    let made = [
        make("node", FileType::RegularFile),
        make("node", FileType::RegularFile),
        make("pipe", FileType::Fifo),
    ];
    Ok(made.join(" "))
}
