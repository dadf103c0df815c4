//! The specification's demo: each folder of `tests/spec` is one of its steps.
//!
//! A step has files, which are copied into the project, and a transcript. The steps follow one another in
//! one project, as the specification's do.

use std::io::Read as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use crate::support::Outcome;
use crate::support::TestEnvironment;
use crate::support::free_port;
use crate::support::mismatch;
use crate::support::parse;
use crate::support::registry_answers;
use crate::support::sandbox_holds;
use crate::support::until;

/// The port of the specification's configuration.
const PORT: &str = "9090";

#[test]
fn the_demo_step_by_step() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let port = free_port();
    let mut problems = Vec::new();
    for folder in steps() {
        copy(&folder.join("files"), &test.workspace(), port);
        let transcript = fs_err::read_to_string(folder.join("transcript.txt")).unwrap();
        for step in parse(&transcript) {
            let outcome = run(&test, &step.command, port);
            if !registry_answers(&outcome) {
                return;
            }
            let problem = match outcome.status == step.status {
                true => mismatch(&step.expected, &outcome.stdout),
                false => Some(format!(
                    "the status is {}, not {}",
                    outcome.status, step.status
                )),
            };
            if let Some(problem) = problem {
                let name = folder.file_name().unwrap().display();
                problems.push(format!(
                    "{name}: $ {}\n{problem}:\n{}",
                    step.command, outcome.stdout
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The demo and these tests are about the same skills.
#[test]
fn the_files_are_those_of_the_demo() {
    let demo = Path::new("src/commands/demo/files");
    for (step, file, name) in [
        ("0-setup", ".claude/skills.json", "skills.json"),
        (
            "1-create",
            "custom-skills/hello-world/skill.json",
            "hello-world/skill.json",
        ),
        (
            "1-create",
            "custom-skills/hello-world/index.js",
            "hello-world/index.js",
        ),
        (
            "6-errors",
            "custom-skills/faulty-skill/skill.json",
            "faulty-skill/skill.json",
        ),
        (
            "6-errors",
            "custom-skills/faulty-skill/index.js",
            "faulty-skill/index.js",
        ),
        (
            "7-reload",
            "custom-skills/hello-world/index.js",
            "hello-world/index-v2.js",
        ),
        (
            "8-security",
            "custom-skills/malicious-skill/skill.json",
            "malicious-skill/skill.json",
        ),
        (
            "8-security",
            "custom-skills/malicious-skill/index.js",
            "malicious-skill/index.js",
        ),
    ] {
        let here = fs_err::read_to_string(root().join(step).join("files").join(file)).unwrap();
        let there = fs_err::read_to_string(demo.join(name)).unwrap();
        assert_eq!(here, there, "{step} {file}");
    }
}

fn root() -> PathBuf {
    fs_err::canonicalize("tests/spec").unwrap()
}

fn steps() -> Vec<PathBuf> {
    let mut steps: Vec<_> = fs_err::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    steps.sort();
    assert_eq!(steps.len(), 10);
    steps
}

fn copy(from: &Path, to: &Path, port: u16) {
    let Ok(entries) = fs_err::read_dir(from) else {
        return;
    };
    fs_err::create_dir_all(to).unwrap();
    for entry in entries {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target, port);
            continue;
        }
        let mut text = fs_err::read_to_string(&path).unwrap();
        if path.ends_with("skills.json") {
            text = text.replace(PORT, &port.to_string());
        }
        fs_err::write(target, text).unwrap();
    }
}

/// Runs a line of a transcript; both streams end up in `stdout`, in the order in which they were written.
fn run(test: &TestEnvironment, line: &str, port: u16) -> Outcome {
    if let Some(pattern) = line.strip_prefix("curl http://localhost:9090/metrics | grep ") {
        return scrape(port, pattern);
    }
    let words: Vec<&str> = line
        .split_whitespace()
        .skip(1)
        .map(|word| word.trim_matches('"'))
        .collect();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = test.command(&words);
    let mut child = command
        .stdout(Stdio::from(writer.try_clone().unwrap()))
        .stderr(Stdio::from(writer))
        .spawn()
        .unwrap();
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).unwrap();
    let output = std::process::Output {
        status: child.wait().unwrap(),
        stdout: output,
        stderr: Vec::new(),
    };
    Outcome::of(&output, test.root())
}

fn scrape(port: u16, pattern: &str) -> Outcome {
    // The port is opened beside the commands.
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let mut stream = until(connect, Result::is_ok).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let found: Vec<_> = answer
        .lines()
        .filter(|line| line.contains(pattern))
        .collect();
    Outcome {
        status: 0,
        stdout: found.join("\n"),
        stderr: String::new(),
    }
}
