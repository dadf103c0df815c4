//! The specification's lines, from events.

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::RequestVerdict;
use mycelium_protocol::ViolationLayer;
use mycelium_types::FileAccess;
use mycelium_types::Hook;
use mycelium_types::Limit;
use mycelium_types::Limits;
use mycelium_types::Permission;
use mycelium_types::SkillName;
use serde_json::json;

use super::super::Look;
use super::*;

fn skill(name: &str) -> SkillName {
    name.parse().unwrap()
}

fn shown(events: &[Event]) -> String {
    let mut page = Page::new(Look::default());
    for event in events {
        describe(event, &mut page);
    }
    page.render()
}

#[test]
fn a_first_call() {
    let hello = skill("hello-world");
    let events = [
        Event::Lifecycle {
            skill: hello.clone(),
            step: LifecycleStep::Initializing,
        },
        Event::Console {
            skill: hello.clone(),
            level: ConsoleLevel::Info,
            text: "[hello-world] Initializing...".into(),
        },
        Event::DependenciesResolved {
            skill: hello.clone(),
            declared: 1,
            packages: 1,
            cached: 1,
            milliseconds: 44.6,
        },
        Event::SandboxCreated {
            skill: hello.clone(),
            limits: Limits::default(),
            layers: Vec::new(),
            notes: Vec::new(),
        },
        Event::StateChanged {
            skill: hello.clone(),
            states: vec![
                SkillState::Loaded,
                SkillState::Initializing,
                SkillState::Ready,
            ],
        },
        Event::Executing {
            skill: hello,
            method: "greet".into(),
            args: json!(["Claude"]),
        },
    ];
    insta::assert_snapshot!(shown(&events), @r#"
    [SkillLifecycleManager] Initializing skill: hello-world
    [hello-world] Initializing...
    [DependencyResolver] Resolved 1 dependencies in 45ms
    [SkillSandbox] Creating sandbox with limits: 500MB memory, 30s CPU
    [SkillLifecycleManager] Skill hello-world state: LOADED -> INITIALIZING -> READY
    [SkillExecutor] Executing hello-world.greet with args: ["Claude"]
    "#);
}

#[test]
fn a_failure_a_limit_and_the_breaker() {
    let faulty = skill("faulty-skill");
    let events = [
        Event::Failed {
            skill: faulty.clone(),
            version: "1.0.0".parse().unwrap(),
            method: Some("willFail".into()),
            hook: None,
            message: "Intentional failure for testing".into(),
            stack: Some(
                "Error: Intentional failure for testing\n    at willFail (/w/index.js:3:11)\n"
                    .into(),
            ),
        },
        Event::Failed {
            skill: faulty.clone(),
            version: "1.0.0".parse().unwrap(),
            method: None,
            hook: Some(Hook::Init),
            message: "no\u{1b}[1m".into(),
            stack: Some("    at onInit (/w/index.js:1:1)".into()),
        },
        Event::LimitReached {
            skill: faulty.clone(),
            limit: Limit::CpuTime,
            value: 30,
        },
        Event::LimitReached {
            skill: faulty.clone(),
            limit: Limit::WallTime,
            value: 30,
        },
        Event::LimitReached {
            skill: faulty.clone(),
            limit: Limit::Memory,
            value: 500,
        },
        Event::BreakerOpened {
            skill: faulty.clone(),
            failures: 2,
        },
        Event::BreakerRejected {
            skill: faulty.clone(),
            seconds: 60,
        },
        Event::Retrying {
            skill: faulty,
            attempt: 2,
            delay_milliseconds: 100,
        },
    ];
    insta::assert_snapshot!(shown(&events), @r"
    [ErrorHandler] Caught error during skill execution:
      Skill: faulty-skill (v1.0.0)
      Method: willFail
      Error: Intentional failure for testing
      Stack: Error: Intentional failure for testing
        at willFail (/w/index.js:3:11)
    [ErrorHandler] Caught error during skill execution:
      Skill: faulty-skill (v1.0.0)
      Hook: onInit
      Error: no␛[1m
      Stack: no␛[1m
        at onInit (/w/index.js:1:1)
    [ResourceLimiter] Skill execution exceeded CPU time limit (30s)
    [SkillSandbox] Terminating skill execution: timeout
    [ResourceLimiter] Skill execution exceeded time limit (30s)
    [SkillSandbox] Terminating skill execution: timeout
    [ResourceLimiter] Skill execution exceeded memory limit (500MB)
    [SkillSandbox] Terminating skill execution: limit reached
    [CircuitBreaker] faulty-skill has failed 2 times, opening circuit
    [CircuitBreaker] Circuit open for faulty-skill, rejecting execution
    [CircuitBreaker] Circuit will close after 60 seconds or manual reset
    [RetryHandler] Trying faulty-skill again after 100ms (attempt 2)
    ");
}

#[test]
fn a_request_says_where_how_much_and_how_it_went() {
    let request = |verdict, reason: Option<&str>| {
        Event::NetworkRequest(NetworkRequest {
            skill: skill("fetcher"),
            version: "1.0.0".parse().unwrap(),
            protocol: "http".into(),
            method: Some("GET".into()),
            host: "api.test".into(),
            port: Some(80),
            path: Some("/v1".into()),
            address: None,
            bytes_sent: 310,
            bytes_received: 2048,
            milliseconds: 12.4,
            verdict,
            reason: reason.map(str::to_owned),
            given: Vec::new(),
            withheld: Vec::new(),
            unreadable: Vec::new(),
            omitted: 0,
        })
    };
    let look_up = Event::NetworkRequest(NetworkRequest {
        skill: skill("fetcher"),
        version: "1.0.0".parse().unwrap(),
        protocol: "name".into(),
        method: None,
        host: "evil.test".into(),
        port: None,
        path: None,
        address: None,
        bytes_sent: 0,
        bytes_received: 0,
        milliseconds: 0.0,
        verdict: RequestVerdict::Refused,
        reason: Some("no permission names this host".into()),
        given: vec!["A".into()],
        withheld: vec!["B".into()],
        unreadable: vec!["C".into()],
        omitted: 3,
    });
    insta::assert_snapshot!(shown(&[
        request(RequestVerdict::Allowed, None),
        request(RequestVerdict::Failed, Some("reset")),
        look_up,
    ]), @r"
    [NetworkBroker] GET api.test:80/v1 done in 12ms (310 bytes sent, 2048 received)
    [NetworkBroker] GET api.test:80/v1 failed after 12ms (310 bytes sent, 2048 received)
      Reason: reset
    [NetworkBroker] name evil.test refused
      Reason: no permission names this host
      The secret A went with it
      The secret B is not for this host: its placeholder went with it
      The TLS was the program's own, so C stayed a placeholder. With fetcher in `network.readTls` of your configuration, the broker reads it and puts the value in.
      3 requests before it are not shown: there were too many in a short time
    ");
}

#[test]
fn what_is_left_out_is_counted() {
    let omitted = |refused, unjudged| Event::ViolationsOmitted {
        skill: skill("malicious-skill"),
        call: "readFile".into(),
        refused,
        unjudged,
    };
    insta::assert_snapshot!(shown(&[omitted(150, 0), omitted(1, 3)]), @r"
    [SkillSandbox] malicious-skill tried more than is told
      Refusals left out: 150
    [SkillSandbox] malicious-skill tried more than is told
      Refusals left out: 1
      Attempts that nobody looked at: 3
    ");
}

#[test]
fn violations_name_the_guard_and_what_is_allowed() {
    let violation = |operation, allowed: &[&str]| {
        Event::Violation(Violation {
            skill: skill("malicious-skill"),
            version: "1.0.0".parse().unwrap(),
            call: "readFile".into(),
            layer: ViolationLayer::Kernel,
            operation,
            attempted: "../../etc/passwd".into(),
            resolved: "/etc/passwd".into(),
            allowed: allowed.iter().map(|path| (*path).to_owned()).collect(),
            permission: match operation {
                Operation::Read => Some(Permission::Filesystem {
                    paths: vec!["/etc/passwd".to_owned()],
                    access: FileAccess::Read,
                }),
                Operation::Exec => Some(Permission::Process {
                    commands: vec!["id".to_owned()],
                }),
                Operation::Call => Some(Permission::Mcp {
                    servers: vec!["time".to_owned()],
                    tools: vec!["now".to_owned()],
                }),
                Operation::Write | Operation::Connect | Operation::Privilege => None,
            },
            timestamp_milliseconds: 1_760_974_245_000,
        })
    };
    let audited = |operation| {
        Event::Audited(Audited {
            sequence: 7,
            timestamp_milliseconds: 1_760_974_245_000,
            skill: skill("malicious-skill"),
            operation,
            path: "/etc/passwd".into(),
        })
    };
    insta::assert_snapshot!(shown(&[
        violation(Operation::Read, &[]),
        audited(Operation::Read),
        violation(Operation::Write, &["./output", "./data"]),
        audited(Operation::Write),
        violation(Operation::Connect, &[]),
        audited(Operation::Connect),
        violation(Operation::Exec, &[]),
        audited(Operation::Exec),
        violation(Operation::Privilege, &[]),
        audited(Operation::Privilege),
        violation(Operation::Call, &[]),
        audited(Operation::Call),
    ]), @r#"
    [FilesystemGuard] Blocked unauthorized file access:
      Skill: malicious-skill (v1.0.0)
      Attempted path: ../../etc/passwd
      Allowed paths: [<none>]
      Blocked paths: [all system paths]
    [AuditLogger] SECURITY_VIOLATION: Unauthorized filesystem access attempt
      Skill: malicious-skill
      Path: /etc/passwd
      Timestamp: 2025-10-20T15:30:45Z
    [FilesystemGuard] Blocked unauthorized file access:
      Skill: malicious-skill (v1.0.0)
      Attempted path: ../../etc/passwd
      Allowed paths: [./output, ./data]
      Blocked paths: [all others]
    [AuditLogger] SECURITY_VIOLATION: Unauthorized filesystem access attempt
      Skill: malicious-skill
      Path: /etc/passwd
      Timestamp: 2025-10-20T15:30:45Z
    [NetworkGuard] Blocked unauthorized network access:
      Skill: malicious-skill (v1.0.0)
      Attempted address: ../../etc/passwd
      Allowed addresses: [<none>]
      Blocked addresses: [all addresses]
    [AuditLogger] SECURITY_VIOLATION: Unauthorized network access attempt
      Skill: malicious-skill
      Path: /etc/passwd
      Timestamp: 2025-10-20T15:30:45Z
    [ProcessIsolator] Blocked unauthorized program:
      Skill: malicious-skill (v1.0.0)
      Attempted program: ../../etc/passwd
      Allowed programs: [<none>]
      Blocked programs: [all programs]
      Permission that would allow it: {"type":"process","commands":["id"]}
    [AuditLogger] SECURITY_VIOLATION: Unauthorized program start attempt
      Skill: malicious-skill
      Path: /etc/passwd
      Timestamp: 2025-10-20T15:30:45Z
    [SkillSandbox] Blocked privileged system call:
      Skill: malicious-skill (v1.0.0)
      Attempted call: ../../etc/passwd
      Allowed privileges: [<none>]
      Blocked privileges: [all privileges]
    [AuditLogger] SECURITY_VIOLATION: Privileged system call attempt
      Skill: malicious-skill
      Path: /etc/passwd
      Timestamp: 2025-10-20T15:30:45Z
    [SkillSandbox] Blocked call of the runtime:
      Skill: malicious-skill (v1.0.0)
      Attempted call: ../../etc/passwd
      Allowed calls: [<none>]
      Blocked calls: [all calls]
      Permission that would allow it: {"type":"mcp","servers":["time"],"tools":["now"]}
    [AuditLogger] SECURITY_VIOLATION: Unauthorized call attempt
      Skill: malicious-skill
      Path: /etc/passwd
      Timestamp: 2025-10-20T15:30:45Z
    "#);
}

#[test]
fn a_reload_and_the_rest() {
    let hello = skill("hello-world");
    let lifecycle = |step| Event::Lifecycle {
        skill: hello.clone(),
        step,
    };
    insta::assert_snapshot!(shown(&[
        Event::ReloadDetected {
            skill: hello.clone()
        },
        lifecycle(LifecycleStep::Unloading),
        lifecycle(LifecycleStep::Loading),
        lifecycle(LifecycleStep::Activating),
        lifecycle(LifecycleStep::Deactivating),
        Event::Download {
            skill: hello.clone(),
            package: "lodash@4.17.21".into(),
            done: 1,
            total: 2,
        },
        Event::Note {
            skill: None,
            key: "no-such-key\n".into(),
            args: std::collections::BTreeMap::new(),
        },
    ]), @r"
    [HotReload] Detected changes in hello-world
    [SkillLifecycleManager] Unloading skill: hello-world
    [SkillLifecycleManager] Loading skill: hello-world
    [SkillLifecycleManager] Activating skill: hello-world
    [SkillLifecycleManager] Deactivating skill: hello-world
    [PackageManager] Stored lodash@4.17.21 (1 of 2)
    note: no-such-key␊
    ");
}

#[test]
fn the_ordinary_course_of_a_call_is_told_apart() {
    let changed = |states: &[SkillState]| {
        kind(&Event::StateChanged {
            skill: skill("x"),
            states: states.to_vec(),
        })
    };
    assert_eq!(
        changed(&[SkillState::Active, SkillState::Executing]),
        Kind::Course
    );
    assert_eq!(
        changed(&[SkillState::Executing, SkillState::Failed]),
        Kind::Component
    );
    let needed = Event::Needed {
        skill: skill("x"),
        operation: Operation::Call,
        what: "time/now".into(),
        permission: Permission::Mcp {
            servers: vec!["time".into()],
            tools: vec!["now".into()],
        },
    };
    assert_eq!(kind(&needed), Kind::Course);
    insta::assert_snapshot!(
        shown(&[needed]),
        @"[SkillSandbox] x did what may take a permission: call time/now"
    );
}

#[test]
fn long_arguments_are_shortened() {
    let args = json!(["é".repeat(5000)]);
    let text = shown(&[Event::Executing {
        skill: skill("x"),
        method: "m".into(),
        args,
    }]);
    assert!(text.chars().count() < MAX_ARGUMENTS + 100);
    assert!(text.ends_with("…\n"));
}
