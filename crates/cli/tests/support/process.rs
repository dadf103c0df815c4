//! A process that a test waits for.

use std::os::fd::OwnedFd;

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

/// A process that runs, whatever has its number afterwards.
pub(crate) struct Process(OwnedFd);

impl Process {
    /// The worker of a skill, of which there is one.
    pub(crate) fn worker(test: &TestEnvironment, skill: &str) -> Self {
        let report = test.run(&["ps", "--json"]).expect(0).json();
        let mut instances = report["instances"].as_array().unwrap().iter();
        let instance = instances.find(|instance| instance["skill"] == skill);
        let number = instance.unwrap_or_else(|| panic!("{report}"))["pid"].as_i64();
        let pid = Pid::from_raw(i32::try_from(number.unwrap()).unwrap()).unwrap();
        Self(rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn wait(&self) {
        let mut end = [PollFd::new(&self.0, PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut end, Some(&PATIENCE)), Ok(1));
    }
}
