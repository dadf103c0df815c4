//! What a skill's files take, looked at whenever it may have written enough to matter.
//!
//! Neither an unprivileged daemon nor an ordinary file system can limit the size of a folder. So the
//! folder is measured, but not by the clock: writing takes processor time, so a timer on the worker's own
//! processor clock says when the worker may have written what is left to it. A worker that does nothing
//! costs nothing, and the closer it is to its limit the more often it is looked at. What it can write
//! between two looks is the overshoot: [`SPEED`] times [`SHORTEST`], and the time that a look takes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::Bounds;
use mycelium_sandbox::Occupied;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::Worker;
use mycelium_sandbox::occupied;
use mycelium_types::FileAccess;
use mycelium_types::Limit;

use crate::watch::Members;

/// How fast a worker writes at most, in bytes for each second of its processor time. Filling the page
/// cache is slower than copying memory.
const SPEED: u64 = 4 << 30;
/// The shortest and the longest processor time between two looks.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// A folder is measured after this much processor time even if nothing was written: making empty files
/// takes space as well.
const UNWRITTEN: Duration = Duration::from_millis(250);
/// The entries that are looked at before a skill starts, in milliseconds, and while it runs, in seconds.
const FEW: u64 = 2_000;
const MANY: u64 = 1_000_000;
/// Of the worker's processor time, measuring takes at most one part in this many.
const SHARE: u32 = 10;

/// A limit that was reached, and how much was used then, in bytes, where that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) limit: Limit,
    pub(crate) used: Option<u64>,
}

impl From<Limit> for Reached {
    fn from(limit: Limit) -> Self {
        Self { limit, used: None }
    }
}

/// What is known of the space that one worker's files take.
#[derive(Debug, Default)]
pub(crate) struct Space {
    data: AtomicU64,
    paths: AtomicU64,
    largest: AtomicU64,
}

impl Space {
    /// The private data, in bytes, when it was last measured.
    pub(crate) fn data(&self) -> u64 {
        self.data.load(Ordering::Relaxed)
    }

    /// What was added to granted paths, in bytes, as far as is known.
    pub(crate) fn paths(&self) -> u64 {
        self.paths.load(Ordering::Relaxed)
    }

    /// The largest file that was seen, in bytes.
    pub(crate) fn largest(&self) -> u64 {
        self.largest.load(Ordering::Relaxed)
    }

    fn saw(&self, measured: Occupied) {
        self.largest.fetch_max(measured.largest, Ordering::Relaxed);
    }
}

/// Looks after one worker's files. All of it blocks, for as long as measuring takes.
pub(crate) struct SpaceKeeper {
    space: Arc<Space>,
    data: Option<Data>,
    paths: Option<Paths>,
    /// The writing of children is not in the worker's own count.
    members: Members,
}

/// The private data folder.
struct Data {
    folder: PathBuf,
    limit: u64,
    /// What it may take: its limit, or what it took at the last look if that is more.
    most: u64,
    measured: Measured,
}

/// The granted paths that may be written. Where much is there already, it is not measured before a quarter
/// of the limit was written; that quarter is not counted then.
struct Paths {
    places: Vec<PathBuf>,
    most: u64,
    /// What the paths took at the first measurement.
    before: Option<u64>,
    measured: Measured,
}

/// The state at the last measurement.
#[derive(Clone, Copy, Default)]
struct Measured {
    /// What was used of the limit, in bytes.
    used: u64,
    /// What the worker had written in all, in bytes, and what it has since.
    written: u64,
    since: u64,
    cpu: Duration,
    took: Duration,
}

/// What the worker has done until now.
#[derive(Clone, Copy)]
struct Deeds {
    /// Bytes, where they are counted.
    written: Option<u64>,
    cpu: Duration,
}

impl SpaceKeeper {
    /// Measures what is there before the worker starts; nothing to look after is `None`.
    pub(crate) fn new(policy: &SandboxPolicy, members: Members) -> Option<Self> {
        let places: Vec<_> = policy
            .paths
            .iter()
            .filter(|grant| grant.access == FileAccess::Write)
            .map(|grant| grant.path.clone())
            .collect();
        if policy.data.is_none() && places.is_empty() {
            return None;
        }
        let space = Space::default();
        let data = policy.data.as_ref();
        let data = data.map(|folder| Data::new(folder.clone(), policy, &space));
        Some(Self {
            space: Arc::new(space),
            data,
            paths: (!places.is_empty()).then(|| Paths::new(places, policy)),
            members,
        })
    }

    pub(crate) fn space(&self) -> &Arc<Space> {
        &self.space
    }

    /// How much more processor time the worker may use before it is looked at again.
    pub(crate) fn patience(&self) -> Duration {
        let data = self.data.as_ref().map(Data::left);
        let paths = self.paths.as_ref().map(Paths::left);
        let left = data.into_iter().chain(paths).min().unwrap_or(u64::MAX);
        let nanoseconds = u128::from(left) * 1_000_000_000 / u128::from(SPEED);
        let time = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        time.clamp(SHORTEST, LONGEST)
    }

    /// Looks whether the worker has reached a limit.
    ///
    /// # Errors
    /// When the worker has ended.
    pub(crate) fn look(&mut self, worker: &Worker) -> Result<Option<Reached>, SandboxError> {
        let deeds = match self.members {
            Members::Alone => Deeds {
                written: worker.written()?,
                cpu: worker.cpu_time()?,
            },
            Members::Family { .. } => Deeds {
                written: None,
                cpu: worker.family_cpu_time()?,
            },
        };
        let data = self.data.as_mut();
        let reached = data.and_then(|data| data.look(deeds, &self.space));
        let paths = self.paths.as_mut();
        Ok(reached.or_else(|| paths.and_then(|paths| paths.look(deeds, &self.space))))
    }
}

impl Data {
    fn new(folder: PathBuf, policy: &SandboxPolicy, space: &Space) -> Self {
        let limit = bytes(policy.limits.data_mb);
        let started = Instant::now();
        // One that cannot be looked at cannot be shown to the worker either.
        let bounds = Bounds {
            bytes: u64::MAX,
            entries: MANY,
        };
        let there = occupied(&folder, bounds).unwrap_or_default();
        space.saw(there);
        space.data.store(there.bytes, Ordering::Relaxed);
        Self {
            folder,
            limit,
            // One that has too much already must be able to delete, but not to add.
            most: limit.max(there.bytes),
            measured: Measured {
                used: there.bytes,
                took: started.elapsed(),
                ..Measured::default()
            },
        }
    }

    fn left(&self) -> u64 {
        self.measured.left(self.most)
    }

    fn look(&mut self, deeds: Deeds, space: &Space) -> Option<Reached> {
        if !self.measured.is_stale(deeds, self.most) {
            return None;
        }
        let started = Instant::now();
        // A folder that cannot be looked at any more is none the worker can write to.
        let bounds = Bounds {
            bytes: self.most.saturating_mul(2),
            entries: MANY,
        };
        let there = occupied(&self.folder, bounds).unwrap_or_default();
        self.measured = Measured::at(there.bytes, deeds, started);
        space.saw(there);
        space.data.store(there.bytes, Ordering::Relaxed);
        if there.bytes > self.most {
            return Some(Reached {
                limit: Limit::Data,
                used: Some(there.bytes),
            });
        }
        // What was deleted is not to be written again.
        self.most = self.limit.max(there.bytes);
        None
    }
}

impl Paths {
    fn new(places: Vec<PathBuf>, policy: &SandboxPolicy) -> Self {
        let there = total(&places, FEW);
        Self {
            places,
            most: bytes(policy.limits.paths_mb),
            before: (!there.partial).then_some(there.bytes),
            measured: Measured::default(),
        }
    }

    fn left(&self) -> u64 {
        self.measured.left(self.most)
    }

    fn look(&mut self, deeds: Deeds, space: &Space) -> Option<Reached> {
        let enough = match self.before {
            Some(_) => self.measured.is_stale(deeds, self.most),
            None => deeds.written.is_none_or(|written| written > self.most / 4),
        };
        if !enough {
            if let (None, Some(written)) = (self.before, deeds.written) {
                self.measured.since = written;
                space.paths.store(written, Ordering::Relaxed);
            }
            return None;
        }
        let started = Instant::now();
        let there = total(&self.places, MANY);
        space.saw(there);
        let before = *self.before.get_or_insert(there.bytes);
        let grown = there.bytes.saturating_sub(before);
        // Others may write there too: what the worker did not write it did not add.
        let used = match (deeds.written, there.partial) {
            (Some(written), true) => written,
            (Some(written), false) => grown.min(written),
            (None, _) => grown,
        };
        self.measured = Measured::at(used, deeds, started);
        space.paths.store(used, Ordering::Relaxed);
        (used > self.most).then_some(Reached {
            limit: Limit::Paths,
            used: Some(used),
        })
    }
}

/// What all of these take.
fn total(places: &[PathBuf], entries: u64) -> Occupied {
    let bounds = Bounds {
        bytes: u64::MAX,
        entries,
    };
    let mut sum = Occupied::default();
    for place in places {
        // What cannot be looked at cannot be written to either.
        let one = occupied(place, bounds).unwrap_or_default();
        sum.bytes = sum.bytes.saturating_add(one.bytes);
        sum.largest = sum.largest.max(one.largest);
        sum.partial |= one.partial;
    }
    sum
}

impl Measured {
    fn at(used: u64, deeds: Deeds, started: Instant) -> Self {
        Self {
            used,
            written: deeds.written.unwrap_or(0),
            since: 0,
            cpu: deeds.cpu,
            took: started.elapsed(),
        }
    }

    /// What is certainly left of `most`.
    fn left(&self, most: u64) -> u64 {
        most.saturating_sub(self.used.saturating_add(self.since))
    }

    /// Whether what has been done since may have used up what was left of `most`.
    fn is_stale(&mut self, now: Deeds, most: u64) -> bool {
        let worked = now.cpu.saturating_sub(self.cpu);
        let rested = worked >= self.took * SHARE;
        match now.written {
            Some(written) => {
                self.since = written.saturating_sub(self.written);
                // What was full stays so without being looked at: whoever writes nothing adds nothing.
                (self.since > 0 && self.left(most) == 0) || (rested && worked >= UNWRITTEN)
            }
            None => rested,
        }
    }
}

fn bytes(megabytes: u64) -> u64 {
    megabytes.saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn deeds(written: u64, milliseconds: u64) -> Deeds {
        Deeds {
            written: Some(written),
            cpu: Duration::from_millis(milliseconds),
        }
    }

    fn data(folder: &std::path::Path, limit: u64) -> Data {
        Data {
            folder: folder.to_owned(),
            limit,
            most: limit,
            measured: Measured::default(),
        }
    }

    #[test]
    fn data_is_measured_only_when_it_may_have_grown_enough() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::default();
        let mut data = data(folder.path(), 2 * MIB);
        fs_err::write(folder.path().join("file"), vec![1; 3 * MIB as usize]).unwrap();
        assert_eq!(data.look(deeds(MIB, 10), &space), None);
        assert_eq!(space.data(), 0, "it was not looked at");
        let reached = data.look(deeds(3 * MIB, 20), &space).unwrap();
        assert_eq!(reached.limit, Limit::Data);
        assert!(reached.used.unwrap() >= 2 * MIB);
    }

    #[test]
    fn data_is_measured_after_some_work_even_if_nothing_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::default();
        let mut data = data(folder.path(), 100 * 4096);
        for number in 0..200 {
            fs_err::write(folder.path().join(number.to_string()), "").unwrap();
        }
        assert_eq!(data.look(deeds(0, 100), &space), None);
        assert!(data.look(deeds(0, 300), &space).is_some());
    }

    #[test]
    fn a_full_folder_is_not_measured_again_before_something_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::default();
        fs_err::write(folder.path().join("file"), vec![1; 4096]).unwrap();
        let bounds = Bounds {
            bytes: u64::MAX,
            entries: MANY,
        };
        let full = occupied(folder.path(), bounds).unwrap().bytes;
        let mut data = data(folder.path(), full);
        assert_eq!(data.look(deeds(MIB, 10), &space), None);
        assert_eq!(data.left(), 0);
        fs_err::write(folder.path().join("of-others"), vec![1; 4096]).unwrap();
        assert_eq!(data.look(deeds(MIB, 20), &space), None);
        assert!(data.look(deeds(MIB + 1, 30), &space).is_some());
    }

    #[test]
    fn what_was_deleted_of_too_much_may_not_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::default();
        let file = folder.path().join("file");
        fs_err::write(&file, vec![1; 4 * MIB as usize]).unwrap();
        let mut data = data(folder.path(), 2 * MIB);
        data.most = 5 * MIB;
        fs_err::write(&file, vec![1; 3 * MIB as usize]).unwrap();
        assert_eq!(data.look(deeds(6 * MIB, 10), &space), None);
        fs_err::write(&file, vec![1; 4 * MIB as usize]).unwrap();
        assert!(data.look(deeds(7 * MIB, 20), &space).is_some());
        fs_err::write(&file, vec![1; MIB as usize]).unwrap();
        assert_eq!(data.look(deeds(20 * MIB, 30), &space), None);
        assert_eq!(data.most, 2 * MIB);
    }

    #[test]
    fn what_others_add_to_a_granted_path_is_not_the_workers() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::default();
        let mut paths = Paths {
            places: vec![folder.path().to_owned()],
            most: 4 * MIB,
            before: None,
            measured: Measured::default(),
        };
        let fill = |name: &str, count: u64| {
            fs_err::write(folder.path().join(name), vec![1; (count * MIB) as usize]).unwrap();
        };
        fill("mine", 1);
        assert_eq!(paths.look(deeds(MIB, 10), &space), None);
        assert_eq!(space.paths(), MIB, "written counts as added");
        fill("of-others", 20);
        fill("more", 1);
        assert_eq!(paths.look(deeds(2 * MIB, 20), &space), None);
        fill("of-others-later", 20);
        assert_eq!(paths.look(deeds(4 * MIB, 30), &space), None);
        // Rewriting one file adds nothing.
        let mut paths = Paths {
            before: None,
            measured: Measured::default(),
            ..paths
        };
        for round in 1..100 {
            assert_eq!(paths.look(deeds(round * MIB, 10 * round), &space), None);
        }
        fill("really-mine", 5);
        let reached = paths.look(deeds(105 * MIB, 2000), &space).unwrap();
        assert_eq!(reached.limit, Limit::Paths);
    }

    #[test]
    fn the_nearer_the_limit_the_shorter_the_patience() {
        let keeper = |used| SpaceKeeper {
            space: Arc::default(),
            data: Some(Data {
                folder: PathBuf::new(),
                limit: 256 * MIB,
                most: 256 * MIB,
                measured: Measured {
                    used,
                    ..Measured::default()
                },
            }),
            paths: None,
            members: Members::Alone,
        };
        assert_eq!(keeper(0).patience(), Duration::from_micros(62_500));
        assert_eq!(keeper(255 * MIB).patience(), SHORTEST);
        assert_eq!(keeper(300 * MIB).patience(), SHORTEST);
    }
}
