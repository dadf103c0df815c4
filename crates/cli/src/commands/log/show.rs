//! `log` and `log export`: entries for people and programs.

use std::collections::VecDeque;
use std::io;

use mycelium_audit::AuditFolder;
use mycelium_audit::Entry;
use mycelium_audit::Follower;
use mycelium_audit::Level;
use mycelium_audit::Line;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Timestamp;
use mycelium_types::printable_path;
use serde_json::Value;

use super::super::watch::Watch;
use super::verify;
use crate::arguments::AuditFilter;
use crate::arguments::AuditOptions;
use crate::arguments::ExportFormat;
use crate::client::ClientError;
use crate::client::Wait;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::render::result_text;
use crate::session::Session;

/// How many entries are shown if nothing is said.
const LATEST: usize = 100;

pub(super) fn run(
    folder: &AuditFolder,
    options: &AuditOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    // Watched before it is read, so that nothing between the two is missed.
    let watch = match options.follow {
        true => Some(watch(folder).map_err(Error::File)?),
        false => None,
    };
    let filter = &options.filter;
    let most = match (options.lines, filter.since) {
        (Some(lines), _) => lines,
        (None, Some(_)) => usize::MAX,
        (None, None) => LATEST,
    };
    let (latest, mut follower) = latest(folder, filter, most).map_err(Error::File)?;
    if latest.is_empty() && watch.is_none() {
        session.output.note(&Text::new("log-empty"));
    }
    for line in &latest {
        show(line, session)?;
    }
    let Some(mut watch) = watch else {
        return Ok(ExitStatus::Success);
    };
    loop {
        let mut added = Vec::new();
        let read = follower.read(|line| added.extend(Some(line).filter(|line| fits(filter, line))));
        read.map_err(Error::File)?;
        for line in &added {
            show(line, session)?;
        }
        let wait = session.transport.interrupt().wait(watch.descriptor(), None);
        if wait.map_err(ClientError::Wait)? == Wait::Interrupted {
            return Err(ClientError::Interrupted.into());
        }
        watch.forget().map_err(Error::File)?;
    }
}

fn watch(folder: &AuditFolder) -> io::Result<Watch> {
    // It may be that nothing has been recorded yet.
    folder.make()?;
    Watch::of_folder(folder.path())
}

/// Writes the log as one JSON document, with what verifying it gave. An entry at a time: the log may be large.
pub(super) fn export(
    folder: &AuditFolder,
    format: ExportFormat,
    filter: &AuditFilter,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    match format {
        ExportFormat::Json => {}
    }
    let verification = mycelium_audit::verify(folder, &[], None).map_err(ErrorReport::from)?;
    let verification = result_text(&verify::value(&verification)?);
    let now = Timestamp::now();
    session.output.plain(&format!(
        "{{\"schema_version\":1,\"exported\":\"{now}\",\"verification\":{verification},\"entries\":["
    ))?;
    let mut outcome = Ok(());
    let mut separator = "\n";
    for number in folder.numbers().map_err(Error::File)? {
        let mut follower = Follower::from_file(folder, number);
        let read = follower.read_file(|line| {
            if let Line::Entry(entry) = &line
                && outcome.is_ok()
                && fits(filter, &line)
            {
                outcome = entry_text(entry)
                    .and_then(|text| session.output.plain(&format!("{separator}{text}")));
                separator = ",\n";
            }
        });
        read.map_err(Error::File)?;
        std::mem::replace(&mut outcome, Ok(()))?;
    }
    session.output.plain("\n]}\n")?;
    Ok(ExitStatus::Success)
}

fn entry_text(entry: &Entry) -> Result<String, Error> {
    Ok(result_text(&serde_json::to_value(entry)?))
}

/// The last lines that fit, at most so many, and whoever reads on behind them. Files are looked at from the
/// last one back, as far as needed.
fn latest(
    folder: &AuditFolder,
    filter: &AuditFilter,
    most: usize,
) -> io::Result<(VecDeque<Line>, Follower)> {
    let numbers = folder.numbers()?;
    let mut found = VecDeque::new();
    let mut end = None;
    for number in numbers.iter().rev() {
        let mut follower = Follower::from_file(folder, *number);
        let mut lines = VecDeque::new();
        let mut first = None;
        follower.read_file(|line| {
            if let Line::Entry(entry) = &line {
                first.get_or_insert(entry.time);
            }
            if fits(filter, &line) {
                lines.push_back(line);
                if lines.len() > most {
                    lines.pop_front();
                }
            }
        })?;
        for line in lines.into_iter().rev().take(most - found.len()) {
            found.push_front(line);
        }
        end.get_or_insert(follower);
        if found.len() >= most || first < filter.since {
            break;
        }
    }
    let end = end.unwrap_or_else(|| Follower::from_file(folder, 1));
    Ok((found, end))
}

fn fits(filter: &AuditFilter, line: &Line) -> bool {
    let Line::Entry(entry) = line else {
        return true;
    };
    let is_skill = filter
        .skill
        .as_ref()
        .is_none_or(|skill| entry.subject.skill.as_ref() == Some(skill));
    is_skill && filter.since.is_none_or(|since| entry.time >= since)
}

fn show(line: &Line, session: &mut Session<'_>) -> Result<(), Error> {
    match line {
        Line::Entry(entry) => session.output.result(entry, |page| describe(entry, page)),
        Line::Unreadable { file, line } => {
            let text = Text::new("log-unreadable")
                .with("file", printable_path(file))
                .with("line", line);
            session.output.note(&text);
            Ok(())
        }
    }
}

/// One line: when, what kind, about what, and the details as `name=value`.
fn describe(entry: &Entry, page: &mut Page) {
    let Entry {
        time,
        kind,
        subject,
        ..
    } = entry;
    let mut text = format!("{time:.0} {kind}");
    match (&subject.skill, &subject.version, &subject.workspace) {
        (Some(skill), Some(version), _) => text.push_str(&format!(" {skill}@{version}")),
        (Some(skill), None, _) => text.push_str(&format!(" {skill}")),
        (None, _, Some(workspace)) => text.push_str(&format!(" {workspace}")),
        (None, _, None) => {}
    }
    if let Value::Object(detail) = &entry.detail {
        for (name, value) in detail {
            match value {
                Value::Null => {}
                Value::String(value) => text.push_str(&format!(" {name}={value}")),
                value => text.push_str(&format!(" {name}={}", result_text(value))),
            }
        }
    }
    if let Some(session) = &subject.session {
        text.push_str(&format!(" session={session}"));
    }
    let style = match entry.level {
        Level::Security => Style::Caution,
        Level::Ordinary => Style::Plain,
    };
    page.styled(style, text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::Look;

    #[test]
    fn an_entry_is_one_line() {
        let entry: Entry = serde_json::from_value(json!({
            "sequence": 7, "time": "2025-10-20T15:30:45.250Z", "level": "security",
            "kind": "violation", "workspace": "/w", "session": "a\nb", "skill": "demo",
            "version": "1.0.0",
            "detail": {"operation": "read", "resolved": "/etc/\u{1b}[2J", "allowed": [], "none": null},
            "previous": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        }))
        .unwrap();
        let mut page = Page::new(Look::default());
        describe(&entry, &mut page);
        insta::assert_snapshot!(
            page.render(),
            @"2025-10-20T15:30:45Z violation demo@1.0.0 operation=read resolved=/etc/␛[2J allowed=[] session=a␊b"
        );
    }
}
