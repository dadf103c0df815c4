//! The checked-in matrix: what each attack must meet, by whose it is and how much of the sandbox there is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

const MATRIX: &str = include_str!("../../../../attacks/kernel/expected.tsv");

/// What is in a cell of an attack that is not made there.
const NOT_MADE: &str = "-";

/// What is in a cell of what a program of its own may do, because it leads nowhere.
const ALLOWED: &str = "allowed";

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
    (libc::EPROTONOSUPPORT, "EPROTONOSUPPORT"),
    (libc::EROFS, "EROFS"),
    (libc::ESRCH, "ESRCH"),
    (libc::EXDEV, "EXDEV"),
    (libc::ENETUNREACH, "ENETUNREACH"),
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
fn read(column: &str, prefix: &str) -> BTreeMap<String, &'static str> {
    let mut lines = MATRIX.lines().filter(|line| !line.starts_with('#'));
    let place = lines.next().unwrap();
    let place = place.split('\t').position(|name| name == column).unwrap();
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('\t').collect();
        (cells[0].to_owned(), cells[place])
    };
    let belongs =
        |name: &str| name.starts_with(prefix) && name.contains('/') == prefix.contains('/');
    lines
        .map(row)
        .filter(|(name, cell)| belongs(name) && *cell != NOT_MADE)
        .collect()
}

/// Fails unless `met`, attack by attack, is what the matrix says. Where that depends on the machine, a cell says
/// `one or other`. What is allowed must work: else it is no attack any more, or no right.
pub(crate) fn compare(prefix: &str, machine: &str, met: impl Iterator<Item = (String, String)>) {
    let column = column(machine);
    let expected = read(&column, prefix);
    let met: BTreeMap<_, _> = met.collect();
    let names: BTreeSet<_> = expected.keys().chain(met.keys()).collect();
    let wrong: Vec<_> = (names.into_iter())
        .filter(|name| {
            let meaning = |cell: &'static str| if cell == ALLOWED { "OPEN" } else { cell };
            let alternatives = expected
                .get(*name)
                .map(|cell| cell.split(" or ").map(meaning));
            let mut alternatives = alternatives.into_iter().flatten();
            let met = met.get(*name).map(String::as_str);
            met.is_none() || alternatives.all(|one| Some(one) != met)
        })
        .map(|name| {
            let expected = expected.get(name).copied().unwrap_or("not in the matrix");
            let met = met.get(name).map_or("not made", String::as_str);
            format!("{name}: {met}, expected {expected}")
        })
        .collect();
    assert!(wrong.is_empty(), "{column}: {wrong:#?}");
}
