//! All that a program can do with new files, whoever lets it.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
