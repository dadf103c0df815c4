//! The steps: the specification's demo, as data.

use std::borrow::Cow;

use serde_json::Value;

/// What shortens the time limit of a call in the quick demo. No other call has it: on a busy machine they may take as long.
const FAST_LIMIT: [&str; 2] = ["--timeout", "2"];

/// One step of the demo.
pub(super) struct Step {
    /// The key of its title.
    pub(super) title: &'static str,
    pub(super) actions: Vec<Action>,
}

/// One thing that is done.
pub(super) enum Action {
    /// A file is written, below the project's folder.
    Write {
        path: &'static str,
        content: Cow<'static, str>,
    },
    /// The program is run.
    Run {
        arguments: Vec<&'static str>,
        expectation: Expectation,
        /// Whether its failure leaves nothing to show.
        is_essential: bool,
    },
    /// The metrics endpoint is asked, and the lines with a word in them are shown.
    Scrape {
        pattern: &'static str,
        expectation: Expectation,
    },
}

/// What an action promises.
#[derive(Default)]
pub(super) struct Expectation {
    status: u8,
    shows: &'static [&'static str],
    hides: &'static [&'static str],
}

impl Expectation {
    /// What of the promise was not kept.
    pub(super) fn complaints(&self, status: u8, text: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        if status != self.status {
            complaints.push(format!("exit status {status} instead of {}", self.status));
        }
        let missing = self.shows.iter().filter(|part| !text.contains(**part));
        complaints.extend(missing.map(|part| format!("does not show `{part}`")));
        let leaked = self.hides.iter().filter(|part| text.contains(**part));
        complaints.extend(leaked.map(|part| format!("shows `{part}`")));
        complaints
    }
}

impl Action {
    pub(super) fn expectation(&self) -> &Expectation {
        const NOTHING: &Expectation = &Expectation {
            status: 0,
            shows: &[],
            hides: &[],
        };
        match self {
            Self::Write { .. } => NOTHING,
            Self::Run { expectation, .. } | Self::Scrape { expectation, .. } => expectation,
        }
    }

    pub(super) fn is_essential(&self) -> bool {
        matches!(
            self,
            Self::Run {
                is_essential: true,
                ..
            }
        )
    }
}

/// All steps. `port` serves the metrics; `fast` shortens the time limit that one step waits for.
pub(super) fn steps(port: u16, fast: bool) -> Vec<Step> {
    let mut timing_out = vec!["exec", "faulty-skill", "willTimeout"];
    if fast {
        timing_out.extend(FAST_LIMIT);
    }
    vec![
        Step {
            title: "demo-setup",
            actions: vec![
                write(".claude/skills.json", configuration(port)),
                run(&["trust", "--yes"], 0, &["is trusted"]),
            ],
        },
        Step {
            title: "demo-step-1",
            actions: vec![
                write(
                    "custom-skills/hello-world/skill.json",
                    include_str!("files/hello-world/skill.json"),
                ),
                write(
                    "custom-skills/hello-world/index.js",
                    include_str!("files/hello-world/index.js"),
                ),
            ],
        },
        Step {
            title: "demo-step-2",
            actions: vec![run(
                &["discover"],
                0,
                &[
                    "Found 8 skills:",
                    "- agent-discovery (v1.0.0) - ",
                    "- capability-mapper (v1.0.0) - ",
                    "- collaboration-router (v1.0.0) - ",
                    "- expertise-analyzer (v1.0.0) - ",
                    "- hello-world (v1.0.0) - newly discovered",
                    "- skill-infrastructure-demo (v1.0.0) - ",
                    "- task-delegator (v1.0.0) - ",
                    "- workflow-orchestrator (v1.0.0) - ",
                    "Discovery completed in ",
                ],
            )],
        },
        Step {
            title: "demo-step-3",
            actions: vec![run(
                &["info", "hello-world"],
                0,
                &[
                    "Skill: hello-world (v1.0.0)",
                    "- lodash@^4.17.21",
                    "- filesystem: write access to ./output",
                    "- greet(name",
                    "- farewellAsync(name",
                    "- onInit: implemented",
                    "- onUnload: implemented",
                ],
            )],
        },
        Step {
            title: "demo-step-4",
            actions: vec![
                essential(run(
                    &["exec", "hello-world", "greet", "Claude"],
                    0,
                    &[
                        "[hello-world] Initializing...",
                        "Result: \"Hello, Claude! (Greeting #1)\"",
                    ],
                )),
                run(
                    &["exec", "hello-world", "greet", "Infrastructure"],
                    0,
                    &["Result: \"Hello, Infrastructure! (Greeting #2)\""],
                ),
                run(
                    &["exec", "hello-world", "farewellAsync", "Demo"],
                    0,
                    &["Result: \"Goodbye, Demo. Thanks for using the skill infrastructure!\""],
                ),
            ],
        },
        Step {
            title: "demo-step-5",
            actions: vec![
                run(&["metrics"], 0, &["Total executions: 3", "Total errors: 0"]),
                scrape(
                    "skill_",
                    &[
                        "skill_load_time_ms_bucket",
                        "skill_execution_time_ms_bucket",
                        "skill_error_count_total",
                        "skill_active_count",
                        "skill_dependency_cache_hit_rate",
                    ],
                ),
            ],
        },
        Step {
            title: "demo-step-6",
            actions: vec![
                write(
                    "custom-skills/faulty-skill/skill.json",
                    include_str!("files/faulty-skill/skill.json"),
                ),
                write(
                    "custom-skills/faulty-skill/index.js",
                    include_str!("files/faulty-skill/index.js"),
                ),
                run(
                    &["discover"],
                    0,
                    &["- faulty-skill (v1.0.0) - newly discovered"],
                ),
                run(
                    &["exec", "faulty-skill", "willFail"],
                    1,
                    &[
                        "Error: Intentional failure for testing",
                        "custom-skills/faulty-skill/index.js:3:",
                        "Error Code: SKILL_EXECUTION_ERROR",
                        "Execution failed after ",
                    ],
                ),
                run(
                    &timing_out,
                    7,
                    &[
                        "[SkillSandbox] Terminating skill execution: timeout",
                        "[CircuitBreaker] faulty-skill has failed 2 times, opening circuit",
                        "Error Code: SKILL_TIMEOUT",
                    ],
                ),
                run(
                    &["exec", "faulty-skill", "willFail"],
                    8,
                    &[
                        "[CircuitBreaker] Circuit open for faulty-skill, rejecting execution",
                        "Error Code: CIRCUIT_BREAKER_OPEN",
                        "Execution blocked",
                    ],
                ),
            ],
        },
        Step {
            title: "demo-step-7",
            actions: vec![
                write(
                    "custom-skills/hello-world/index.js",
                    include_str!("files/hello-world/index-v2.js"),
                ),
                run(
                    &["reload", "hello-world"],
                    0,
                    &[
                        "[HotReload] Detected changes in hello-world",
                        "[hello-world] Unloading. Total greetings: 2",
                        "[hello-world] Initializing v2...",
                        "Hot reload completed in ",
                    ],
                ),
                run(
                    &["exec", "hello-world", "greet", "HotReload"],
                    0,
                    &[
                        "Result: \"Hello, Hotreload! Welcome to the amazing skill infrastructure! \
                         (Greeting #1)\"",
                    ],
                ),
            ],
        },
        Step {
            title: "demo-step-8",
            actions: vec![
                write(
                    "custom-skills/malicious-skill/skill.json",
                    include_str!("files/malicious-skill/skill.json"),
                ),
                write(
                    "custom-skills/malicious-skill/index.js",
                    include_str!("files/malicious-skill/index.js"),
                ),
                run(&["discover"], 0, &["- malicious-skill (v1.0.0)"]),
                Action::Run {
                    arguments: vec!["exec", "malicious-skill", "readSensitiveFile"],
                    expectation: Expectation {
                        status: 5,
                        shows: &[
                            "[FilesystemGuard] Blocked unauthorized file access:",
                            "Attempted path: /etc/passwd",
                            "Error Code: SECURITY_VIOLATION",
                            "Execution blocked by security policy",
                        ],
                        hides: &["root:"],
                    },
                    is_essential: false,
                },
            ],
        },
        Step {
            title: "demo-cleanup",
            actions: vec![
                run(
                    &["unload", "--all"],
                    0,
                    &[
                        "[hello-world] Unloading. Total greetings: 1",
                        "[SkillLifecycleManager] All skills unloaded successfully",
                        "Total cleanup time: ",
                    ],
                ),
                scrape(
                    "skill_execution_time_ms_count",
                    &["skill_execution_time_ms_count"],
                ),
            ],
        },
    ]
}

fn write(path: &'static str, content: impl Into<Cow<'static, str>>) -> Action {
    Action::Write {
        path,
        content: content.into(),
    }
}

fn run(arguments: &[&'static str], status: u8, shows: &'static [&'static str]) -> Action {
    Action::Run {
        arguments: arguments.to_vec(),
        expectation: Expectation {
            status,
            shows,
            hides: &[],
        },
        is_essential: false,
    }
}

fn essential(action: Action) -> Action {
    match action {
        Action::Run {
            arguments,
            expectation,
            ..
        } => Action::Run {
            arguments,
            expectation,
            is_essential: true,
        },
        other => other,
    }
}

fn scrape(pattern: &'static str, shows: &'static [&'static str]) -> Action {
    Action::Scrape {
        pattern,
        expectation: Expectation {
            shows,
            ..Expectation::default()
        },
    }
}

/// The specification's configuration, with another port where need be.
fn configuration(port: u16) -> Cow<'static, str> {
    const TEXT: &str = include_str!("files/skills.json");
    let Ok(mut value) = serde_json::from_str::<Value>(TEXT) else {
        return TEXT.into();
    };
    let unchanged = value.clone();
    value["monitoring"]["metricsPort"] = port.into();
    match value == unchanged {
        true => TEXT.into(),
        false => format!("{value:#}\n").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_the_specifications_unless_it_must_differ() {
        assert_eq!(configuration(9090), include_str!("files/skills.json"));
        let value: Value = serde_json::from_str(&configuration(9091)).unwrap();
        assert_eq!(value["monitoring"]["metricsPort"], 9091);
        assert_eq!(value["security"]["maxMemoryMB"], 500);
    }

    #[test]
    fn a_promise_that_is_not_kept_is_told() {
        let expectation = Expectation {
            status: 5,
            shows: &["a", "b"],
            hides: &["root:"],
        };
        assert!(expectation.complaints(5, "a b").is_empty());
        assert_eq!(
            expectation.complaints(0, "a root:x"),
            [
                "exit status 0 instead of 5",
                "does not show `b`",
                "shows `root:`"
            ]
        );
    }

    #[test]
    fn all_steps_have_a_title() {
        use mycelium_types::Locale;
        use mycelium_types::Message;
        let steps = steps(9090, false);
        assert_eq!(steps.len(), 10);
        for step in steps {
            assert_ne!(Message::new(step.title).render(Locale::EnUs), step.title);
            assert!(!step.actions.is_empty());
        }
    }
}
