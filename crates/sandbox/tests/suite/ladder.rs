//! Machines on which less than everything holds: what holds there all the same, and that it is told.

use mycelium_policy::Rung;
use mycelium_sandbox::DoctorReport;
use mycelium_sandbox::Footing;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::Layer;
use mycelium_sandbox::NetworkPorts;
use mycelium_sandbox::Note;
use mycelium_sandbox::Remedy;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::probe;
use mycelium_types::FileAccess;

use super::attacks;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use super::machine::Lack;
use super::machine::OLDEST_LANDLOCK;
use crate::Test;

/// The tests for each machine.
pub(crate) const MACHINES: &[(&[Lack], &[Test])] = &[
    (&[Lack::Namespaces], WITHOUT_NAMESPACES),
    (&[Lack::Landlock], WITHOUT_LANDLOCK),
    (&[Lack::NewerLandlock], WITH_OLD_LANDLOCK),
    (
        &[Lack::Namespaces, Lack::NewerLandlock],
        WITH_OLD_LANDLOCK_ALONE,
    ),
    (&[Lack::Namespaces, Lack::Landlock], WITHOUT_BOTH),
    (&[Lack::Namespaces, Lack::Questions], WITHOUT_QUESTIONS),
    (&[Lack::Questions], WHOLE_WITHOUT_QUESTIONS),
    (&[Lack::Proc], WITHOUT_PROC),
];

const WITHOUT_NAMESPACES: &[Test] = &[
    ("every_attack_gets_its_exact_answer", attacks::matrix),
    (
        "every_attack_of_doctor_gets_its_exact_answer",
        attacks::doctor,
    ),
    ("a_worker_says_what_is_not_enforced", bare_worker),
    ("files_are_used_as_they_are_granted", bare_files),
    (
        "a_skill_that_needs_more_is_refused_with_the_reason",
        needs_more,
    ),
    ("there_is_no_network_of_its_own_and_so_none", no_network),
    ("a_program_of_its_own_is_refused", no_programs),
    ("doctor_knows_what_would_help", remedies),
];

const WITHOUT_LANDLOCK: &[Test] = &[
    ("every_attack_gets_its_exact_answer", attacks::matrix),
    (
        "every_attack_of_doctor_gets_its_exact_answer",
        attacks::doctor,
    ),
    (
        "a_worker_says_what_is_not_enforced",
        worker_without_landlock,
    ),
    (
        "a_skill_that_needs_more_is_refused_with_the_reason",
        needs_more,
    ),
    ("a_program_of_its_own_is_refused", no_programs),
];

const WITH_OLD_LANDLOCK: &[Test] = &[
    ("every_attack_gets_its_exact_answer", attacks::matrix),
    (
        "every_attack_of_doctor_gets_its_exact_answer",
        attacks::doctor,
    ),
    (
        "a_worker_says_what_is_not_enforced",
        worker_with_old_landlock,
    ),
];

const WITH_OLD_LANDLOCK_ALONE: &[Test] = &[(
    "there_is_no_sandbox_and_the_reason_is_told",
    too_old_to_hold_alone,
)];

const WITHOUT_BOTH: &[Test] = &[("there_is_no_sandbox_and_the_reason_is_told", nothing_holds)];

const WITHOUT_QUESTIONS: &[Test] = &[("there_is_no_sandbox_and_the_reason_is_told", no_questions)];

const WHOLE_WITHOUT_QUESTIONS: &[Test] = &[
    ("everything_holds", everything_holds),
    (
        "doctor_says_that_nobody_hears_of_refusals",
        nobody_hears_of_refusals,
    ),
];

const WITHOUT_PROC: &[Test] = &[
    ("everything_else_holds", no_proc),
    ("doctor_knows_what_would_help", proc_can_be_uncovered),
    (
        "every_attack_of_doctor_gets_its_exact_answer",
        attacks::doctor,
    ),
];

fn bare_worker() {
    let launcher = start();
    assert_eq!(launcher.rung(), Rung::Reduced);
    let site = Site::new();
    let mut policy = site.policy();
    policy.required_rung = Rung::Reduced;
    let mut puppet = Puppet::warm(&launcher);
    launcher.assign(&puppet.worker, &policy).unwrap();
    let report = puppet.restrict(&policy);
    assert_eq!(report.rung, Rung::Reduced);
    assert!(!report.layers.contains(&Layer::Namespaces));
    assert!(report.notes.contains(&Note::NoNamespaces));
    assert!(report.shortfall().contains("no namespaces"));
}

fn bare_files() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.required_rung = Rung::Reduced;
    policy.data = Some(site.path("data"));
    policy.paths = vec![
        site.grant("ws/docs", FileAccess::Read),
        site.grant("ws/out", FileAccess::Write),
    ];
    let mut puppet = Puppet::with(&launcher, &policy);
    let nothing = || Ok(String::new());
    let read = |path| Order::Read(site.path(path));
    let write = |path| Order::Write(site.path(path), "made inside".into());
    assert_eq!(
        puppet.tell(&read("ws/docs/readme")),
        Ok("documentation".into())
    );
    assert_eq!(
        puppet.tell(&read("ws/skills/sample/index.js")),
        Ok("code".into())
    );
    assert_eq!(puppet.tell(&read("ws/secret")), Err(libc::EACCES));
    assert_eq!(puppet.tell(&write("ws/out/new")), nothing());
    assert_eq!(puppet.tell(&read("ws/out/new")), Ok("made inside".into()));
    assert_eq!(puppet.tell(&write("data/state")), nothing());
    assert_eq!(puppet.tell(&write("ws/docs/new")), Err(libc::EACCES));
    assert_eq!(
        puppet.tell(&Order::List(site.path("ws/docs"))),
        Ok("readme".into())
    );
    let size = |path| Order::Size(site.path(path));
    assert_eq!(puppet.tell(&size("ws/docs/readme")), Ok("13".into()));
    assert_eq!(puppet.tell(&size("ws/docs/none")), Err(libc::ENOENT));
    assert_eq!(puppet.tell(&size("ws/secret")), Err(libc::ENOENT));
    // A folder above a granted one is there, and shows nothing of itself.
    let above = puppet.tell(&size("ws")).unwrap();
    assert_eq!(above, fs_err::metadata("/").unwrap().len().to_string());
    // Relative names start from the workspace.
    assert_eq!(
        puppet.tell(&Order::Size("docs/readme".into())),
        Ok("13".into())
    );
    assert_eq!(
        puppet.tell(&Order::Size("secret".into())),
        Err(libc::ENOENT)
    );
    // A link inside is followed as long as it stays inside.
    fs_err::os::unix::fs::symlink("new", site.path("ws/out/near")).unwrap();
    fs_err::os::unix::fs::symlink("../secret", site.path("ws/out/far")).unwrap();
    assert_eq!(puppet.tell(&size("ws/out/near")), Ok("11".into()));
    assert_eq!(puppet.tell(&size("ws/out/far")), Err(libc::ENOENT));
}

fn worker_without_landlock() {
    let launcher = start();
    assert_eq!(
        (launcher.rung(), launcher.landlock_abi()),
        (Rung::Reduced, None)
    );
    let site = Site::new();
    let mut policy = site.policy();
    policy.required_rung = Rung::Reduced;
    let mut puppet = Puppet::warm(&launcher);
    launcher.assign(&puppet.worker, &policy).unwrap();
    let report = puppet.restrict(&policy);
    assert_eq!(report.rung, Rung::Reduced);
    assert!(report.layers.contains(&Layer::Namespaces));
    assert!(report.notes.contains(&Note::NoLandlock));
}

fn worker_with_old_landlock() {
    let abi = OLDEST_LANDLOCK as i32;
    let launcher = start();
    assert_eq!(
        (launcher.rung(), launcher.landlock_abi()),
        (Rung::Full, Some(abi))
    );
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/out", FileAccess::Write)];
    let mut puppet = Puppet::warm(&launcher);
    launcher.assign(&puppet.worker, &policy).unwrap();
    let report = puppet.restrict(&policy);
    assert_eq!(report.rung, Rung::Full);
    assert!(report.layers.contains(&Layer::Landlock { abi }));
    assert!(report.notes.contains(&Note::OldLandlock { abi }));
    let write = |path| Order::Write(site.path(path), "made inside".into());
    assert_eq!(puppet.tell(&write("ws/out/new")), Ok(String::new()));
    assert_eq!(
        puppet.tell(&write("ws/skills/sample/new")),
        Err(libc::EROFS)
    );
}

fn too_old_to_hold_alone() {
    let error = try_to_start().unwrap_err();
    assert!(
        error.reason().contains("Operation not permitted"),
        "{error:?}"
    );
    let scratch = tempfile::tempdir().unwrap();
    let report = probe(&std::env::current_exe().unwrap(), scratch.path());
    assert_eq!(report.rung, Rung::None);
    assert_eq!(report.landlock_abi, Some(OLDEST_LANDLOCK as i32));
}

fn needs_more() {
    let launcher = start();
    let site = Site::new();
    let policy = site.policy();
    let puppet = Puppet::warm(&launcher);
    let error = launcher.assign(&puppet.worker, &policy).unwrap_err();
    let SandboxError::RungTooLow {
        required: Rung::Full,
        available: Rung::Reduced,
        reason,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(!reason.is_empty());
    let report = mycelium_types::ErrorReport::from(error.clone());
    assert_eq!(report.code, mycelium_types::ErrorCode::SandboxUnavailable);
}

fn no_network() {
    let launcher = start();
    let puppet = Puppet::warm(&launcher);
    let ports = NetworkPorts {
        direct: vec![443],
        ..NetworkPorts::default()
    };
    let error = launcher.open_network(&puppet.worker, ports).unwrap_err();
    assert!(
        matches!(error, SandboxError::RungTooLow { .. }),
        "{error:?}"
    );
}

fn no_programs() {
    let launcher = start();
    assert_eq!(
        launcher.spawn_program().unwrap_err(),
        SandboxError::NoPrograms
    );
    // The launcher goes on.
    let site = Site::new();
    let mut policy = site.policy();
    policy.required_rung = Rung::Reduced;
    Puppet::with(&launcher, &policy);
}

fn nothing_holds() {
    let error = try_to_start().unwrap_err();
    assert!(
        error.reason().contains("Operation not permitted"),
        "{error:?}"
    );
    let scratch = tempfile::tempdir().unwrap();
    let report = probe(&std::env::current_exe().unwrap(), scratch.path());
    assert_eq!(report.rung, Rung::None);
    assert_eq!(report.failure, Some(error));
    assert!(report.remedies.contains(&Remedy::EnableLandlock));
}

fn no_questions() {
    assert_eq!(try_to_start().unwrap_err(), SandboxError::NoQuestions);
}

fn everything_holds() {
    assert_eq!(start().rung(), Rung::Full);
}

fn nobody_hears_of_refusals() {
    let report = probed();
    let sandbox = report.sandbox.unwrap();
    assert!(sandbox.notes.contains(&Note::Coarse), "{sandbox:?}");
    assert!(report.remedies.contains(&Remedy::StopInterception));
}

fn no_proc() {
    let launcher = start();
    assert_eq!(launcher.rung(), Rung::Full);
    let site = Site::new();
    let mut puppet = Puppet::warm(&launcher);
    launcher.assign(&puppet.worker, &site.policy()).unwrap();
    let report = puppet.restrict(&site.policy());
    assert_eq!(report.rung, Rung::Full);
    assert!(report.notes.contains(&Note::NoProc));
    assert_eq!(puppet.tell(&Order::List("/proc".into())), Err(libc::EACCES));
}

fn proc_can_be_uncovered() {
    let report = probed();
    let sandbox = report.sandbox.unwrap();
    assert!(sandbox.notes.contains(&Note::NoProc), "{sandbox:?}");
    assert!(report.remedies.contains(&Remedy::UncoverProc));
}

fn remedies() {
    let report = probed();
    assert_eq!(report.rung, Rung::Reduced);
    assert_eq!(report.failure, None);
    let obstacle = report.obstacle.unwrap().reason();
    assert!(obstacle.contains("namespaces"), "{obstacle}");
    let sandbox = report.sandbox.unwrap();
    assert!(sandbox.notes.contains(&Note::NoNamespaces));
    assert!(!report.remedies.contains(&Remedy::StopInterception));
    assert_ne!(Footing::Bare.rung(report.landlock_abi), Rung::Full);
}

fn probed() -> DoctorReport {
    let scratch = tempfile::tempdir().unwrap();
    probe(&std::env::current_exe().unwrap(), scratch.path())
}

fn try_to_start() -> Result<Launcher, SandboxError> {
    Launcher::start(&LauncherOptions::new(std::env::current_exe().unwrap()))
}
