//! Attacks, all of which must fail in the way they are meant to.

use std::net::TcpListener;
use std::net::UdpSocket;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::os::unix::net::UnixListener;
use std::path::Path;

use mycelium_policy::CommandGrant;
use mycelium_policy::ProgramPolicy;
use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
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
use super::programs::linker;
use crate::Test;
use crate::kernel::ATTACKS;
use crate::kernel::Targets;

pub(crate) const TESTS: &[Test] = &[
    ("every_attack_gets_its_exact_answer", matrix),
    (
        "every_attack_of_a_program_gets_its_exact_answer",
        matrix_of_programs,
    ),
    ("every_attack_of_doctor_gets_its_exact_answer", doctor),
    ("doctor_reports_a_program_that_is_no_launcher", no_launcher),
];

/// What the attacks aim at, and what is granted beside it.
struct Scene {
    site: Site,
    targets: Targets,
    policy: SandboxPolicy,
    /// What listens where nobody may connect.
    _servers: (TcpListener, UdpSocket, [UnixListener; 3], UnixDatagram),
}

impl Scene {
    fn new(launcher: &Launcher) -> Self {
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
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let udp = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        let name = site.path("").into_os_string().into_encoded_bytes();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let locals = [
            UnixListener::bind_addr(&address).unwrap(),
            UnixListener::bind(site.path("ws/service")).unwrap(),
            UnixListener::bind(site.path("ws/out/service")).unwrap(),
        ];
        let datagrams = UnixDatagram::bind(site.path("ws/docs/datagrams")).unwrap();
        Self {
            targets: Targets {
                file: site.path("ws/secret"),
                readable: site.path("ws/docs/readme"),
                writable: site.path("ws/out"),
                process: std::process::id(),
                port,
                name,
            },
            site,
            policy,
            _servers: (tcp, udp, locals, datagrams),
        }
    }

    /// Fails unless everything is as it was.
    fn assert_untouched(&self) {
        let site = &self.site;
        let secret = fs_err::read_to_string(site.path("ws/secret")).unwrap();
        assert_eq!(secret, "treasure");
        let readable = fs_err::read_to_string(site.path("ws/docs/readme")).unwrap();
        assert_eq!(readable, "documentation");
        // A program that writes a file too large is ended before it can remove it, and so is a worker without a
        // process namespace.
        let mut left: Vec<_> = fs_err::read_dir(site.path("ws/out"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "large")
            .collect();
        left.sort();
        assert_eq!(left, ["service"]);
    }
}

pub(crate) fn matrix() {
    let launcher = start();
    let scene = Scene::new(&launcher);
    let met = ATTACKS.iter().map(|(name, _)| {
        let mut puppet = Puppet::with(&launcher, &scene.policy);
        puppet.order(&Order::Attack((*name).to_owned(), scene.targets.clone()));
        (
            (*name).to_owned(),
            met(puppet.finding().ok_or_else(|| puppet.exit().cause)),
        )
    });
    expected::compare("", footing(&launcher), met);
    scene.assert_untouched();
}

/// The same by a program of its own, which starts after the worker's last own code: without and with a permission
/// to start others.
fn matrix_of_programs() {
    let launcher = start();
    let mut scene = Scene::new(&launcher);
    let program = scene.site.path("ws/skills/sample/program");
    fs_err::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut own = vec![program.clone()];
    own.extend(linker());
    let commands = vec![CommandGrant {
        declared: "true".to_owned(),
        files: vec![Path::new("/bin/true").canonicalize().unwrap()],
    }];
    for (machine, commands, processes) in [("program", Vec::new(), 0), ("parent", commands, 4)] {
        scene.policy.limits.processes = processes;
        let policy = ProgramPolicy {
            own: own.clone(),
            installation: Vec::new(),
            commands,
        };
        let children = policy.child_processes();
        scene.policy.program = Some(policy);
        let met = ATTACKS.iter().map(|(name, _)| {
            let mut puppet = Puppet::program(&launcher, &scene.policy);
            puppet.order(&Order::AttackByProgram(
                program.clone(),
                children,
                (*name).to_owned(),
                scene.targets.clone(),
            ));
            (
                (*name).to_owned(),
                met(puppet.finding().ok_or_else(|| puppet.exit().cause)),
            )
        });
        expected::compare("", machine, met);
        scene.assert_untouched();
    }
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
