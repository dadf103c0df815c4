//! The checked-in matrix: what each attack must meet, by whose it is and how much of the sandbox there is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

const MATRIX: &str = include_str!("../../../../attacks/kernel/expected.tsv");

/// The error numbers that attacks meet, by name.
const NAMES: &[(i32, &str)] = &[
    (libc::EACCES, "EACCES"),
    (libc::EAGAIN, "EAGAIN"),
    (libc::EBADF, "EBADF"),
    (libc::EBUSY, "EBUSY"),
    (libc::ECONNREFUSED, "ECONNREFUSED"),
    (libc::EFAULT, "EFAULT"),
    (libc::EFBIG, "EFBIG"),
    (libc::EINVAL, "EINVAL"),
    (libc::EMFILE, "EMFILE"),
    (libc::EIO, "EIO"),
    (libc::ENOENT, "ENOENT"),
    (libc::ENOMEM, "ENOMEM"),
    (libc::ENOSPC, "ENOSPC"),
    (libc::ENOSYS, "ENOSYS"),
    (libc::ENOTTY, "ENOTTY"),
    (libc::EPERM, "EPERM"),
    (libc::EROFS, "EROFS"),
    (libc::ESRCH, "ESRCH"),
    (libc::EXDEV, "EXDEV"),
];

/// An error number's name.
pub(crate) fn name(errno: i32) -> String {
    let found = NAMES.iter().find(|(number, _)| *number == errno);
    found.map_or_else(|| errno.to_string(), |(_, name)| (*name).to_owned())
}

/// The column for this process on `machine`.
fn column(machine: &str) -> String {
    let who = if rustix::process::geteuid().is_root() {
        "root"
    } else {
        "user"
    };
    format!("{machine}/{who}")
}

/// The column called `column` of the attacks whose names begin like `prefix`, and of no others.
fn read(column: &str, prefix: &str) -> BTreeMap<String, String> {
    let mut lines = MATRIX.lines().filter(|line| !line.starts_with('#'));
    let place = lines.next().unwrap();
    let place = place.split('\t').position(|name| name == column).unwrap();
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').collect();
        (cells[0].to_owned(), cells[place].to_owned())
    };
    let belongs =
        |name: &str| name.starts_with(prefix) && name.contains('/') == prefix.contains('/');
    lines.map(row).filter(|(name, _)| belongs(name)).collect()
}

/// Fails unless `met`, attack by attack, is what the matrix says. Where that depends on the machine, a cell says
/// `one or other`.
pub(crate) fn compare(prefix: &str, machine: &str, met: impl Iterator<Item = (String, String)>) {
    let column = column(machine);
    let expected = read(&column, prefix);
    let met: BTreeMap<_, _> = met.collect();
    let names: BTreeSet<_> = expected.keys().chain(met.keys()).collect();
    let wrong: Vec<_> = (names.into_iter())
        .filter(|name| {
            let alternatives = expected.get(*name).map(|cell| cell.split(" or "));
            let mut alternatives = alternatives.into_iter().flatten();
            let met = met.get(*name).map(String::as_str);
            met.is_none() || alternatives.all(|one| Some(one) != met)
        })
        .map(|name| {
            let expected = expected
                .get(name)
                .map_or("not in the matrix", String::as_str);
            let met = met.get(name).map_or("not made", String::as_str);
            format!("{name}: {met}, expected {expected}")
        })
        .collect();
    assert!(wrong.is_empty(), "{column}: {wrong:#?}");
}
