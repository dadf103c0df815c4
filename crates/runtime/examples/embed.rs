//! A program with Mycelium inside: `embed FOLDER SKILL METHOD [ARGUMENT…]` runs one function.
//!
//! The program is its own launcher and worker, so the first thing it does is to look whether it was
//! started as one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_runtime::EventSink;
use mycelium_runtime::Folders;
use mycelium_runtime::RuntimeOptions;
use mycelium_runtime::blocking::SkillRuntime;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some(mycelium_sandbox::LAUNCHER_ARGUMENT) {
        return ExitCode::from(mycelium_sandbox::launcher::run(mycelium_worker::main));
    }
    let (Some(folder), Some(skill), Some(method)) = (first, arguments.next(), arguments.next())
    else {
        return ExitCode::from(2);
    };
    match run(folder.into(), &skill, method, arguments.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            write(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(
    workspace: PathBuf,
    skill: &str,
    method: String,
    arguments: Vec<String>,
) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = SkillRuntime::new(RuntimeOptions {
        program: std::env::current_exe()?,
        folders: Folders::below(&workspace.join(".mycelium")),
        system_config: "/etc/claude/skills.json".into(),
    })?;
    let context = RequestContext {
        home: workspace.clone(),
        session: "embed".to_owned(),
        environment: BTreeMap::new(),
        overrides: BTreeMap::new(),
        offline: false,
        package: None,
        workspace,
    };
    let events: EventSink = Arc::new(|event| write(&format!("{event:?}")));
    let request = ExecRequest {
        skill: skill.parse()?,
        method,
        args: Arguments::Positional(arguments.into_iter().map(Into::into).collect()),
        timeout_seconds: None,
        correlation_id: None,
        agent: None,
    };
    let report = runtime.execute(&context, request, &events);
    runtime.shutdown();
    write(&report.outcome?.to_string());
    Ok(())
}

fn write(line: &str) {
    use std::io::Write;
    // A reader that has gone is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{line}");
}
