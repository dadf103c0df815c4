//! A log in a folder of its own.

use std::path::Path;

use mycelium_audit::AuditEvent;
use mycelium_audit::AuditFolder;
use mycelium_audit::AuditLog;
use mycelium_audit::AuditSettings;
use mycelium_audit::Entry;
use mycelium_audit::Finding;
use mycelium_audit::Follower;
use mycelium_audit::Line;
use mycelium_audit::Outcome;
use mycelium_audit::Record;
use mycelium_audit::Subject;
use mycelium_audit::Verification;
use mycelium_audit::verify;
use serde_json::json;

pub(crate) struct Scene {
    root: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn state(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn folder(&self) -> AuditFolder {
        AuditFolder::below(self.root.path())
    }

    pub(crate) fn log(&self) -> AuditLog {
        AuditLog::new(AuditSettings::new(self.folder()))
    }

    /// A log with small files and many checkpoints.
    pub(crate) fn small(&self) -> AuditLog {
        AuditLog::new(AuditSettings {
            max_file: 2000,
            checkpoint_every: 7,
            ..AuditSettings::new(self.folder())
        })
    }

    /// A closed log with these many calls in it.
    pub(crate) fn written(&self, calls: usize) {
        let log = self.small();
        for number in 0..calls {
            log.record(&call(&format!("m{number}"))).wait().unwrap();
        }
        log.close();
    }

    pub(crate) fn verify(&self) -> Verification {
        verify(&self.folder(), &[], None).unwrap()
    }

    /// The first thing wrong: the number of the entry, and what it is.
    pub(crate) fn problem(&self) -> Option<(u64, Finding)> {
        let (place, finding) = self.verify().problem?;
        Some((place.sequence, finding))
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut follower = Follower::from_file(&self.folder(), 1);
        follower
            .read(|line| match line {
                Line::Entry(entry) => entries.push(*entry),
                Line::Unreadable { file, line } => panic!("{}:{line}", file.display()),
            })
            .unwrap();
        entries
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.entries().into_iter().map(|entry| entry.kind).collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.kinds().iter().filter(|there| *there == kind).count()
    }
}

pub(crate) fn call(method: &str) -> Record {
    Record {
        subject: Subject {
            workspace: Some("/w".to_owned()),
            session: Some("shell".to_owned()),
            skill: Some("demo".parse().unwrap()),
            version: Some("1.0.0".parse().unwrap()),
            ..Subject::default()
        },
        event: AuditEvent::Call {
            method: method.to_owned(),
            arguments: json!(["Claude"]),
            outcome: Outcome::Done,
            attempts: 1,
            milliseconds: 1.25,
        },
    }
}

pub(crate) fn violation() -> Record {
    Record {
        event: AuditEvent::Violation {
            call: "readFile".to_owned(),
            layer: "engine".to_owned(),
            operation: "read".to_owned(),
            attempted: "/etc/passwd".to_owned(),
            resolved: "/etc/passwd".to_owned(),
            allowed: Vec::new(),
            permission: None,
        },
        ..call("")
    }
}
