//! Lives and deaths of workers.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Mutex;

use mycelium_sandbox::ExitCause;
use mycelium_sandbox::SandboxError;

use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("fifty_workers_live_at_once", fifty),
    ("a_worker_is_never_used_twice", no_reuse),
    ("a_dropped_worker_is_killed", dropped),
    ("each_end_has_its_cause", causes),
    ("no_worker_holds_anothers_socket", sockets),
    (
        "a_failed_assignment_leaves_the_launcher_working",
        failed_assignment,
    ),
];

fn fifty() {
    let launcher = start();
    let site = Site::new();
    let policy = site.policy();
    let pids = Mutex::new(BTreeSet::new());
    let puppets = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let puppet = Puppet::with(&launcher, &policy);
                    pids.lock().unwrap().insert(puppet.worker.pid());
                    puppets.lock().unwrap().push(puppet);
                }
            });
        }
    });
    let mut puppets = puppets.into_inner().unwrap();
    assert_eq!(pids.into_inner().unwrap().len(), 50);
    for (number, puppet) in puppets.iter_mut().enumerate() {
        let text = number.to_string();
        assert_eq!(puppet.tell(&Order::Echo(text.clone())), Ok(text));
    }
}

fn no_reuse() {
    let launcher = start();
    let site = Site::new();
    let policy = site.policy();
    let mut puppet = Puppet::with(&launcher, &policy);
    assert_eq!(
        launcher.assign(&puppet.worker, &policy).unwrap_err(),
        SandboxError::AlreadyAssigned
    );
    let again = puppet.tell(&Order::Restrict(Box::new(policy)));
    assert_eq!(again, Ok("AlreadyRestricted".into()));
}

fn dropped() {
    let launcher = start();
    let mut puppet = Puppet::warm(&launcher);
    puppet.tell(&Order::Echo("here".into())).unwrap();
    let pidfd = puppet.worker.pidfd().try_clone_to_owned().unwrap();
    drop(puppet);
    let mut wait = [rustix::event::PollFd::new(
        &pidfd,
        rustix::event::PollFlags::IN,
    )];
    assert_eq!(rustix::event::poll(&mut wait, None), Ok(1));
}

fn causes() {
    let launcher = start();
    let site = Site::new();
    for (order, cause) in [
        (Order::Return(0), ExitCause::Returned(0)),
        (Order::Return(9), ExitCause::Returned(9)),
        // The first process of a namespace has no signal it did not ask for: the abort becomes a fault.
        (Order::Abort, ExitCause::Signal(libc::SIGSEGV)),
    ] {
        let mut puppet = Puppet::with(&launcher, &site.policy());
        puppet.order(&order);
        assert_eq!(puppet.exit().cause, cause, "{order:?}");
    }
}

fn sockets() {
    let launcher = start();
    let mut worker = launcher.spawn().unwrap();
    let mut socket = worker.take_socket().unwrap();
    let mut other = Puppet::warm(&launcher);
    worker.kill();
    // If the other worker held the killed one's end, this would wait for ever.
    assert_eq!(socket.read(&mut [0]).unwrap(), 0);
    other.tell(&Order::Echo("alive".into())).unwrap();
}

fn failed_assignment() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.skill_root = site.path("nowhere");
    let puppet = Puppet::warm(&launcher);
    assert!(matches!(
        launcher.assign(&puppet.worker, &policy),
        Err(SandboxError::Refused { .. })
    ));
    let mut next = Puppet::with(&launcher, &site.policy());
    assert_eq!(next.tell(&Order::Echo("next".into())), Ok("next".into()));
}
