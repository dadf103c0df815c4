//! Running each test as root and as somebody else.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::sync::OnceLock;

use libtest_mimic::Failed;
use libtest_mimic::Trial;
use tempfile::TempDir;

use super::ladder::MACHINES;
use super::machine::Lack;
use super::machine::lose;
use crate::Test;

/// Nobody in particular.
const ORDINARY: u32 = 61_000;

/// Says which tests cannot run here.
pub(crate) fn announce() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: every test as root, because this process is an ordinary user");
    }
}

/// The test for each kind of supervisor that can be had here.
///
/// Root runs both, the second one in a process that is an ordinary user. An ordinary user cannot become
/// root, and says so.
pub(crate) fn trials((name, test): Test) -> Vec<Trial> {
    let as_user = format!("user::{name}");
    if rustix::process::geteuid().is_root() {
        let again = as_user.clone();
        vec![
            Trial::test(format!("root::{name}"), move || run(test)),
            Trial::test(as_user, move || become_ordinary(&again)),
        ]
    } else {
        vec![
            Trial::test(as_user, move || run(test)),
            Trial::test(format!("root::{name}"), not_root).with_ignored_flag(!required()),
        ]
    }
}

fn run(test: fn()) -> Result<(), Failed> {
    test();
    Ok(())
}

fn not_root() -> Result<(), Failed> {
    Err("the tests run as an ordinary user, so nothing can be tested as root".into())
}

/// The first argument that makes this program run one test on a machine that lacks something.
pub(crate) const WITHOUT_ARGUMENT: &str = "__without";

/// The tests of the ladder, each for both kinds of supervisor. Such a machine is made for a process, so each test has
/// one.
pub(crate) fn trials_on_other_machines() -> Vec<Trial> {
    let users: &[_] = if rustix::process::geteuid().is_root() {
        &[("root", None), ("user", Some(ORDINARY))]
    } else {
        &[("user", None)]
    };
    let mut trials = Vec::new();
    for (lacks, tests) in MACHINES {
        let only_root = lacks.contains(&Lack::Proc);
        let lacks: Vec<_> = lacks.iter().map(|lack| lack.name()).collect();
        for (test, _) in *tests {
            let makers = users.iter().filter(|(who, _)| !only_root || *who == "root");
            for (who, user) in makers {
                let name = format!("{who}::without_{}::{test}", lacks.join("_and_"));
                let (lacks, user) = (lacks.join(","), *user);
                trials.push(Trial::test(name, move || run_elsewhere(&lacks, test, user)));
            }
        }
    }
    trials
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests start themselves again on another machine"
)]
fn run_elsewhere(lacks: &str, test: &str, user: Option<u32>) -> Result<(), Failed> {
    let own = std::env::current_exe()?;
    let mut again = Command::new(REACHABLE.get().unwrap_or(&own));
    again
        .args([WITHOUT_ARGUMENT, lacks, test])
        .env_remove("MYCELIUM_TEST_REQUIRE")
        .current_dir("/");
    if let Some(user) = user {
        again.uid(user).gid(user);
    }
    succeed(&mut again)
}

/// In a process of its own: the test called so, on the machine that lacks these.
pub(crate) fn run_without(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut next = || arguments.next().unwrap().into_string().unwrap();
    let (lacks, test) = (next(), next());
    let lacks: Vec<_> = lacks
        .split(',')
        .map(|name| Lack::named(name).unwrap())
        .collect();
    let machine = MACHINES.iter().find(|(lacking, _)| *lacking == lacks);
    let (_, run) = (machine.unwrap().1.iter())
        .find(|(name, _)| *name == test)
        .unwrap();
    lose(&lacks);
    run();
    ExitCode::SUCCESS
}

/// Whether a test that cannot run here is a failure.
fn required() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the tests themselves"
    )]
    let required = std::env::var("MYCELIUM_TEST_REQUIRE");
    // A child that is an ordinary user on purpose runs one test by name; see `become_ordinary`.
    required.is_ok_and(|value| value == "all")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests start themselves again as another user"
)]
fn become_ordinary(name: &str) -> Result<(), Failed> {
    let mut again = Command::new(REACHABLE.get().unwrap());
    again
        .args(["--exact", name, "--nocapture"])
        .env_remove("MYCELIUM_TEST_REQUIRE")
        .uid(ORDINARY)
        .gid(ORDINARY)
        .current_dir("/");
    succeed(&mut again)
}

fn succeed(again: &mut Command) -> Result<(), Failed> {
    let output = again.output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
        .into())
    }
}

/// A copy of this program where everybody can run it; target folders are often in somebody's home.
static REACHABLE: OnceLock<PathBuf> = OnceLock::new();

/// Makes the copy, if it is needed; it goes when the result is dropped.
pub(crate) fn make_reachable() -> Option<TempDir> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    fs_err::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("tests");
    fs_err::copy(std::env::current_exe().unwrap(), &program).unwrap();
    REACHABLE.set(program).unwrap();
    Some(folder)
}
