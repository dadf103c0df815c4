//! The folder the demo plays in.

use std::collections::BTreeMap;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable_path;
use tempfile::TempDir;

use super::tell;
use crate::client::ClientError;
use crate::client::Wait;
use crate::error::Error;
use crate::render::line;
use crate::session::Session;

/// Variables that would lead a command of the demo to files of the person.
const PRIVATE_PREFIXES: [&str; 2] = ["MYCELIUM_", "XDG_"];

/// A home, a project and all other folders, below one.
pub(super) struct Stage {
    root: PathBuf,
    /// Removes the folder when the demo is over, unless it is to be kept.
    temporary: Option<TempDir>,
    workspace: PathBuf,
    environment: BTreeMap<String, String>,
    program: PathBuf,
    /// Options of the demo that hold for its commands too.
    options: &'static [&'static str],
}

/// What a command did.
pub(super) struct Ran {
    pub(super) status: u8,
    /// Both streams, in the order in which they were written.
    pub(super) text: String,
}

impl Stage {
    /// Makes the folders, in `folder` if one is given.
    pub(super) fn set(
        folder: Option<&Path>,
        keep: bool,
        session: &Session<'_>,
    ) -> Result<Self, Error> {
        let locale = session.output.locale();
        let (root, temporary) = match folder {
            Some(folder) => {
                let folder = session.surroundings.directory.join(folder);
                (empty_folder(&folder, locale)?, None)
            }
            None => {
                let made = tempfile::Builder::new()
                    .prefix("mycelium-demo-")
                    .tempdir()
                    .map_err(Error::File)?;
                match keep {
                    true => (made.keep(), None),
                    false => (made.path().to_owned(), Some(made)),
                }
            }
        };
        let root = fs_err::canonicalize(root).map_err(Error::File)?;
        let stage = Self {
            workspace: root.join("project"),
            environment: environment(&session.surroundings.environment, &root),
            program: session.surroundings.program.clone(),
            options: match session.settings.offline {
                true => &["--offline"],
                false => &[],
            },
            root,
            temporary,
        };
        for folder in [
            &stage.root.join("home"),
            &stage.root.join("run"),
            &stage.workspace,
        ] {
            private_folder(folder).map_err(Error::File)?;
        }
        Ok(stage)
    }

    /// The folder, if it stays.
    pub(super) fn kept_folder(&self) -> Option<PathBuf> {
        self.temporary.is_none().then(|| self.root.clone())
    }

    /// Writes a file of the project.
    pub(super) fn write(&self, path: &str, content: &str) -> Result<(), Error> {
        let path = self.workspace.join(path);
        let written = match path.parent() {
            Some(folder) => fs_err::create_dir_all(folder),
            None => Ok(()),
        };
        written
            .and_then(|()| fs_err::write(path, content))
            .map_err(Error::File)
    }

    /// Runs a command in the project and shows what it writes as it writes it.
    pub(super) fn run(&self, arguments: &[&str], session: &mut Session<'_>) -> Result<Ran, Error> {
        let (mut reader, writer) = io::pipe().map_err(Error::File)?;
        let mut command = self.command(arguments);
        command
            .stdout(Stdio::from(writer.try_clone().map_err(Error::File)?))
            .stderr(Stdio::from(writer));
        let mut child = command.spawn().map_err(Error::File)?;
        // The command holds the pipe's writing end; the end of the child must be its end.
        drop(command);

        let mut text = String::new();
        let mut begun = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let wait = session.transport.interrupt().wait(&reader, None);
            if wait.map_err(ClientError::Wait)? == Wait::Interrupted {
                // The terminal has interrupted the child too.
                let _ = child.wait();
                return Err(ClientError::Interrupted.into());
            }
            let count = reader.read(&mut buffer).map_err(Error::File)?;
            begun.extend_from_slice(&buffer[..count]);
            while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                let bytes: Vec<u8> = begun.drain(..=end).collect();
                let written = String::from_utf8_lossy(&bytes[..end]);
                tell(session.output, &line(&written))?;
                text.push_str(&written);
                text.push('\n');
            }
            if count == 0 {
                break;
            }
        }
        text.push_str(&String::from_utf8_lossy(&begun));
        let status = child.wait().map_err(Error::File)?;
        let status = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(Ran {
            // A command that was killed has no status; the largest one stands for it.
            status: status.unwrap_or(u8::MAX),
            text,
        })
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "the demo runs this very program, as a person would"
        )]
        let mut command = std::process::Command::new(&self.program);
        command
            .arg("--skill-debug")
            .arg("--color=never")
            .args(self.options)
            .args(arguments)
            .current_dir(&self.workspace)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Stage {
    /// Ends the demo's daemon, however the demo ended, before its folder goes.
    fn drop(&mut self) {
        let _ = self
            .command(&["daemon", "stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// A command as a person would type it.
pub(super) fn command_line(arguments: &[&str]) -> String {
    let words: Vec<_> = ["mycelium", "--skill-debug"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    words.join(" ")
}

/// The person's environment with all folders moved below `root`. Where packages come from stays as it is.
fn environment(theirs: &BTreeMap<String, String>, root: &Path) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<_, _> = theirs
        .iter()
        .filter(|(name, _)| {
            !PRIVATE_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let names_user_file = theirs
        .keys()
        .any(|name| name.eq_ignore_ascii_case("npm_config_userconfig"));
    if let (Some(home), false) = (theirs.get("HOME"), names_user_file) {
        environment.insert("npm_config_userconfig".to_owned(), format!("{home}/.npmrc"));
    }
    environment.remove(mycelium_types::CLAUDE_FOLDER_VARIABLE);
    for (name, folder) in [
        ("HOME", "home"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        environment.insert(name.to_owned(), root.join(folder).display().to_string());
    }
    environment
}

fn empty_folder(folder: &Path, locale: Locale) -> Result<PathBuf, Error> {
    let unusable = |reason: &dyn std::fmt::Display| {
        let message = Message::new("usage-folder")
            .with("path", printable_path(folder))
            .with("reason", reason);
        Error::usage(message.render(locale))
    };
    private_folder(folder).map_err(|error| unusable(&error))?;
    let mut entries = fs_err::read_dir(folder).map_err(|error| unusable(&error))?;
    if entries.next().is_some() {
        let message = Message::new("usage-folder-not-empty").with("path", printable_path(folder));
        return Err(Error::usage(message.render(locale)));
    }
    Ok(folder.to_owned())
}

fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_files_of_the_person_but_the_registrys() {
        let theirs = [
            ("HOME", "/home/ann"),
            ("PATH", "/bin"),
            ("XDG_STATE_HOME", "/home/ann/state"),
            ("MYCELIUM_SESSION", "mine"),
            ("CLAUDE_CONFIG_DIR", "/home/ann/.claude"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let environment = environment(&theirs, Path::new("/demo"));
        assert_eq!(environment["HOME"], "/demo/home");
        assert_eq!(environment["XDG_STATE_HOME"], "/demo/state");
        assert_eq!(environment["PATH"], "/bin");
        assert_eq!(environment["npm_config_userconfig"], "/home/ann/.npmrc");
        assert!(!environment.contains_key("MYCELIUM_SESSION"));
        assert!(!environment.contains_key("CLAUDE_CONFIG_DIR"));
    }

    #[test]
    fn only_an_empty_folder_is_played_in() {
        let root = tempfile::tempdir().unwrap();
        let fresh = root.path().join("a/b");
        assert_eq!(empty_folder(&fresh, Locale::EnUs).unwrap(), fresh);
        assert!(empty_folder(&fresh, Locale::EnUs).is_ok());
        fs_err::write(fresh.join("x"), "").unwrap();
        assert!(empty_folder(&fresh, Locale::EnUs).is_err());
        assert!(empty_folder(&fresh.join("x"), Locale::EnUs).is_err());
    }
}
