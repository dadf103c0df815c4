//! The daemon: started by need, found again, replaced, missed.

use std::io::BufRead as _;
use std::io::BufReader;
use std::os::unix::fs::DirBuilderExt as _;
use std::process::Child;

use rustix::process::Pid;
use rustix::process::Signal;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

const CODE: &str = "
module.exports = {
  now() { return 'now'; },
  wait(ms) { console.log('waiting'); return new Promise(resolve => setTimeout(() => resolve('waited'), ms)); },
};
";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("tool", &["now", "wait"], CODE);
    test
}

/// Starts a call of `wait` and returns when it has begun.
fn begun_call(test: &TestEnvironment, milliseconds: &str) -> Child {
    let mut child = test
        .command(&["-q", "exec", "tool", "wait", milliseconds])
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "waiting\n");
    child.stderr = Some(stderr.into_inner());
    child
}

#[test]
fn it_starts_by_need_and_stops_on_request() {
    let test = environment();
    assert_eq!(
        test.run(&["daemon", "status"]).expect(0).stdout,
        "The daemon does not run\n"
    );
    test.run(&["list"]).expect(0);
    let daemon = test.daemon().unwrap();
    test.run(&["list"]).expect(0);
    assert_eq!(test.daemon(), Some(daemon));
    let status = test.run(&["daemon", "status"]).expect(0);
    assert!(status.stdout.starts_with("Daemon: process "), "{status}");
    assert!(status.stdout.contains("list 2"), "{status}");
    let log = test.run(&["daemon", "logs"]).expect(0);
    assert!(log.stdout.contains("the daemon serves"), "{log}");
    let stopped = test.run(&["daemon", "stop"]).expect(0);
    assert!(
        stopped
            .stdout
            .starts_with("The daemon has stopped (process "),
        "{stopped}"
    );
    assert!(test.daemon().is_none());
    let started = test.run(&["daemon", "start", "--json"]).expect(0).json();
    assert_eq!(started["running"], true);
}

#[test]
fn its_log_is_followed_until_an_interrupt() {
    let test = environment();
    test.run(&["daemon", "start"]).expect(0);
    let mut follower = test
        .command(&["daemon", "logs", "--follow", "-n", "1"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap());
    let mut line = String::new();
    // Once it has told the last line, whatever comes is new.
    assert!(lines.read_line(&mut line).unwrap() > 0);
    line.clear();
    test.run(&["daemon", "stop"]).expect(0);
    test.run(&["daemon", "start"]).expect(0);
    while !line.contains("the daemon serves") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0);
    }
    rustix::process::kill_process(Pid::from_child(&follower), Signal::INT).unwrap();
    assert_eq!(follower.wait().unwrap().code(), Some(130));
}

#[test]
fn it_keeps_nothing_open_that_its_starter_had() {
    let test = TestEnvironment::new();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // The program gets the pipe's writing end as its descriptor 9.
    #[expect(clippy::disallowed_methods, reason = "a shell hands on a descriptor")]
    let mut shell = std::process::Command::new("/bin/sh");
    let program = test.command(&[]);
    shell
        .args(["-c", "exec 9>&1 >/dev/null; exec \"$0\" list"])
        .arg(program.get_program())
        .current_dir(test.workspace())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdout(writer);
    let status = shell.status().unwrap();
    drop(shell);
    assert!(status.success());
    assert!(test.daemon().is_some());
    let mut rest = Vec::new();
    // Ends only when nobody has the other end any more.
    std::io::Read::read_to_end(&mut reader, &mut rest).unwrap();
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_home_with_a_long_path_has_a_daemon_too() {
    let test = TestEnvironment::new();
    let long = test.root().join("run").join("long".repeat(40));
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&long)
        .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = test.command(arguments);
        command.env("XDG_RUNTIME_DIR", &long);
        test.outcome(command.spawn().unwrap()).expect(0)
    };
    run(&["list"]);
    let status = run(&["daemon", "status", "--json"]).json();
    assert_eq!(status["requests"]["list"], 1, "{status}");
    run(&["daemon", "stop"]);
}

#[test]
fn racing_starters_get_one_daemon() {
    let test = environment();
    let starters: Vec<_> = (0..8)
        .map(|_| test.command(&["list", "--json"]).spawn().unwrap())
        .collect();
    for starter in starters {
        test.outcome(starter).expect(0);
    }
    let status = test.run(&["daemon", "status", "--json"]).json();
    assert_eq!(status["requests"]["list"], 8, "{status}");
}

#[test]
fn a_daemon_that_dies_in_a_call_is_a_coded_error_and_the_next_call_works() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let call = begun_call(&test, "60000");
    rustix::process::kill_process(test.daemon().unwrap(), Signal::KILL).unwrap();
    let outcome = test.outcome(call).expect(70);
    assert!(
        outcome.stderr.contains("Error Code: DAEMON_UNAVAILABLE"),
        "{outcome}"
    );
    // Its socket is still there, and nobody listens.
    assert!(test.root().join("run/mycelium/daemon.sock").exists());
    assert_eq!(
        test.run(&["-q", "exec", "tool", "now"]).expect(0).stdout,
        "\"now\"\n"
    );
}

#[test]
fn a_newer_program_replaces_the_daemon_without_losing_a_call() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let call = begun_call(&test, "1500");
    let old = test.daemon().unwrap();

    let newer = test.newer_program();
    let command = ["-q", "exec", "tool", "now"];
    let child = test.command_of(&newer, &command).spawn().unwrap();
    assert_eq!(test.outcome(child).expect(0).stdout, "\"now\"\n");
    let new = test.daemon().unwrap();
    assert_ne!(new, old);

    let outcome = test.outcome(call).expect(0);
    assert_eq!(outcome.stdout, "\"waited\"\n", "{outcome}");
    // The older program uses the newer daemon.
    assert_eq!(test.run(&command).expect(0).stdout, "\"now\"\n");
    assert_eq!(test.daemon(), Some(new));
}

#[test]
fn a_daemon_that_cannot_start_says_why() {
    let test = environment();
    fs_err::create_dir_all(test.state_folder().parent().unwrap()).unwrap();
    fs_err::write(test.state_folder(), "in the way").unwrap();
    let outcome = test.run(&["list"]).expect(70);
    assert!(outcome.stderr.contains("DAEMON_UNAVAILABLE"), "{outcome}");
    assert!(
        outcome.stderr.contains(".local/state/mycelium"),
        "{outcome}"
    );
}
