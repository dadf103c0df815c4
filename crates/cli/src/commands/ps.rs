//! `ps`: what runs.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::ProcessReport;
use mycelium_types::ExitStatus;

use crate::arguments::Verbosity;
use crate::commands::info::describe_usage;
use crate::error::Error;
use crate::render::Page;
use crate::render::Table;
use crate::render::Text;
use crate::render::mebibytes;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let report = answer!(session.request(Command::Processes)?, Processes);
    let verbosity = session.output.verbosity();
    session
        .output
        .result(&report, |page| describe(&report, verbosity, page))?;
    Ok(ExitStatus::Success)
}

fn describe(report: &ProcessReport, verbosity: Verbosity, page: &mut Page) {
    let locale = page.look().locale;
    let launcher = report
        .launcher
        .map_or_else(|| "none".to_owned(), |launcher| launcher.pid.to_string());
    let text = Text::new("ps-processes")
        .with("daemon", report.daemon.pid)
        .with("launcher", launcher)
        .with("warm", report.warm.len());
    page.say(&text);
    if report.instances.is_empty() {
        page.say(&Text::new("ps-empty"));
        return;
    }
    page.blank();
    let head = Text::new("ps-table");
    let names = [
        "pid",
        "skill",
        "version",
        "session",
        "state",
        "engine",
        "memory",
        "cpu",
        "calls",
        "workspace",
    ];
    let mut table = Table::new(names.iter().map(|name| head.attribute(name, locale)));
    for instance in &report.instances {
        table.row([
            instance.pid.to_string(),
            instance.skill.to_string(),
            instance.version.to_string(),
            instance.session.clone().unwrap_or_else(|| "-".to_owned()),
            instance.state.to_string(),
            instance.engine.clone(),
            mebibytes(instance.memory_bytes),
            format!("{}ms", instance.cpu_milliseconds),
            instance.calls.to_string(),
            instance.workspace.display().to_string(),
        ]);
    }
    table.add_to(page);
    if verbosity == Verbosity::Verbose {
        for instance in &report.instances {
            page.blank();
            let text = Text::new("ps-usage")
                .with("pid", instance.pid)
                .with("skill", &instance.skill);
            page.say(&text);
            describe_usage(&instance.usage, page);
        }
    }
}

#[cfg(test)]
mod tests {
    use mycelium_protocol::control::Instance;
    use mycelium_protocol::control::LimitUsage;
    use mycelium_protocol::control::ProcessId;
    use mycelium_types::Limit;
    use mycelium_types::SkillState;

    use super::*;
    use crate::render::Look;
    use crate::render::envelope;

    fn report() -> ProcessReport {
        ProcessReport {
            daemon: ProcessId { pid: 10 },
            launcher: Some(ProcessId { pid: 11 }),
            warm: vec![ProcessId { pid: 12 }],
            instances: vec![Instance {
                skill: "hello-world".parse().unwrap(),
                version: "1.0.0".parse().unwrap(),
                session: Some("shell".into()),
                workspace: "/w".into(),
                state: SkillState::Active,
                pid: 13,
                engine: "quickjs".into(),
                memory_bytes: 3 << 20,
                cpu_milliseconds: 4,
                calls: 2,
                usage: vec![LimitUsage {
                    limit: Limit::Data,
                    used: Some(1.25),
                    value: 256,
                }],
            }],
        }
    }

    #[test]
    fn a_table_of_instances() {
        let mut page = Page::new(Look::default());
        describe(&report(), Verbosity::Verbose, &mut page);
        insta::assert_snapshot!(page.render(), @r"
        Daemon: process 10, launcher: process 11, warm workers: 1

        PID  SKILL        VERSION  SESSION  STATE   ENGINE   MEMORY  CPU  CALLS  WORKSPACE
        13   hello-world  1.0.0    shell    ACTIVE  quickjs  3MB     4ms  2      /w

        Process 13, hello-world uses:
          - dataMB: 1.25 of 256
        ");
    }

    #[test]
    fn the_json_object_has_the_documented_fields() {
        let value: serde_json::Value = serde_json::from_str(&envelope(&report()).unwrap()).unwrap();
        assert_eq!(value["daemon"]["pid"], 10);
        assert_eq!(value["launcher"]["pid"], 11);
        for field in ["skill", "version", "session", "state", "pid", "engine"] {
            assert!(value["instances"][0].get(field).is_some(), "{field}");
        }
    }
}
