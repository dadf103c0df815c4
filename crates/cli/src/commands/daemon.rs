//! `daemon`: look after the daemon.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::DaemonStatus;
use mycelium_protocol::control::Reply;
use mycelium_types::ExitStatus;
use serde_json::json;

use super::logs;
use crate::arguments::DaemonAction;
use crate::client::ask_to_stop;
use crate::client::await_end;
use crate::error::Error;
use crate::render::Page;
use crate::render::Text;
use crate::render::uptime;
use crate::session::Session;
use crate::session::unexpected;

pub(super) fn run(action: DaemonAction, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    match action {
        DaemonAction::Status => status(session),
        DaemonAction::Start => start(session),
        DaemonAction::Stop => stop(session),
        DaemonAction::Logs(options) => logs::run(&options, session),
    }
}

fn status(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let Some((mut connection, _)) = session.transport.find(session.surroundings)? else {
        return absent(session);
    };
    let context = session.surroundings.context(session.settings);
    let interrupt = session.transport.interrupt();
    let status = match connection.request(context, Command::Status, interrupt, &mut |_| {})?? {
        Reply::Status(status) => status,
        other => return Err(unexpected(&other)),
    };
    let mut value = json!({ "running": true });
    if let (Some(value), serde_json::Value::Object(fields)) =
        (value.as_object_mut(), serde_json::to_value(&status)?)
    {
        value.extend(fields);
    }
    session
        .output
        .result(&value, |page| describe(&status, page))?;
    Ok(ExitStatus::Success)
}

fn start(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let (_, hello) = session
        .transport
        .connect(session.surroundings, session.settings)?;
    let value = json!({ "running": true, "pid": hello.pid, "version": hello.version });
    let text = Text::new("daemon-runs")
        .with("pid", hello.pid)
        .with("version", hello.version);
    session.output.result(&value, |page| page.say(&text))?;
    Ok(ExitStatus::Success)
}

fn stop(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let Some((connection, hello)) = session.transport.find(session.surroundings)? else {
        return absent(session);
    };
    let peer = connection.peer();
    let context = session.surroundings.context(session.settings);
    let interrupt = session.transport.interrupt();
    ask_to_stop(connection, context, interrupt)?;
    await_end(peer, interrupt)?;
    let value = json!({ "running": false, "pid": hello.pid });
    let text = Text::new("daemon-stopped").with("pid", hello.pid);
    session.output.result(&value, |page| page.say(&text))?;
    Ok(ExitStatus::Success)
}

fn absent(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let value = json!({ "running": false });
    let text = Text::new("daemon-absent");
    session.output.result(&value, |page| page.say(&text))?;
    Ok(ExitStatus::Success)
}

fn describe(status: &DaemonStatus, page: &mut Page) {
    let requests: Vec<_> = status
        .requests
        .iter()
        .map(|(command, count)| format!("{command} {count}"))
        .collect();
    let metrics = match status.metrics.as_slice() {
        [] => "none".to_owned(),
        addresses => addresses.join(", "),
    };
    let text = Text::new("daemon-status")
        .with("pid", status.pid)
        .with("version", &status.version)
        .with("uptime", uptime(status.uptime_seconds))
        .with("clients", status.clients)
        .with("instances", status.instances)
        .with("metrics", metrics)
        .with("requests", requests.join(", "));
    page.say(&text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Look;

    #[test]
    fn a_page_about_the_daemon() {
        let mut page = Page::new(Look::default());
        let mut status = DaemonStatus {
            pid: 42,
            version: "0.1.0".into(),
            uptime_seconds: 3_700,
            clients: 1,
            instances: 2,
            metrics: Vec::new(),
            requests: [("exec".to_owned(), 3), ("list".to_owned(), 1)].into(),
        };
        describe(&status, &mut page);
        status.metrics = vec!["127.0.0.1:9090".into()];
        describe(&status, &mut page);
        insta::assert_snapshot!(page.render(), @r"
        Daemon: process 42, version 0.1.0, up 1h 1m
        Clients: 1
        Running skills: 2
        Metrics: none
        Requests: exec 3, list 1
        Daemon: process 42, version 0.1.0, up 1h 1m
        Clients: 1
        Running skills: 2
        Metrics: 127.0.0.1:9090
        Requests: exec 3, list 1
        ");
    }
}
