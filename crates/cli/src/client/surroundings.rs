//! What a command finds around itself: environment, home, project, folders.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_config::Workspace;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SHELL_SESSION;
use mycelium_runtime::Folders;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable_path;

use crate::arguments::Settings;
use crate::error::Error;

/// Variables longer than this are not sent along: no configuration needs them.
const MAX_VARIABLE: usize = 1 << 16;

/// What a command finds around itself.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) environment: BTreeMap<String, String>,
    /// The person's home folder.
    pub(crate) home: PathBuf,
    /// The folder the command works in.
    pub(crate) directory: PathBuf,
    /// The project the command is about, without links.
    pub(crate) workspace: PathBuf,
    pub(crate) folders: Folders,
    /// This program's file.
    pub(crate) program: PathBuf,
}

/// The environment as far as it is text.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(_, value)| value.len() <= MAX_VARIABLE)
        .collect()
}

impl Surroundings {
    /// Looks around.
    ///
    /// # Errors
    /// When there is no home, no such folder as the settings name, or this program cannot be found.
    pub(crate) fn look(
        mut environment: BTreeMap<String, String>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let home = std::env::home_dir()
            .filter(|home| home.is_absolute())
            .ok_or_else(|| unavailable("there is no home folder; set HOME"))?;
        let current = std::env::current_dir()
            .map_err(|error| unavailable(format!("the current folder is gone: {error}")))?;
        let directory = match &settings.directory {
            Some(directory) => current.join(directory),
            None => current,
        };
        let directory = real_folder(&directory)?;
        let home = fs_err::canonicalize(&home).unwrap_or(home);
        let program = std::env::current_exe()
            .map_err(|error| unavailable(format!("this program's file is gone: {error}")))?;

        // After `su` the variable still names the folder of the person before, or one that is gone.
        if let Some(folder) = environment.get("XDG_RUNTIME_DIR")
            && !is_own_folder(Path::new(folder))
        {
            environment.remove("XDG_RUNTIME_DIR");
        }
        // Agents give the servers they start few variables. Without this one they would not meet the daemon that
        // a shell talks to.
        let usual = format!("/run/user/{}", rustix::process::geteuid().as_raw());
        if !environment.contains_key("XDG_RUNTIME_DIR") && is_own_folder(Path::new(&usual)) {
            environment.insert("XDG_RUNTIME_DIR".to_owned(), usual);
        }
        Ok(Self {
            workspace: Workspace::discover(&directory, &home).root().to_owned(),
            folders: Folders::from_environment(&environment, &home),
            environment,
            home,
            directory,
            program,
        })
    }

    /// What a request says of this process.
    pub(crate) fn context(&self, settings: &Settings) -> RequestContext {
        let session = self
            .environment
            .get("MYCELIUM_SESSION")
            .filter(|session| !session.is_empty())
            .map_or(SHELL_SESSION, String::as_str);
        RequestContext {
            workspace: self.workspace.clone(),
            home: self.home.clone(),
            session: session.to_owned(),
            environment: self.environment.clone(),
            overrides: settings.overrides.clone(),
            offline: settings.offline,
            package: None,
        }
    }
}

/// The folder without links.
fn real_folder(path: &Path) -> Result<PathBuf, Error> {
    let found = std::fs::canonicalize(path).and_then(|real| match real.is_dir() {
        true => Ok(real),
        false => Err(std::io::ErrorKind::NotADirectory.into()),
    });
    found.map_err(|error| {
        let message = Message::new("usage-folder")
            .with("path", printable_path(path))
            .with("reason", error);
        Error::usage(message.render(Locale::default()))
    })
}

fn is_own_folder(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    fs_err::metadata(path).is_ok_and(|folder| folder.is_dir() && folder.uid() == own)
}

fn unavailable(reason: impl std::fmt::Display) -> Error {
    ErrorReport::new(ErrorCode::StateUnavailable)
        .with("reason", reason)
        .into()
}
