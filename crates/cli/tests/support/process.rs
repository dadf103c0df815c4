//! A process that a test waits for.

use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::process::Pid;
use rustix::process::PidfdFlags;

use super::TestEnvironment;

/// How long an end is waited for.
const PATIENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};

/// Looks until what is seen is what is waited for, or a minute is over.
pub(crate) fn until<T>(mut look: impl FnMut() -> T, is_it: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = look();
        if is_it(&seen) || Instant::now() > end {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A process that runs, whatever has its number afterwards.
pub(crate) struct Process(OwnedFd);

impl Process {
    /// The worker of a skill, of which there is one.
    pub(crate) fn worker(test: &TestEnvironment, skill: &str) -> Self {
        let worker = Self::find(test, skill);
        worker.unwrap_or_else(|| panic!("{skill} has no worker"))
    }

    /// The worker of a skill, if there is one.
    pub(crate) fn find(test: &TestEnvironment, skill: &str) -> Option<Self> {
        let report = test.run(&["ps", "--json"]).expect(0).json();
        let mut instances = report["instances"].as_array().unwrap().iter();
        let instance = instances.find(|instance| instance["skill"] == skill)?;
        let pid = i32::try_from(instance["pid"].as_i64().unwrap()).unwrap();
        // It may have ended meanwhile.
        let process = rustix::process::pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty());
        process.ok().map(Self)
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn wait(&self) {
        let mut end = [PollFd::new(&self.0, PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut end, Some(&PATIENCE)), Ok(1));
    }
}
