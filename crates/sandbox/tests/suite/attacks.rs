//! Attacks, all of which must fail in the way they are meant to.

use std::path::Path;

use mycelium_policy::Rung;
use mycelium_sandbox::Attack;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::Outcome;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::probe;
use mycelium_types::FileAccess;

use super::expected;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Finding;
use super::hostile::Order;
use crate::Test;
use crate::kernel::ATTACKS;
use crate::kernel::Targets;

pub(crate) const TESTS: &[Test] = &[
    ("every_attack_gets_its_exact_answer", matrix),
    ("every_attack_of_doctor_gets_its_exact_answer", doctor),
    ("doctor_reports_a_program_that_is_no_launcher", no_launcher),
];

pub(crate) fn matrix() {
    let launcher = start();
    let site = Site::new();
    fs_err::create_dir_all(site.path("ws/skills/other")).unwrap();
    fs_err::write(site.path("ws/skills/other/index.js"), "other").unwrap();
    fs_err::os::unix::fs::symlink("secret", site.path("ws/link")).unwrap();
    let mut policy = site.policy();
    policy.paths = vec![
        site.grant("ws/docs", FileAccess::Read),
        site.grant("ws/out", FileAccess::Write),
    ];
    policy.required_rung = launcher.rung();
    policy.limits.memory_mb = 64;
    policy.limits.tmp_mb = 8;
    policy.limits.file_size_mb = 2;
    policy.limits.open_files = 16;
    let targets = Targets {
        file: site.path("ws/secret"),
        readable: site.path("ws/docs/readme"),
        writable: site.path("ws/out"),
        process: std::process::id(),
    };
    let met = ATTACKS.iter().map(|(name, _)| {
        let mut puppet = Puppet::with(&launcher, &policy);
        puppet.order(&Order::Attack((*name).to_owned(), targets.clone()));
        (
            (*name).to_owned(),
            met(puppet.finding().ok_or_else(|| puppet.exit().cause)),
        )
    });
    expected::compare("", footing(&launcher), met);
    let secret = fs_err::read_to_string(site.path("ws/secret")).unwrap();
    assert_eq!(secret, "treasure");
    let readable = fs_err::read_to_string(site.path("ws/docs/readme")).unwrap();
    assert_eq!(readable, "documentation");
    // Without a process namespace a worker is ended that writes a file too large, before it can remove it.
    if site.path("ws/out/large").exists() {
        fs_err::remove_file(site.path("ws/out/large")).unwrap();
    }
    assert_eq!(fs_err::read_dir(site.path("ws/out")).unwrap().count(), 0);
}

/// The machine, as the matrix calls it.
fn footing(launcher: &Launcher) -> &'static str {
    match (launcher.rung(), launcher.landlock_abi()) {
        (Rung::Full, _) => "full",
        (Rung::Reduced | Rung::None, Some(_)) => "no-namespaces",
        (Rung::Reduced | Rung::None, None) => "no-landlock",
    }
}

/// What an attack met: an error's name, the end of the worker, or nothing at all.
fn met(finding: Result<Finding, ExitCause>) -> String {
    match finding {
        Ok(Ok(_)) => "OPEN".to_owned(),
        Ok(Err(errno)) => expected::name(errno),
        Err(ExitCause::ForbiddenCall | ExitCause::Signal(_)) => "ends".to_owned(),
        Err(cause) => cause.to_string(),
    }
}

pub(crate) fn doctor() {
    let scratch = tempfile::tempdir().unwrap();
    let report = probe(&std::env::current_exe().unwrap(), scratch.path());
    assert_eq!(report.failure, None);
    assert_eq!(report.attacks.len(), Attack::ALL.len());
    let machine = match (report.rung, &report.obstacle) {
        (Rung::Full, _) => "full",
        (_, Some(_)) => "no-namespaces",
        (_, None) => "no-landlock",
    };
    let met = report.attacks.iter().map(|attack| {
        let met = match attack.outcome {
            Outcome::Succeeded => "OPEN".to_owned(),
            Outcome::Refused { error } => expected::name(error.raw()),
        };
        let name = attack.attack.key().replacen("attack-", "doctor/", 1);
        (name, met)
    });
    expected::compare("doctor/", machine, met);
    assert_eq!(fs_err::read_dir(scratch.path()).unwrap().count(), 0);
}

fn no_launcher() {
    let scratch = tempfile::tempdir().unwrap();
    for (program, expected) in [
        ("/bin/true", "does not work as a launcher"),
        ("/nowhere/at/all", "cannot be started"),
    ] {
        let report = probe(Path::new(program), scratch.path());
        assert_eq!(report.rung, Rung::None);
        let reason = report.failure.as_ref().map(SandboxError::reason).unwrap();
        assert!(reason.contains(expected), "{reason}");
    }
}
