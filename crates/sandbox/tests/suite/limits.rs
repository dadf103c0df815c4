//! Using too much of something.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::CpuTimers;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Note;
use mycelium_sandbox::Precedence;
use mycelium_sandbox::Privilege;
use mycelium_sandbox::SandboxError;
use mycelium_types::FileAccess;

use super::fixture::PATIENCE;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("memory_ends_at_the_limit", memory),
    (
        "a_control_group_ends_what_the_process_limit_does_not_count",
        control_group,
    ),
    ("temporary_files_end_at_the_limit", temporary_files),
    ("a_larger_tmp_is_larger", larger_tmp),
    ("a_written_file_ends_at_the_limit", file_size),
    ("open_files_end_at_the_limit", open_files),
    (
        "more_files_than_the_supervisor_may_open_are_noted",
        fewer_files,
    ),
    ("a_processor_timer_tells_once_the_budget_is_used", timer),
    ("a_timer_set_anew_forgets_its_old_budget", timer_set_anew),
    ("a_stopped_timer_says_nothing", timer_stopped),
    ("usage_is_told_while_there_is_a_worker", usage),
    (
        "a_worker_that_comes_after_others_has_less_priority",
        precedence,
    ),
];

fn limited(site: &Site, memory_mb: u64, tmp_mb: u64) -> SandboxPolicy {
    let mut policy = site.policy();
    policy.limits.memory_mb = memory_mb;
    policy.limits.tmp_mb = tmp_mb;
    policy
}

fn memory() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &limited(&site, 64, 64));
    assert_eq!(puppet.tell(&Order::TakeMemory(10)), Ok("10".into()));
    assert_eq!(puppet.tell(&Order::TakeMemory(64)), Err(libc::ENOMEM));
    // What is more is code, which is not limited, and the stack, which has a limit of its own.
    let used = puppet.worker.usage().unwrap().memory;
    assert!(used <= (64 + 32) << 20, "{used}");
    // It goes on as before, only without more memory.
    assert_eq!(
        puppet.tell(&Order::Echo("still".into())),
        Ok("still".into())
    );
}

fn control_group() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &limited(&site, 64, 1));
    puppet.order(&Order::UseStack(50));
    if launcher.cgroup().is_some() {
        assert_eq!(puppet.exit().cause, ExitCause::MemoryLimit);
    } else {
        let report = puppet.worker.report();
        assert!(report.notes.contains(&Note::NoCgroup));
        // The stack has a limit of its own, so that the sum stays bounded.
        puppet.worker.kill();
        puppet.exit();
    }
}

fn temporary_files() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &limited(&site, 64, 8));
    let fill = |count| Order::FillFile("/tmp/file".into(), count);
    assert_eq!(puppet.tell(&fill(4)), Ok(String::new()));
    assert_eq!(puppet.tell(&fill(16)), Err(libc::ENOSPC));
    let many = Order::MakeFiles("/tmp".into(), 10_000);
    assert_eq!(puppet.tell(&many), Err(libc::ENOSPC));
}

fn larger_tmp() {
    let launcher = start();
    let site = Site::new();
    let mut policy = limited(&site, 64, 80);
    policy.limits.file_size_mb = 100;
    let mut puppet = Puppet::with(&launcher, &policy);
    let fill = |count| Order::FillFile("/tmp/file".into(), count);
    assert_eq!(puppet.tell(&fill(70)), Ok(String::new()));
    assert_eq!(puppet.tell(&fill(90)), Err(libc::ENOSPC));
}

fn file_size() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = vec![site.grant("ws/out", FileAccess::Write)];
    policy.limits.file_size_mb = 2;
    let mut puppet = Puppet::with(&launcher, &policy);
    let file = site.path("ws/out/large");
    assert_eq!(
        puppet.tell(&Order::FillFile(file.clone(), 5)),
        Err(libc::EFBIG)
    );
    assert_eq!(fs_err::metadata(file).unwrap().len(), 2 << 20);
}

fn open_files() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.limits.open_files = 16;
    let mut puppet = Puppet::with(&launcher, &policy);
    let null = |count| Order::OpenAgain("/dev/null".into(), count);
    // One more is the test's own second handle of its socket.
    assert_eq!(puppet.tell(&null(15)), Ok(String::new()));
    assert_eq!(puppet.tell(&null(17)), Err(libc::EMFILE));
}

fn fewer_files() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.limits.open_files = u64::MAX;
    let puppet = Puppet::warm(&launcher);
    let report = launcher.assign(&puppet.worker, &policy).unwrap();
    let noted = |note: &Note| matches!(note, Note::FewerFiles { .. });
    assert!(report.notes.iter().any(noted), "{:?}", report.notes);
}

fn timer() {
    let launcher = start();
    let site = Site::new();
    let (sender, expired) = mpsc::channel();
    let timers = CpuTimers::start(move |token| sender.send(token).unwrap()).unwrap();
    let mut puppet = Puppet::with(&launcher, &site.policy());
    let timer = timers.timer(&puppet.worker).unwrap();
    timer.arm(Duration::from_millis(30), 7).unwrap();
    puppet.order(&Order::Spin);
    assert_eq!(expired.recv_timeout(PATIENCE), Ok(7));
    puppet.worker.kill();
    let exit = puppet.exit();
    assert_eq!(exit.cause, ExitCause::Killed);
    // What it uses beyond is what passes until this thread hears of it and the kill arrives, which is little unless the
    // machine has much else to do.
    let used = Duration::from_millis(30)..PATIENCE;
    assert!(used.contains(&exit.cpu_time), "{exit:?}");
    let too_late = timer.arm(Duration::from_secs(1), 8).unwrap_err();
    assert_eq!(too_late, SandboxError::WorkerLost);
}

fn timer_set_anew() {
    let launcher = start();
    let site = Site::new();
    let (sender, expired) = mpsc::channel();
    let timers = CpuTimers::start(move |token| sender.send(token).unwrap()).unwrap();
    let mut puppet = Puppet::with(&launcher, &site.policy());
    let timer = timers.timer(&puppet.worker).unwrap();
    timer.arm(Duration::from_secs(3600), 1).unwrap();
    timer.arm(Duration::from_millis(20), 2).unwrap();
    puppet.order(&Order::Spin);
    assert_eq!(expired.recv_timeout(PATIENCE), Ok(2));
    // The worker spins on: a timer is armed for one budget, not for every next one.
    timer.arm(Duration::from_millis(20), 3).unwrap();
    assert_eq!(expired.recv_timeout(PATIENCE), Ok(3));
    drop(timer);
    drop(timers);
    assert!(expired.try_recv().is_err());
}

fn timer_stopped() {
    let launcher = start();
    let site = Site::new();
    let (sender, expired) = mpsc::channel();
    let timers = CpuTimers::start(move |token| sender.send(token).unwrap()).unwrap();
    let [mut stopped, mut running] = [0, 1].map(|_| Puppet::with(&launcher, &site.policy()));
    let first = timers.timer(&stopped.worker).unwrap();
    let second = timers.timer(&running.worker).unwrap();
    first.arm(Duration::from_millis(10), 1).unwrap();
    first.disarm().unwrap();
    second.arm(Duration::from_millis(100), 2).unwrap();
    stopped.order(&Order::Spin);
    running.order(&Order::Spin);
    assert_eq!(expired.recv_timeout(PATIENCE), Ok(2));
}

fn usage() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &limited(&site, 100, 64));
    let before = puppet.worker.usage().unwrap();
    puppet.tell(&Order::TakeMemory(32)).unwrap();
    let after = puppet.worker.usage().unwrap();
    assert!(after.memory >= before.memory + (32 << 20), "{after:?}");
    assert!(after.cpu_time > before.cpu_time);
    puppet.worker.kill();
    let exit = puppet.exit();
    assert!(exit.peak_memory >= 32 << 20);
    assert_eq!(puppet.worker.usage().unwrap_err(), SandboxError::WorkerLost);
    assert!(
        !Path::new("/proc")
            .join(puppet.worker.pid().to_string())
            .exists()
    );
}

fn precedence() {
    let launcher = start();
    let site = Site::new();
    let puppet = Puppet::with(&launcher, &site.policy());
    let nice = || {
        let pid = puppet.worker.pid();
        let text = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let (_, fields) = text.rsplit_once(')').unwrap();
        // The 19th field of all, as proc(5) counts.
        let nice = fields.split_ascii_whitespace().nth(16).unwrap();
        nice.parse::<i32>().unwrap()
    };
    let release = fs_err::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let kernel: Vec<u32> = (release.split('.').take(2))
        .filter_map(|number| number.parse().ok())
        .collect();
    // Nanoseconds, where the kernel knows turns of different length and shows them.
    let turn = || {
        if kernel < vec![6, 12] {
            return None;
        }
        let pid = puppet.worker.pid();
        let text = fs_err::read_to_string(format!("/proc/{pid}/sched")).ok()?;
        let line = text.lines().find(|line| line.starts_with("se.slice"))?;
        line.rsplit_once(' ')?.1.parse::<u64>().ok()
    };
    let processors = || {
        let pid = rustix::process::Pid::from_raw(puppet.worker.pid().try_into().unwrap());
        rustix::thread::sched_getaffinity(pid).unwrap().count()
    };
    let all = rustix::thread::sched_getaffinity(None).unwrap().count();
    assert_eq!(processors(), all);
    let (before, short) = (nice(), turn());
    if let Some(short) = short {
        assert_eq!(short, 100_000);
    }
    puppet.worker.set_precedence(Precedence::Behind).unwrap();
    assert!(nice() > before);
    assert!(short.is_none() || turn() > short);
    assert_eq!(processors(), all);
    puppet.worker.set_precedence(Precedence::Aside).unwrap();
    assert!(nice() > before);
    // One is left to others, if there is more than one.
    assert_eq!(processors(), (all - 1).max(1));
    // Which an ordinary person may take back, too.
    puppet.worker.set_precedence(Precedence::Behind).unwrap();
    assert_eq!(processors(), all);
    match (
        launcher.privilege(),
        puppet.worker.set_precedence(Precedence::Normal),
    ) {
        (Privilege::Root, back) => {
            assert_eq!(back, Ok(()));
            assert_eq!((nice(), turn(), processors()), (0, short, all));
        }
        // It depends on the person's own limits.
        (Privilege::Person, _) => {}
    }
    puppet.worker.kill();
    puppet.exit();
    let late = puppet.worker.set_precedence(Precedence::Behind);
    assert_eq!(late.unwrap_err(), SandboxError::WorkerLost);
}
