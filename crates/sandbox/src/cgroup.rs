//! One control group for each worker, where the surroundings let us make them.
//!
//! A control group counts memory exactly, and says when it was the reason for a worker's end. Groups of
//! version 2 also count the processor time of everybody who was ever in them; where memory is counted by
//! version 1, a worker that may have children is in one of each. Its
//! name carries the launcher's process id, so that whoever comes later can tell whether the launcher
//! is still there and clean up if not.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::mkdir;
use rustix::fs::openat;
use rustix::io::Errno;
use rustix::process::Pid;

use crate::CgroupVersion;
use crate::SandboxError;
use crate::Step;
use crate::WorkerKind;
use crate::kernel_file;
use crate::wire::CgroupPlace;

/// How the name of every control group of ours begins.
const NAME: &str = "mycelium-";

/// What a group of version 2 says about processor time, whatever controllers it has.
const TIMES: &str = "cpu.stat";

/// Finds a place for the control groups of the launcher with process id `launcher`.
pub(crate) fn find(launcher: Pid) -> Option<CgroupPlace> {
    let membership = kernel_file::read("/proc/self/cgroup").ok()?;
    let mounts = kernel_file::read("/proc/self/mountinfo").ok()?;
    let prefix = format!("{NAME}{}-", launcher.as_raw_pid());
    let found = candidates(&membership, &mounts);
    let (version, base) = (found.iter())
        .find(|(version, base)| works(base, &prefix, limit_file(*version)))?
        .clone();
    let times = match version {
        CgroupVersion::V1 => found
            .iter()
            .filter(|(version, _)| *version == CgroupVersion::V2)
            .find_map(|(_, base)| folder_for_times(base, &prefix)),
        CgroupVersion::V2 => works(&base, &prefix, TIMES).then(|| base.clone()),
    };
    Some(CgroupPlace {
        version,
        base,
        prefix,
        times,
    })
}

/// Makes a group in `base` for groups that count processor time. The topmost folder of version 2 lets only those
/// make any in it who have capabilities, as the launcher has now and not later.
fn folder_for_times(base: &Path, prefix: &str) -> Option<PathBuf> {
    let folder = base.join(format!("{prefix}times"));
    fs_err::create_dir(&folder).ok()?;
    if folder.join(TIMES).exists() {
        return Some(folder);
    }
    let _ = fs_err::remove_dir(folder);
    None
}

/// Whether a control group made in `base` has this file. Tried, because nothing else tells.
fn works(base: &Path, prefix: &str, file: &str) -> bool {
    let trial = base.join(format!("{prefix}trial"));
    let made = fs_err::create_dir(&trial).is_ok();
    let works = made && trial.join(file).exists();
    if made {
        let _ = fs_err::remove_dir(&trial);
    }
    works
}

fn limit_file(version: CgroupVersion) -> &'static str {
    match version {
        CgroupVersion::V1 => "memory.limit_in_bytes",
        CgroupVersion::V2 => "memory.max",
    }
}

/// Folders in which control groups for memory could be made: in our own one, and, because a group
/// of version 2 with processes in it has no children that count, beside it.
fn candidates(membership: &str, mounts: &str) -> Vec<(CgroupVersion, PathBuf)> {
    let mut found = Vec::new();
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(own)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let version = if controllers.is_empty() {
            CgroupVersion::V2
        } else if controllers.split(',').any(|name| name == "memory") {
            CgroupVersion::V1
        } else {
            continue;
        };
        let Some(folder) = locate(version, Path::new(own), mounts) else {
            continue;
        };
        match version {
            CgroupVersion::V1 => found.insert(0, (version, folder)),
            CgroupVersion::V2 => {
                found.push((version, folder.clone()));
                if let (Some(parent), true) = (folder.parent(), own != "/") {
                    found.push((version, parent.to_owned()));
                }
            }
        }
    }
    found
}

/// The folder of the group `own`, by the mount table (proc(5), `mountinfo`).
fn locate(version: CgroupVersion, own: &Path, mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, mount_point) = (place.next()?, place.next()?);
        let mut kind = kind.split(' ');
        let (filesystem, options) = (kind.next()?, kind.nth(1)?);
        let fits = match version {
            CgroupVersion::V1 => {
                filesystem == "cgroup" && options.split(',').any(|option| option == "memory")
            }
            CgroupVersion::V2 => filesystem == "cgroup2",
        };
        let below = fits.then(|| own.strip_prefix(root).ok())??;
        let mut folder = PathBuf::from(mount_point);
        folder.extend(below);
        Some(folder)
    })
}

/// The control group of one worker.
#[derive(Debug)]
pub(crate) struct Cgroup {
    version: CgroupVersion,
    folder: PathBuf,
    /// The group that counts processor time.
    times: Option<PathBuf>,
}

/// The way into a group.
///
/// Moving *another* process makes the kernel wait until every processor has passed through a quiet
/// state, which takes milliseconds. A process that moves itself, and one that is born into the group,
/// need not wait.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// The file that a group of version 1 is entered by.
    tasks: Option<OwnedFd>,
    /// The folder of a group of version 2, to be born into.
    folder: Option<OwnedFd>,
}

impl Entrance {
    /// The folder to be born into, if that is the way.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.folder.as_ref().map(AsFd::as_fd)
    }

    /// Moves the calling process, which has one thread, into the group that it was not born into.
    pub(crate) fn enter(&self) -> Result<(), SandboxError> {
        match &self.tasks {
            None => Ok(()),
            Some(tasks) => rustix::io::write(tasks, b"0")
                .map(drop)
                .map_err(SandboxError::step(Step::ControlGroup)),
        }
    }
}

impl Cgroup {
    /// Makes the group of the launcher's worker number `worker`. One alone has a clock of its own, so that
    /// nothing else needs to count its time.
    pub(crate) fn create(
        place: &CgroupPlace,
        worker: u64,
        kind: WorkerKind,
    ) -> Result<Self, SandboxError> {
        let name = format!("{}{worker}", place.prefix);
        let make = |folder: &Path| {
            mkdir(folder, Mode::from_raw_mode(0o755))
                .map_err(SandboxError::step_at(Step::ControlGroup, folder))
        };
        let mut group = Self {
            version: place.version,
            folder: place.base.join(&name),
            times: None,
        };
        make(&group.folder)?;
        let counted = place
            .times
            .as_ref()
            .filter(|_| kind == WorkerKind::Program)
            .map(|base| base.join(&name));
        if let Some(folder) = counted {
            if folder != group.folder
                && let Err(error) = make(&folder)
            {
                group.remove();
                return Err(error);
            }
            group.times = Some(folder);
        }
        Ok(group)
    }

    /// The file that says how much processor time was used in the group, if it is counted.
    pub(crate) fn times(&self) -> Option<PathBuf> {
        self.times.as_ref().map(|folder| folder.join(TIMES))
    }

    /// The way into the group.
    pub(crate) fn entrance(&self) -> Result<Entrance, SandboxError> {
        let open = |path: &Path, flags: OFlags| {
            openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty())
                .map_err(SandboxError::step_at(Step::ControlGroup, path))
        };
        let (tasks, folder) = match self.version {
            CgroupVersion::V1 => (Some(self.folder.join("tasks")), self.times.as_ref()),
            CgroupVersion::V2 => (None, Some(&self.folder)),
        };
        Ok(Entrance {
            tasks: tasks.map(|path| open(&path, OFlags::WRONLY)).transpose()?,
            folder: folder
                .map(|path| open(path, OFlags::PATH | OFlags::DIRECTORY))
                .transpose()?,
        })
    }

    /// Limits the group's memory; swapping is no way around it where the kernel counts it.
    pub(crate) fn limit(&self, bytes: u64) -> Result<(), SandboxError> {
        let bytes = bytes.to_string();
        let limit = self.folder.join(limit_file(self.version));
        kernel_file::write(&limit, &bytes)
            .map_err(SandboxError::step_at(Step::ControlGroup, limit))?;
        let (swap, most) = match self.version {
            CgroupVersion::V1 => ("memory.memsw.limit_in_bytes", bytes.as_str()),
            CgroupVersion::V2 => ("memory.swap.max", "0"),
        };
        match kernel_file::write(self.folder.join(swap), most) {
            // The kernel does not count swap.
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(SandboxError::step_at(Step::ControlGroup, swap)(errno)),
        }
    }

    /// Whether the kernel ended a process of the group because of its memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let file = match self.version {
            CgroupVersion::V1 => "memory.oom_control",
            CgroupVersion::V2 => "memory.events",
        };
        kernel_file::read(self.folder.join(file)).is_ok_and(|text| {
            text.lines()
                .filter_map(|line| line.strip_prefix("oom_kill "))
                .any(|count| count.trim() != "0")
        })
    }

    /// Removes the group, whose processes have ended.
    pub(crate) fn remove(self) {
        // What cannot be removed now is by the supervisor, or by the next launcher.
        let _ = fs_err::remove_dir(&self.folder);
        if let Some(times) = self.times.filter(|times| *times != self.folder) {
            let _ = fs_err::remove_dir(times);
        }
    }
}

/// The processor time that a group has used, by the file that says so.
pub(crate) fn time_used(times: &Path) -> Result<Duration, Errno> {
    let text = kernel_file::read(times)?;
    let used = text
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "))
        .and_then(|count| count.trim().parse().ok());
    used.map(Duration::from_micros).ok_or(Errno::INVAL)
}

impl CgroupPlace {
    /// The folders that groups are in.
    fn bases(&self) -> impl Iterator<Item = &Path> {
        let times = self.times.as_ref().filter(|times| **times != self.base);
        let above = times.and_then(|times| times.parent());
        std::iter::once(self.base.as_path()).chain(above)
    }
}

/// Removes a group whose processes have ended, with those in it.
fn remove(folder: &Path) -> std::io::Result<()> {
    for (below, _) in ours(folder) {
        let _ = fs_err::remove_dir(below);
    }
    fs_err::remove_dir(folder)
}

/// Removes the groups of launchers that are gone.
pub(crate) fn sweep(place: &CgroupPlace) {
    for (folder, launcher) in place.bases().flat_map(ours) {
        if !runs(launcher) {
            let _ = remove(&folder);
        }
    }
}

/// Whether a process runs. One that has ended and waits for its parent to take note has no command line
/// any more; a group that is in use after all cannot be removed.
fn runs(process: u32) -> bool {
    kernel_file::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| !line.is_empty())
}

/// Removes the groups of a launcher that has just ended, whose workers are ending.
pub(crate) fn clear(place: &CgroupPlace, patience: Duration) {
    let deadline = Instant::now() + patience;
    loop {
        let left = place
            .bases()
            .flat_map(ours)
            .filter(|(folder, launcher)| {
                place.prefix == format!("{NAME}{launcher}-") && remove(folder).is_err()
            })
            .count();
        if left == 0 || Instant::now() > deadline {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The groups in `base` that a launcher made, with the launcher's process id.
fn ours(base: &Path) -> Vec<(PathBuf, u32)> {
    let Ok(entries) = fs_err::read_dir(base) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let (launcher, _) = name.to_str()?.strip_prefix(NAME)?.split_once('-')?;
            Some((entry.path(), launcher.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_hierarchy_of_version_1_is_found_before_version_2() {
        let membership = "9:pids:/x\n4:cpu,memory:/job/7\n0::/";
        let mounts = "\
30 25 0:26 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,cpu,memory
31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
        assert_eq!(
            candidates(membership, mounts),
            [
                (CgroupVersion::V1, "/sys/fs/cgroup/memory/job/7".into()),
                (CgroupVersion::V2, "/sys/fs/cgroup/unified".into()),
            ]
        );
    }

    #[test]
    fn a_delegated_group_of_version_2_is_tried_inside_and_beside() {
        let membership = "0::/user.slice/user-1000.slice/app.slice/shell.scope";
        let mounts =
            "29 23 0:26 /user.slice /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
        let app = "/sys/fs/cgroup/user-1000.slice/app.slice";
        assert_eq!(
            candidates(membership, mounts),
            [
                (CgroupVersion::V2, Path::new(app).join("shell.scope")),
                (CgroupVersion::V2, app.into()),
            ]
        );
    }

    #[test]
    fn a_group_outside_of_what_is_mounted_and_odd_lines_are_passed_over() {
        assert_eq!(
            candidates(
                "nonsense\n0::/elsewhere",
                "x\n29 23 0:26 /here /sys/fs/cgroup rw - cgroup2 cgroup2 rw"
            ),
            []
        );
    }

    #[test]
    fn a_folder_that_is_no_control_group_does_not_work_and_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!works(folder.path(), "mycelium-1-", TIMES));
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn groups_of_launchers_that_are_gone_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let alive = format!("{NAME}{}-0", std::process::id());
        for name in [
            alive.as_str(),
            "mycelium-4194305-3",
            "mycelium-notes",
            "other",
        ] {
            fs_err::create_dir(folder.path().join(name)).unwrap();
        }
        sweep(&CgroupPlace {
            version: CgroupVersion::V2,
            base: folder.path().to_owned(),
            prefix: String::new(),
            times: None,
        });
        let mut left: Vec<_> = fs_err::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [alive.as_str(), "mycelium-notes", "other"]);
    }

    #[test]
    #[allow(unsafe_code, reason = "only a new process can be born into a group")]
    fn a_process_is_born_into_a_group_of_version_2() {
        use crate::syscall;
        use crate::syscall::Cloned;
        use rustix::thread::UnshareFlags;

        let [membership, mounts] =
            ["cgroup", "mountinfo"].map(|file| kernel_file::read(format!("/proc/self/{file}")));
        let place = candidates(&membership.unwrap(), &mounts.unwrap())
            .into_iter()
            .find(|(version, _)| *version == CgroupVersion::V2)
            .map(|(version, base)| CgroupPlace {
                version,
                times: Some(base.clone()),
                base,
                prefix: format!("{NAME}{}-", std::process::id()),
            });
        let group = place.and_then(|place| Cgroup::create(&place, 0, WorkerKind::Program).ok());
        let Some(group) = group else {
            #[expect(
                clippy::disallowed_methods,
                reason = "a setting of the tests themselves"
            )]
            let required = std::env::var("MYCELIUM_TEST_REQUIRE").is_ok_and(|value| value == "all");
            assert!(!required, "no control group of version 2 can be made here");
            eprintln!("skipped: no control group of version 2 can be made here");
            return;
        };
        let entrance = group.entrance().unwrap();
        let (wait, hold) = rustix::pipe::pipe().unwrap();
        // SAFETY: the child only waits and ends; it takes no lock that another thread may hold.
        match unsafe { syscall::clone_process(UnshareFlags::empty(), entrance.birthplace()) } {
            Ok(Cloned::Child) => {
                let _ = syscall::close_all_but(&[std::os::fd::AsRawFd::as_raw_fd(&wait) as u32]);
                let _ = rustix::io::read(&wait, &mut [0u8]);
                syscall::terminate(0)
            }
            Ok(Cloned::Parent { pid, pidfd }) => {
                let members = kernel_file::read(group.folder.join("cgroup.procs")).unwrap();
                drop((wait, hold));
                rustix::process::waitid(
                    rustix::process::WaitId::PidFd(pidfd.as_fd()),
                    rustix::process::WaitIdOptions::EXITED,
                )
                .unwrap();
                let used = time_used(&group.times().unwrap()).unwrap();
                assert!(used > Duration::ZERO);
                let folder = group.folder.clone();
                group.remove();
                assert_eq!(members.trim(), pid.as_raw_pid().to_string());
                assert!(!folder.exists());
            }
            Err(error) => panic!("{error}"),
        }
    }
}
