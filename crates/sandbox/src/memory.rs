//! Memory of a program that goes on running, given back to the kernel: code that only its start needed, and what was freed.
#![expect(
    unsafe_code,
    reason = "the C library and the kernel are told about memory"
)]

use std::ffi::c_void;

use rustix::mm::Advice;

use crate::kernel_file;

/// Unmaps the pages of this process's code that were used so far. The kernel maps each again when it is next used, from
/// the files that are in its cache anyway. For a program that has done most of what it can do at its start and goes on
/// with little.
pub fn release_code() {
    let Ok(maps) = kernel_file::read("/proc/self/maps") else {
        return;
    };
    for range in maps.lines().filter_map(code) {
        let length = range.end.saturating_sub(range.start);
        let start = std::ptr::with_exposed_provenance_mut::<c_void>(range.start);
        // SAFETY: the pages are mapped from a file, to be read and executed and never written: the next use finds the
        // same bytes. A range that has been unmapped since is an error, and nothing happens.
        let _ = unsafe { rustix::mm::madvise(start, length, Advice::LinuxDontNeed) };
    }
}

/// Gives back what the allocator keeps of memory that was freed. For a program after a time in which it had much to do;
/// takes about a millisecond for 30 MB.
pub fn release_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) takes a number, and locks the heap itself.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The addresses of a line of `/proc/PID/maps`, if it is code of a file: `START-END r-xp OFFSET DEVICE INODE PATH`, as in
/// proc_pid_maps(5).
fn code(line: &str) -> Option<std::ops::Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let is_code = words.next()? == "r-xp" && words.nth(2)? != "0";
    let address = |text| usize::from_str_radix(text, 16).ok();
    is_code.then_some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_released() {
        let maps = "\
            55d0-55e0 r--p 00000000 fe:00 77 /bin/x\n\
            55e0-55f0 r-xp 00010000 fe:00 77 /bin/x\n\
            55f0-5600 rw-p 00020000 fe:00 77 /bin/x\n\
            7f00-7f10 r-xp 00000000 00:00 0\n\
            7ffd-7ffe r-xp 00000000 00:00 0 [vdso]\n\
            nonsense\n";
        let found: Vec<_> = maps.lines().filter_map(code).collect();
        assert_eq!((found.len(), found[0].clone()), (1, 0x55e0..0x55f0));
    }

    /// How much code of files is mapped, in kB, as in proc_pid_smaps(5).
    fn mapped() -> usize {
        let maps = kernel_file::read("/proc/self/smaps").unwrap();
        let mut is_code = false;
        let mut sum = 0;
        for line in maps.lines() {
            if let Some(size) = line.strip_prefix("Rss:") {
                let size = size.trim().trim_end_matches(" kB");
                sum += size.parse::<usize>().unwrap() * usize::from(is_code);
            } else if !line.split_ascii_whitespace().next().unwrap().ends_with(':') {
                is_code = code(line).is_some();
            }
        }
        sum
    }

    #[test]
    fn what_was_mapped_is_mapped_no_more_and_can_be_used_again() {
        let before = mapped();
        release_code();
        let after = mapped();
        assert!(after < before, "{after} kB of {before}");
    }

    #[test]
    fn freed_memory_is_given_back_and_the_heap_goes_on() {
        let many = (0..10_000).map(|number| Box::new([number; 256]));
        // Those that are left keep the heap from shrinking by itself.
        let left: Vec<Box<[i32; 256]>> = many.collect::<Vec<_>>().into_iter().step_by(8).collect();
        release_heap();
        let mut intact = left.iter().zip((0..).step_by(8));
        assert!(intact.all(|(one, number)| one.iter().all(|it| *it == number)));
    }
}
