//! Workers that have ended, take too long to begin, or are to end.

use std::time::Duration;
use std::time::Instant;

use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::process::Pid;

use crate::Operation;
use crate::SandboxError;
use crate::cgroup::Cgroup;
use crate::launcher::host::BURIAL_LIMIT;
use crate::launcher::host::Host;
use crate::launcher::host::Hosted;
use crate::launcher::host::SETUP_LIMIT;
use crate::launcher::host::Stage;
use crate::launcher::host::Stop;
use crate::launcher::host::kill;
use crate::syscall;
use crate::syscall::Reaped;
use crate::wire::Reply;

impl Host {
    pub(super) fn take_signals(&mut self) -> Result<(), Stop> {
        match syscall::read_signals(&self.parts.signals) {
            Ok(signals) if signals.contains(&libc::SIGTERM) => Err(Stop::Done),
            Ok(_) => self.bury(),
            Err(_) => Err(Stop::Failed),
        }
    }

    /// Takes leave of the workers, and whatever else was left to the launcher, that have ended.
    fn bury(&mut self) -> Result<(), Stop> {
        while let Some(dead) = syscall::reap() {
            let Some(number) = self.number_of(dead.pid) else {
                continue;
            };
            // Its last word may not have been heard yet.
            self.hear(number)?;
            let reply = self.close(number, &dead);
            self.say(&reply, &[])?;
        }
        Ok(())
    }

    fn number_of(&self, pid: Pid) -> Option<u64> {
        self.workers
            .iter()
            .find(|(_, worker)| worker.pid == pid)
            .map(|(number, _)| *number)
    }

    fn close(&mut self, number: u64, dead: &Reaped) -> Reply {
        let cgroup = self
            .workers
            .remove(&number)
            .and_then(|worker| worker.cgroup);
        let out_of_memory = cgroup.as_ref().is_some_and(Cgroup::ran_out_of_memory);
        if let Some(cgroup) = cgroup {
            cgroup.remove();
        }
        Reply::Ended {
            worker: number,
            ending: dead.ending,
            out_of_memory,
            cpu_time: dead.cpu_time,
            peak_memory: dead.peak_memory,
        }
    }

    /// How long nothing needs to be done unless something happens.
    pub(super) fn patience(&self) -> Option<Timespec> {
        let next = self.workers.values().filter_map(Hosted::deadline).min()?;
        Timespec::try_from(next.saturating_duration_since(Instant::now())).ok()
    }

    pub(super) fn give_up_late_ones(&mut self) -> Result<(), Stop> {
        let now = Instant::now();
        for worker in self.workers.values_mut() {
            if worker.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            kill(&worker.pidfd);
            if let Stage::Setup(setup) = std::mem::replace(&mut worker.stage, Stage::Used) {
                let _ = epoll::delete(&self.queue, &setup.channel);
                let error = SandboxError::TimedOut {
                    operation: Operation::Spawn,
                    limit_ms: SETUP_LIMIT.as_millis() as u64,
                };
                let reply = Reply::Failed {
                    request: setup.request,
                    error,
                };
                self.control.send(&reply, &[])?;
            }
        }
        Ok(())
    }

    /// Ends every worker, and waits until they have.
    pub(super) fn bury_all(&mut self) {
        for worker in self.workers.values() {
            kill(&worker.pidfd);
        }
        let deadline = Instant::now() + BURIAL_LIMIT;
        while !self.workers.is_empty() && Instant::now() < deadline {
            match syscall::reap() {
                Some(dead) => {
                    if let Some(number) = self.number_of(dead.pid) {
                        self.close(number, &dead);
                    }
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}
