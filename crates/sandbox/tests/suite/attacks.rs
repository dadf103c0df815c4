//! Attacks, all of which must fail in the way they are meant to.

use std::path::Path;

use mycelium_policy::Rung;
use mycelium_sandbox::Attack;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Outcome;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::probe;
use mycelium_types::FileAccess;

use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use super::matrix::ATTACKS;
use super::matrix::Targets;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("every_attack_gets_its_exact_answer", matrix),
    ("doctor_finds_that_everything_holds", doctor),
    ("doctor_reports_a_program_that_is_no_launcher", no_launcher),
    ("a_foreign_system_call_ends_the_worker", foreign_call),
];

fn matrix() {
    let launcher = start();
    let site = Site::new();
    fs_err::create_dir_all(site.path("ws/skills/other")).unwrap();
    fs_err::write(site.path("ws/skills/other/index.js"), "other").unwrap();
    let mut policy = site.policy();
    policy.paths = vec![
        site.grant("ws/docs", FileAccess::Read),
        site.grant("ws/out", FileAccess::Write),
    ];
    let mut puppet = Puppet::with(&launcher, &policy);
    let targets = Targets {
        file: site.path("ws/secret"),
        readable: site.path("ws/docs/readme"),
        writable: site.path("ws/out"),
        process: std::process::id(),
    };
    let mut wrong = Vec::new();
    for (name, _, answer) in ATTACKS {
        let finding = puppet.tell(&Order::Attack((*name).to_owned(), targets.clone()));
        if finding != Err(*answer) {
            wrong.push(format!("{name}: {finding:?}, not {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let secret = fs_err::read_to_string(site.path("ws/secret")).unwrap();
    assert_eq!(secret, "treasure");
    let readable = fs_err::read_to_string(site.path("ws/docs/readme")).unwrap();
    assert_eq!(readable, "documentation");
    assert_eq!(fs_err::read_dir(site.path("ws/out")).unwrap().count(), 0);
}

fn doctor() {
    let scratch = tempfile::tempdir().unwrap();
    let report = probe(&std::env::current_exe().unwrap(), scratch.path());
    assert_eq!(report.failure, None);
    let succeeded: Vec<_> = report
        .attacks
        .iter()
        .filter(|attack| attack.outcome == Outcome::Succeeded)
        .collect();
    assert!(succeeded.is_empty(), "{succeeded:?}");
    assert_eq!(report.attacks.len(), Attack::ALL.len());
    assert_eq!(report.rung, Rung::Full);
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

fn foreign_call() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &site.policy());
    puppet.order(&Order::ForeignCall);
    assert_eq!(puppet.exit().cause, ExitCause::ForbiddenCall);
}
