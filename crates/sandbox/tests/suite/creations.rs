//! What workers make in the folders that they may write to: their supervisor makes it, and nothing differs.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mycelium_policy::ProgramPolicy;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::AttemptKind;
use mycelium_types::FileAccess;

use super::file_operations;
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
        let expected = file_operations::everything(&outside.path().canonicalize().unwrap());
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
