//! What else the executable can be, told by a hidden first argument.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use mycelium_config::Configuration;
use mycelium_config::ConfigurationFiles;
use mycelium_config::ConfigurationSources;
use mycelium_server::DaemonOptions;
use mycelium_types::ExitStatus;

use crate::arguments::Settings;
use crate::client::Surroundings;
use crate::client::environment;
use crate::error::Error;

/// What the executable is, other than the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Personality {
    /// The process that makes sandboxes; workers are forked from it.
    Launcher,
    /// The process that holds all state.
    Daemon,
}

/// The personality that a first argument asks for.
pub(crate) fn of_argument(argument: &OsStr) -> Option<Personality> {
    if argument == mycelium_worker::LAUNCHER_ARGUMENT {
        Some(Personality::Launcher)
    } else if argument == mycelium_server::DAEMON_ARGUMENT {
        Some(Personality::Daemon)
    } else {
        None
    }
}

impl Personality {
    pub(crate) fn run(self) -> ExitCode {
        match self {
            Self::Launcher => ExitCode::from(mycelium_worker::launch()),
            Self::Daemon => daemon(),
        }
    }
}

fn daemon() -> ExitCode {
    // What its starter had open, a pipe that somebody waits for the end of, say, must not stay open for
    // as long as the daemon lives.
    if let Err(error) = mycelium_runtime::close_inherited() {
        let _ = writeln!(std::io::stderr(), "descriptors stay open: {error}");
    }
    // The terminal it was started from must not end it. It fails only for a process that leads a group,
    // which nobody's child does at its start.
    let _ = rustix::process::setsid();
    match options() {
        Ok(options) => mycelium_server::run(options),
        Err(error) => {
            // Standard error is the log, and the last line of the log is what the starter shows.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(ExitStatus::Internal as u8)
        }
    }
}

fn options() -> Result<DaemonOptions, Error> {
    let Surroundings {
        environment,
        home,
        folders,
        program,
        workspace,
        ..
    } = Surroundings::look(environment(), &Settings::default())?;
    let files = ConfigurationFiles {
        // The daemon belongs to no project.
        project: PathBuf::new(),
        ..ConfigurationFiles::standard(&workspace, &home)
    };
    // What is wrong in these files is told to whoever asks for something they are needed for.
    let reading = Configuration::load(&ConfigurationSources {
        files: &files,
        trust: Default::default(),
        environment: &environment,
        overrides: &[],
    });
    Ok(DaemonOptions {
        program,
        folders,
        system_config: files.system,
        idle: Duration::from_secs(reading.configuration.daemon.idle_seconds),
    })
}
