//! `doctor`: whether everything works here.

use std::path::Path;

use mycelium_runtime::AttackOutcome;
use mycelium_runtime::DoctorReport;
use mycelium_runtime::Rung;
use mycelium_runtime::SandboxError;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use serde::Serialize;
use serde_json::json;

use crate::client::ClientError;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;

/// Less free space than this is worth a warning, in bytes.
const LOW_SPACE: u64 = 512 << 20;

pub(super) fn run(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let locale = session.output.locale();
    let mut checks = folders(session, locale);
    let folders = &session.surroundings.folders;
    let report = mycelium_runtime::doctor(&session.surroundings.program, &folders.state);
    checks.extend(sandbox(&report, locale));
    checks.push(disk(&folders.cache, locale));
    checks.push(daemon(session, locale));

    let worst = checks.iter().map(|check| check.status).max();
    let worst = worst.unwrap_or(Status::Good);
    let value = json!({ "status": worst, "checks": checks, "sandbox": report });
    session
        .output
        .result(&value, |page| describe(&checks, worst, page))?;
    Ok(match worst {
        Status::Good | Status::Caution => ExitStatus::Success,
        Status::Bad => ExitStatus::Internal,
    })
}

/// How a check went. Ordered: worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Good,
    Caution,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    status: Status,
    detail: String,
    /// What is less or different than usual.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What to do, if it is not good.
    help: Option<String>,
}

impl Check {
    fn new(name: &Text, status: Status, detail: &Text, locale: Locale) -> Self {
        let help = (status != Status::Good).then(|| detail.attribute("help", locale));
        Self {
            name: name.render(locale),
            status,
            detail: detail.render(locale),
            notes: Vec::new(),
            help,
        }
    }
}

/// Whether the program's folders can be written to, found out by writing.
fn folders(session: &Session<'_>, locale: Locale) -> Vec<Check> {
    let folders = &session.surroundings.folders;
    [
        ("state", &folders.state),
        ("cache", &folders.cache),
        ("data", &folders.data),
        ("sockets", &folders.sockets),
    ]
    .into_iter()
    .map(|(kind, path)| {
        let name = Text::new("doctor-folder").with("kind", kind);
        match probe(path) {
            Ok(()) => {
                let detail = Text::new("doctor-folder-good").with("path", path.display());
                Check::new(&name, Status::Good, &detail, locale)
            }
            Err(error) => {
                let detail = Text::new("doctor-folder-bad")
                    .with("path", path.display())
                    .with("reason", error);
                Check::new(&name, Status::Bad, &detail, locale)
            }
        }
    })
    .collect()
}

fn probe(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    tempfile::Builder::new()
        .prefix(".doctor-")
        .tempfile_in(folder)
        .map(drop)
}

/// What of the sandbox holds, found out by attacking it.
fn sandbox(report: &DoctorReport, locale: Locale) -> Vec<Check> {
    let mut remedies: Vec<_> = report
        .remedies
        .iter()
        .map(|remedy| {
            let text = Text::new(remedy.key()).with("command", remedy.command());
            text.render(locale)
        })
        .collect();
    let made = report.sandbox.iter();
    let layers = made.clone().flat_map(|sandbox| &sandbox.layers);
    let layers: Vec<_> = layers.map(ToString::to_string).collect();
    let notes = made.flat_map(|sandbox| &sandbox.notes);
    let detail = match (&report.failure, report.rung) {
        (None, Rung::Reduced) => {
            let reason = report.obstacle.as_ref().map(SandboxError::reason);
            let detail = Text::new("doctor-sandbox-reduced").with(
                "reason",
                reason.unwrap_or_else(|| "the kernel has no Landlock".to_owned()),
            );
            remedies.push(detail.attribute("help", locale));
            detail
        }
        (None, Rung::Full | Rung::None) => Text::new("doctor-sandbox-holds"),
        (Some(failure), _) => Text::new("doctor-sandbox-fails").with("reason", failure.reason()),
    }
    .with("rung", report.rung)
    .with("kernel", &report.kernel)
    .with("layers", layers.join(", "));
    let status = match report.rung {
        // Skills need all of it unless the configuration says otherwise.
        Rung::Full if report.failure.is_none() && remedies.is_empty() => Status::Good,
        Rung::Full if report.failure.is_none() => Status::Caution,
        Rung::Full | Rung::Reduced | Rung::None => Status::Bad,
    };
    let holds = Check {
        notes: notes.map(ToString::to_string).collect(),
        help: (!remedies.is_empty()).then(|| remedies.join(" ")),
        ..Check::new(&Text::new("doctor-sandbox"), status, &detail, locale)
    };
    if report.attacks.is_empty() {
        return vec![holds];
    }

    let succeeded: Vec<_> = report
        .attacks
        .iter()
        .filter(|attack| attack.outcome == AttackOutcome::Succeeded)
        .map(|attack| Text::new(attack.attack.key()).render(locale))
        .collect();
    let (status, detail) = match succeeded.is_empty() {
        true => (
            Status::Good,
            Text::new("doctor-attacks-refused").with("count", report.attacks.len()),
        ),
        false => (
            Status::Bad,
            Text::new("doctor-attacks-succeeded").with("attacks", succeeded.join("; ")),
        ),
    };
    let name = Text::new("doctor-attacks");
    vec![holds, Check::new(&name, status, &detail, locale)]
}

fn disk(folder: &Path, locale: Locale) -> Check {
    let name = Text::new("doctor-disk");
    let free = rustix::fs::statvfs(folder).map_or(0, |disk| disk.f_bavail * disk.f_frsize);
    let (status, key) = match free >= LOW_SPACE {
        true => (Status::Good, "doctor-disk-good"),
        false => (Status::Caution, "doctor-disk-low"),
    };
    let detail = Text::new(key)
        .with("free", free >> 20)
        .with("path", folder.display());
    Check::new(&name, status, &detail, locale)
}

/// Whether a daemon runs and answers. None has to run.
fn daemon(session: &Session<'_>, locale: Locale) -> Check {
    let name = Text::new("doctor-daemon");
    let found = session.transport.find(session.surroundings);
    let (status, detail) = match found {
        Ok(Some((_, hello))) => (
            Status::Good,
            Text::new("doctor-daemon-runs")
                .with("pid", hello.pid)
                .with("version", hello.version),
        ),
        Ok(None) => (Status::Good, Text::new("doctor-daemon-absent")),
        Err(error) => (Status::Bad, unreachable_daemon(error, locale)),
    };
    Check::new(&name, status, &detail, locale)
}

fn unreachable_daemon(error: ClientError, locale: Locale) -> Text {
    let report = ErrorReport::from(error);
    Text::new("doctor-daemon-bad").with("reason", report.message(locale))
}

fn describe(checks: &[Check], worst: Status, page: &mut Page) {
    let locale = page.look().locale;
    for check in checks {
        let (word, style) = match check.status {
            Status::Good => ("good", Style::Plain),
            Status::Caution => ("caution", Style::Caution),
            Status::Bad => ("bad", Style::Bad),
        };
        let status = Text::new("doctor-status").with("status", word);
        let text = Text::new("doctor-line")
            .with("status", format!("{:<8}", status.render(locale)))
            .with("name", &check.name)
            .with("detail", &check.detail);
        page.say_styled(style, &text);
        for note in &check.notes {
            let note = Text::new("note").with("text", note);
            page.line(format!("         {}", note.render(locale)));
        }
        if let Some(help) = &check.help {
            page.line(format!("         {help}"));
        }
    }
    page.blank();
    let (key, style) = match worst {
        Status::Good => ("doctor-good", Style::Good),
        Status::Caution => ("doctor-caution", Style::Caution),
        Status::Bad => ("doctor-bad", Style::Bad),
    };
    page.say_styled(style, &Text::new(key));
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::render::Look;

    #[test]
    fn folders_are_probed_by_writing() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        probe(&folder).unwrap();
        assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 0);
        fs_err::write(root.path().join("file"), "").unwrap();
        assert!(probe(&root.path().join("file/x")).is_err());
    }

    #[test]
    fn what_is_not_enforced_is_told_on_every_rung() {
        for (rung, begins) in [
            ("full", "warning  sandbox: full"),
            ("reduced", "FAILED   sandbox: reduced"),
        ] {
            let report: DoctorReport = serde_json::from_value(json!({
                "rung": rung,
                "kernel": "6.18",
                "privilege": null,
                "landlock_abi": 7,
                "cgroup": null,
                "sandbox": {
                    "rung": rung,
                    "layers": [{ "layer": "namespaces" }, { "layer": "landlock", "abi": 7 }],
                    "notes": [{ "note": "coarse" }, { "note": "no-proc" }],
                },
                "attacks": [],
                "obstacle": null,
                "failure": null,
                "remedies": ["stop-interception", "uncover-proc"],
            }))
            .unwrap();
            let mut page = Page::new(Look::default());
            describe(&sandbox(&report, Locale::EnUs), Status::Caution, &mut page);
            let text = page.render();
            assert!(text.starts_with(begins), "{text}");
            for told in [
                "(kernel 6.18; namespaces, Landlock ABI 7)",
                "\n         note: violations: coarse; what the engine stops is named",
                "\n         note: no `/proc`: programs",
                "`security.syscalls.intercept.…=false`",
                "`docker run --security-opt systempaths=unconfined …`",
            ] {
                assert!(text.contains(told), "{told} is not in {text}");
            }
        }
    }

    #[test]
    fn a_page_with_remedies() {
        let locale = Locale::EnUs;
        let bad = Text::new("doctor-folder-bad")
            .with("path", "/state")
            .with("reason", "Read-only file system");
        let name = Text::new("doctor-folder").with("kind", "state");
        let checks = [
            Check::new(&name, Status::Bad, &bad, locale),
            disk(Path::new("/nowhere/at/all"), locale),
            Check::new(
                &Text::new("doctor-daemon"),
                Status::Good,
                &Text::new("doctor-daemon-absent"),
                locale,
            ),
        ];
        let mut page = Page::new(Look::default());
        describe(&checks, Status::Bad, &mut page);
        insta::assert_snapshot!(page.render(), @r"
        FAILED   folder for state: /state cannot be written: Read-only file system
                 Change the folder's permissions, or name another one in the environment (XDG_STATE_HOME, XDG_CACHE_HOME, XDG_DATA_HOME, XDG_RUNTIME_DIR).
        warning  disk space: only 0MB free at /nowhere/at/all
                 Packages, logs and the registry need space; remove what you do not need.
        ok       daemon: does not run; the first command starts it

        Something does not work.
        ");
    }
}
