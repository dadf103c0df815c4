//! `trace`: run a method under observation, and say what the skill has to ask for.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::ObservedUse;
use mycelium_protocol::control::TraceReport;
use mycelium_protocol::control::TraceRequest;
use mycelium_types::ExitStatus;
use mycelium_types::FileAccess;
use mycelium_types::Locale;
use mycelium_types::Permission;
use serde_json::Value;
use serde_json::json;

use super::exec;
use crate::arguments::Format;
use crate::arguments::TraceOptions;
use crate::error::Error;
use crate::render::Footer;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(options: TraceOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let access = match options.write {
        true => FileAccess::Write,
        false => FileAccess::Read,
    };
    let request = TraceRequest {
        call: exec::request(options.call, session)?,
        access,
    };
    let shown = Text::new("trace-shown").with("access", access.as_str());
    session.output.note(&shown);
    let report = *answer!(session.request(Command::Trace(request))?, Trace);
    let locale = session.output.locale();
    session.output.result(&value(&report, locale), |page| {
        match options.diff {
            true => compare(&report, page),
            false => describe(&report, page),
        };
    })?;
    let Err(error) = &report.exec.outcome else {
        return Ok(ExitStatus::Success);
    };
    if session.output.format() == Format::Human {
        let milliseconds = report.exec.milliseconds;
        session
            .output
            .failure(error, Footer::Call { milliseconds })?;
    }
    Ok(error.code.exit_status())
}

fn describe(report: &TraceReport, page: &mut Page) {
    page.say(&Text::new("trace-observed").with("count", report.observed.len()));
    for one in &report.observed {
        page.block(Style::Plain, "  ", &words(one, page.look().locale));
    }
    page.blank();
    page.block(Style::Plain, "", &block(&report.permissions));
    if !report.unseen.is_empty() {
        page.blank();
        tell_unseen(report, page);
    }
    tell_incomplete(report, page);
}

fn tell_incomplete(report: &TraceReport, page: &mut Page) {
    if report.incomplete {
        page.blank();
        page.say(&Text::new("trace-incomplete"));
    }
}

fn tell_unseen(report: &TraceReport, page: &mut Page) {
    page.say(&Text::new("trace-unseen"));
    for permission in &report.unseen {
        page.block(Style::Plain, "  ", &line(permission));
    }
}

fn words(observed: &ObservedUse, locale: Locale) -> String {
    let verdict = match observed.allowed {
        true => "allowed",
        false => "refused",
    };
    Text::new("trace-use")
        .with("operation", observed.operation.as_str())
        .with("what", &observed.what)
        .with("verdict", verdict)
        .render(locale)
}

/// The lines of a manifest.
fn block(permissions: &[Permission]) -> String {
    let lines: Vec<_> = permissions.iter().map(line).collect();
    match lines.as_slice() {
        [] => "\"permissions\": []".to_owned(),
        lines => format!("\"permissions\": [\n  {}\n]", lines.join(",\n  ")),
    }
}

fn line(permission: &Permission) -> String {
    // Texts and lists of texts can always be written.
    serde_json::to_string(permission).unwrap_or_default()
}

fn compare(report: &TraceReport, page: &mut Page) {
    if report.unused.is_empty() && report.missing.is_empty() && report.unseen.is_empty() {
        page.say(&Text::new("trace-equal"));
    }
    for (key, sign, permissions) in [
        ("trace-unused", "- ", &report.unused),
        ("trace-missing", "+ ", &report.missing),
    ] {
        if permissions.is_empty() {
            continue;
        }
        page.say(&Text::new(key));
        for permission in permissions {
            page.block(Style::Plain, "  ", &format!("{sign}{}", line(permission)));
        }
    }
    if !report.unseen.is_empty() {
        tell_unseen(report, page);
    }
    tell_incomplete(report, page);
}

/// The report with the call as `exec` tells it.
fn value(report: &TraceReport, locale: Locale) -> Value {
    json!({
        "call": exec::value(&report.exec, locale),
        "observed": report.observed,
        "permissions": report.permissions,
        "unused": report.unused,
        "missing": report.missing,
        "unseen": report.unseen,
        "incomplete": report.incomplete,
    })
}

#[cfg(test)]
mod tests {
    use mycelium_protocol::Operation;
    use mycelium_protocol::control::ExecReport;

    use super::*;
    use crate::render::Look;

    fn report() -> TraceReport {
        let reading = |path: &str| Permission::Filesystem {
            paths: vec![path.to_owned()],
            access: FileAccess::Read,
        };
        TraceReport {
            exec: ExecReport {
                skill: "reader".parse().unwrap(),
                version: None,
                method: "read".into(),
                outcome: Ok(json!(1)),
                tool_result: None,
                correlation_id: "c-1".into(),
                attempts: 1,
                milliseconds: 1.0,
                cpu_microseconds: None,
                memory_bytes: None,
            },
            observed: vec![
                ObservedUse {
                    operation: Operation::Read,
                    what: "/w/docs/\u{1b}a".into(),
                    allowed: true,
                },
                ObservedUse {
                    operation: Operation::Connect,
                    what: "192.0.2.1:443".into(),
                    allowed: false,
                },
            ],
            permissions: vec![
                reading("./docs"),
                Permission::Network {
                    hosts: vec!["192.0.2.1:443".into()],
                    methods: Vec::new(),
                },
            ],
            unused: vec![reading("./unused")],
            missing: vec![reading("./docs")],
            unseen: Vec::new(),
            incomplete: false,
        }
    }

    fn shown(tell: fn(&TraceReport, &mut Page), report: &TraceReport) -> String {
        let mut page = Page::new(Look::default());
        tell(report, &mut page);
        page.render()
    }

    #[test]
    fn what_was_seen_comes_first_and_then_the_lines_of_a_manifest() {
        insta::assert_snapshot!(shown(describe, &report()), @r#"
        What it used and tried:
          read /w/docs/␛a
          refused: connect 192.0.2.1:443

        "permissions": [
          {"type":"filesystem","paths":["./docs"],"access":"read"},
          {"type":"network","hosts":["192.0.2.1:443"]}
        ]
        "#);
        let mut hidden = report();
        hidden.observed.clear();
        hidden.permissions = vec![Permission::Git {
            access: FileAccess::Read,
        }];
        hidden.unseen = hidden.permissions.clone();
        hidden.incomplete = true;
        insta::assert_snapshot!(shown(describe, &hidden), @r#"
        It used nothing that takes a permission.

        "permissions": [
          {"type":"git","access":"read"}
        ]

        Asked for, and kept because nobody can see whether it is used:
          {"type":"git","access":"read"}

        It did more than is kept of one call: something may be missing above, or be listed as not used.
        "#);
        let mut nothing = report();
        nothing.observed.clear();
        nothing.permissions.clear();
        insta::assert_snapshot!(shown(describe, &nothing), @r#"
        It used nothing that takes a permission.

        "permissions": []
        "#);
    }

    #[test]
    fn a_comparison_has_what_is_too_much_and_what_is_missing() {
        let mut report = report();
        insta::assert_snapshot!(shown(compare, &report), @r#"
        Asked for and not used:
          - {"type":"filesystem","paths":["./unused"],"access":"read"}
        Used or tried and not asked for:
          + {"type":"filesystem","paths":["./docs"],"access":"read"}
        "#);
        report.unused.clear();
        report.missing.clear();
        insta::assert_snapshot!(shown(compare, &report), @"The manifest asks for what was used and tried, and nothing else.");
        report.unseen = vec![Permission::Git {
            access: FileAccess::Read,
        }];
        insta::assert_snapshot!(shown(compare, &report), @r#"
        Asked for, and kept because nobody can see whether it is used:
          {"type":"git","access":"read"}
        "#);
    }
}
