//! A worker and everything that it started, as `/proc` shows them.
//!
//! The worker is the first process of its namespace, so that whoever loses its parent becomes its child:
//! nobody leaves the tree below it.

use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::StatVfs;
use rustix::fs::statvfs;
use rustix::process::Pid;

use crate::kernel_file;
use crate::limits::OWN_DESCRIPTORS;
use crate::syscall::CpuClock;

/// The most processes that are looked at; no limit allows more.
const MAX_PROCESSES: usize = 8192;

/// The processes of a worker, itself first.
pub(crate) fn members(worker: Pid) -> Vec<Pid> {
    let mut members = vec![worker];
    let mut next = 0;
    while let Some(parent) = members.get(next).copied() {
        next += 1;
        for child in children(parent) {
            if members.len() == MAX_PROCESSES {
                return members;
            }
            members.push(child);
        }
    }
    members
}

/// The children of all threads of a process.
fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs_err::read_dir(of(parent, "task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| kernel_file::read(thread.path().join("children")).ok())
        .flat_map(|line| {
            line.split_ascii_whitespace()
                .filter_map(|number| Pid::from_raw(number.parse().ok()?))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The threads of a process; none of one that has ended.
pub(crate) fn threads(process: Pid) -> Vec<Pid> {
    let Ok(threads) = fs_err::read_dir(of(process, "task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| Pid::from_raw(thread.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// Resident memory of a process, in bytes; nothing for one that has ended.
pub(crate) fn memory(process: Pid) -> u64 {
    kernel_file::read(of(process, "statm"))
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok())
        .map_or(0, |pages| {
            pages.saturating_mul(rustix::param::page_size() as u64)
        })
}

/// Resident memory of a process that no file is behind, in bytes; nothing for one that has ended.
pub(crate) fn own_memory(process: Pid) -> u64 {
    let pages = || {
        let text = kernel_file::read(of(process, "statm")).ok()?;
        let mut fields = text.split(' ').skip(1);
        let resident: u64 = fields.next()?.parse().ok()?;
        let of_files: u64 = fields.next()?.parse().ok()?;
        Some(resident.saturating_sub(of_files))
    };
    pages()
        .unwrap_or(0)
        .saturating_mul(rustix::param::page_size() as u64)
}

/// Resident memory of a process, in bytes, with what it shares divided among those who share it. Where the
/// kernel does not say so, what no file is behind.
pub(crate) fn proportional_memory(process: Pid) -> u64 {
    let told = || {
        let text = kernel_file::read(of(process, "smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes.saturating_mul(1024))
    };
    told().unwrap_or_else(|| own_memory(process))
}

/// Processor time of a process and of its children that have ended.
pub(crate) fn cpu_time(process: Pid) -> Duration {
    let own = CpuClock::of(process).and_then(CpuClock::now);
    own.unwrap_or_default() + ended_children(process).unwrap_or_default()
}

/// Processor time of children that have ended and were waited for (proc(5), `stat`, fields 16 and 17).
fn ended_children(process: Pid) -> Option<Duration> {
    let text = kernel_file::read(of(process, "stat")).ok()?;
    // The name in parentheses may have anything in it, parentheses included.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(13);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_millis(
        user.saturating_add(system).saturating_mul(1000) / ticks,
    ))
}

/// The bytes that a process made file systems store, files in memory not included; nothing where the
/// kernel does not count them (proc(5), `io`).
pub(crate) fn written(process: Pid) -> Option<u64> {
    let text = kernel_file::read(of(process, "io")).ok()?;
    let count = text
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))?;
    count.trim().parse().ok()
}

/// How many files a process has open, those that every worker has left out.
pub(crate) fn open_files(process: Pid) -> Option<u64> {
    let open = fs_err::read_dir(of(process, "fd")).ok()?.count() as u64;
    Some(open.saturating_sub(OWN_DESCRIPTORS))
}

/// What the files in a worker's `/tmp` take, in bytes.
pub(crate) fn temporary(worker: Pid) -> Option<u64> {
    let StatVfs {
        f_blocks,
        f_bfree,
        f_frsize,
        ..
    } = statvfs(of(worker, "root/tmp")).ok()?;
    Some(f_blocks.saturating_sub(f_bfree).saturating_mul(f_frsize))
}

pub(crate) fn of(process: Pid, what: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{what}", process.as_raw_pid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_time_and_files() {
        let me = rustix::process::getpid();
        assert!(memory(me) > own_memory(me) && own_memory(me) > 0);
        assert!(proportional_memory(me) > 0);
        assert!(cpu_time(me) > Duration::ZERO);
        let before = open_files(me).unwrap();
        let files: Vec<_> = (0..200)
            .map(|_| fs_err::File::open("/dev/null").unwrap())
            .collect();
        assert!(open_files(me).unwrap() >= before.saturating_add(100));
        drop(files);
    }
}
