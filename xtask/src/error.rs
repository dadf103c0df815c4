//! Why a chore could not be done.

use std::io;
use std::process::ExitStatus;

/// Why a chore could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    /// A program could not be started.
    #[error("`{program}` cannot be started")]
    Start {
        /// The program and its arguments.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program failed.
    #[error("`{program}` failed: {status}")]
    Program {
        /// The program and its arguments.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program said something that cannot be understood.
    #[error("what `{program}` says cannot be understood")]
    Answer {
        /// The program and its arguments.
        program: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// A check found something.
    #[error("{}", .findings.join("\n\n"))]
    Findings {
        /// What it found.
        findings: Vec<String>,
    },
}

impl ChoreError {
    /// One finding.
    pub(crate) fn finding(text: impl Into<String>) -> Self {
        Self::Findings {
            findings: vec![text.into()],
        }
    }

    /// Success if there are no findings.
    pub(crate) fn of_findings(findings: Vec<String>) -> Result<(), Self> {
        if findings.is_empty() {
            Ok(())
        } else {
            Err(Self::Findings { findings })
        }
    }
}
