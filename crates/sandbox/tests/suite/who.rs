//! Running each test as root and as somebody else.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Failed;
use libtest_mimic::Trial;
use tempfile::TempDir;

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
    let output = Command::new(REACHABLE.get().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env_remove("MYCELIUM_TEST_REQUIRE")
        .uid(ORDINARY)
        .gid(ORDINARY)
        .current_dir("/")
        .output()?;
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
