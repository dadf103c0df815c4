//! What is answered, by whom, and what when nobody does.

use std::collections::HashSet;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::time::Duration;

use mycelium_policy::ProgramPolicy;
use mycelium_policy::SandboxPolicy;
use rustix::thread::set_no_new_privs;

use super::*;
use crate::attempt::AttemptKind;
use crate::filter::Listening;
use crate::filter::PROGRAM;
use crate::filter::compile;
use crate::question;

const PATIENCE: Duration = Duration::from_secs(30);

fn policy() -> SandboxPolicy {
    SandboxPolicy {
        program: Some(ProgramPolicy::default()),
        ..crate::plan::sample("/nowhere".as_ref())
    }
}

/// A thread that has a program's filter.
struct Caller {
    turns: Sender<()>,
    results: Receiver<Result<(), Errno>>,
    thread: JoinHandle<()>,
}

impl Caller {
    /// Starts it, with what its filter tells.
    fn start() -> (Self, OwnedFd) {
        let (listeners, listener) = channel();
        let (turns, turn) = channel::<()>();
        let (sender, results) = channel();
        let thread = std::thread::spawn(move || {
            set_no_new_privs(true).unwrap();
            let told = question::load_filter(&compile(&PROGRAM, Listening::Yes)).unwrap();
            listeners.send(told.into_descriptor()).unwrap();
            while turn.recv().is_ok() {
                let opened = rustix::fs::open(
                    "/etc/passwd",
                    rustix::fs::OFlags::WRONLY,
                    rustix::fs::Mode::empty(),
                );
                sender.send(opened.map(drop)).unwrap();
                sender.send(rustix::process::chroot("/")).unwrap();
            }
        });
        let caller = Self {
            turns,
            results,
            thread,
        };
        (caller, listener.recv().unwrap())
    }

    /// What it finds when it opens a file and does something privileged.
    fn turn(&self) -> [Result<(), i32>; 2] {
        self.turns.send(()).unwrap();
        [(); 2].map(|()| {
            let result = self.results.recv_timeout(PATIENCE).unwrap();
            result.map_err(Errno::raw_os_error)
        })
    }

    fn end(self) {
        drop(self.turns);
        self.thread.join().unwrap();
    }
}

/// In no order: while a worker moves over, two may judge.
fn told(attempts: &Attempts) -> HashSet<(AttemptKind, String)> {
    let kept = attempts.take(PATIENCE).kept.into_iter();
    kept.map(|attempt| (attempt.kind, attempt.attempted))
        .collect()
}

fn both() -> HashSet<(AttemptKind, String)> {
    HashSet::from([
        (AttemptKind::Write, "/etc/passwd".to_owned()),
        (AttemptKind::Privilege, "chroot".to_owned()),
    ])
}

#[test]
fn what_is_told_is_noted_and_answered_and_fails_when_nobody_listens_any_more() {
    let (caller, listener) = Caller::start();
    let service = AttemptService::start().unwrap();
    let attempts = service.add(1, WorkerKind::Program, listener).unwrap();
    attempts.begin(&policy());
    let [opened, privileged] = caller.turn();
    assert_ne!(opened, Err(libc::ENOSYS), "the kernel decides");
    assert_eq!(privileged, Err(libc::EPERM));
    assert_eq!(told(&attempts), both());
    drop(service);
    assert_eq!(caller.turn(), [Err(libc::ENOSYS); 2]);
    caller.end();
}

#[test]
fn a_worker_that_comes_after_others_is_answered_by_others_and_may_come_back() {
    let (caller, listener) = Caller::start();
    let service = AttemptService::start().unwrap();
    let attempts = service.add(1, WorkerKind::Program, listener).unwrap();
    attempts.begin(&policy());
    let threads = || {
        let threads = service.shared.threads.lock().unwrap();
        threads.len()
    };
    assert_eq!(threads(), 2);
    for (precedence, answering) in [
        (Precedence::Normal, 2),
        (Precedence::Aside, 4),
        (Precedence::Normal, 4),
        (Precedence::Aside, 4),
    ] {
        attempts.place(precedence);
        for _ in 0..100 {
            let [opened, privileged] = caller.turn();
            assert_ne!(opened, Err(libc::ENOSYS), "{precedence:?}");
            assert_eq!(privileged, Err(libc::EPERM), "{precedence:?}");
        }
        assert_eq!(told(&attempts), both(), "{precedence:?}");
        assert_eq!(threads(), answering, "{precedence:?}");
    }
    drop(service);
    assert_eq!(caller.turn(), [Err(libc::ENOSYS); 2]);
    caller.end();
}

#[test]
fn a_listener_that_comes_too_late_is_closed() {
    let service = AttemptService::start().unwrap();
    let shared = Arc::clone(&service.shared);
    drop(Closing(&shared));
    let (end, listener) = rustix::pipe::pipe().unwrap();
    service.add(1, WorkerKind::Program, listener).unwrap();
    assert_eq!(rustix::io::read(&end, &mut [0]), Ok(0));
}
