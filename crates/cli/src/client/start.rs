//! Starting the daemon.
//!
//! The daemon gets a pipe as standard output and writes one line to it when a client may connect, so
//! nobody polls. Two clients may start two daemons: the daemons agree among themselves which one serves,
//! and both tell their clients when it does.

use std::collections::BTreeMap;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;

use super::ClientError;
use super::Interrupt;
use super::Surroundings;
use super::Wait;

/// A log longer than this is put aside before a daemon starts, in bytes.
const MAX_LOG: u64 = 8 << 20;
/// How much of the log's end is looked at for the reason of a failed start, in bytes.
const LOG_END: u64 = 4096;

/// What a daemon needs of the environment it is started from. All else comes with each request, so that
/// no one's environment becomes everyone's.
const VARIABLES: [&str; 24] = [
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "RUST_BACKTRACE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];
/// `MYCELIUM_DAEMON_…` are the daemon's own settings.
const VARIABLE_PREFIXES: [&str; 2] = ["LC_", "MYCELIUM_DAEMON_"];
/// How the C library of GNU keeps memory in the daemon, as in its manual's "Memory Allocation Tunables"; others ignore it.
///
/// Pieces that a thread keeps for itself after they were freed hold the pages around them: after each crowd of sessions
/// the daemon was 1 MB larger, with nothing more in use. Calls take as long without.
const ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=2",
);

/// Starts a daemon and waits until it, or one that was faster, can be connected to.
///
/// # Errors
/// When it cannot be started, or ends before it is ready.
pub(super) fn start(surroundings: &Surroundings, interrupt: &Interrupt) -> Result<(), ClientError> {
    let folders = &surroundings.folders;
    step("the socket's folder", private_folder(&folders.sockets))?;
    step("the state folder", private_folder(&folders.state))?;
    let log = folders.daemon_log();
    let log_file = step("the log", open_log(&log))?;
    let (mut readiness, ready) = step("a pipe", io::pipe())?;
    #[expect(clippy::disallowed_methods, reason = "this is the daemon's auto-start")]
    let mut command = std::process::Command::new(&surroundings.program);
    command
        .arg(mycelium_server::DAEMON_ARGUMENT)
        .current_dir("/")
        .env_clear()
        .envs(daemon_environment(&surroundings.environment))
        .env(ALLOCATOR.0, ALLOCATOR.1)
        .stdin(Stdio::null())
        .stdout(Stdio::from(ready))
        .stderr(Stdio::from(log_file));
    let mut daemon = step("the program", command.spawn())?;
    // The command still holds the pipe's writing end; the daemon's must be the only one.
    drop(command);
    // A shell may outlive its daemon, and somebody has to wait for it then.
    std::thread::spawn(move || daemon.wait());

    if reads_readiness(&mut readiness, interrupt)? {
        Ok(())
    } else {
        let last = last_line(&log).unwrap_or_default();
        Err(ClientError::Stillborn { log, last })
    }
}

fn step<T>(step: &'static str, result: io::Result<T>) -> Result<T, ClientError> {
    result.map_err(|source| ClientError::Start { step, source })
}

/// Waits for the daemon's word; `false` means that it ended without.
fn reads_readiness(
    readiness: &mut io::PipeReader,
    interrupt: &Interrupt,
) -> Result<bool, ClientError> {
    let expected = mycelium_server::READY.as_bytes();
    let mut said = Vec::new();
    let mut buffer = [0; 64];
    while said.len() < expected.len() {
        let wait = interrupt.wait(&*readiness, None);
        if wait.map_err(ClientError::Wait)? == Wait::Interrupted {
            return Err(ClientError::Interrupted);
        }
        match step("its answer", readiness.read(&mut buffer))? {
            0 => break,
            count => said.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(said.starts_with(expected))
}

/// Makes a folder that only its owner can look into. The daemon refuses one that others can write to.
fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| named(path, &error))
}

/// Opens the log for appending, after putting a long one aside.
fn open_log(path: &Path) -> io::Result<File> {
    if fs_err::metadata(path).is_ok_and(|log| log.len() > MAX_LOG) {
        fs_err::rename(path, path.with_extension("log.1"))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn last_line(log: &Path) -> io::Result<String> {
    let mut file = fs_err::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_END)))?;
    let mut end = Vec::new();
    file.take(LOG_END).read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    Ok(end
        .trim_end()
        .lines()
        .next_back()
        .unwrap_or_default()
        .to_owned())
}

fn daemon_environment(
    environment: &BTreeMap<String, String>,
) -> impl Iterator<Item = (&String, &String)> {
    environment.iter().filter(|(name, _)| {
        VARIABLES.contains(&name.as_str())
            || VARIABLE_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_daemon_gets_nothing_it_does_not_need() {
        let environment = [
            "HOME",
            "LC_ALL",
            "AWS_SECRET_KEY",
            "MYCELIUM_SESSION",
            "MYCELIUM_DAEMON_IDLE_SECONDS",
            "PATH",
        ]
        .map(|name| (name.to_owned(), "x".to_owned()))
        .into();
        let names: Vec<_> = daemon_environment(&environment)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            names,
            ["HOME", "LC_ALL", "MYCELIUM_DAEMON_IDLE_SECONDS", "PATH"]
        );
    }

    #[test]
    fn folders_are_made_for_their_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/run");
        private_folder(&folder).unwrap();
        private_folder(&folder).unwrap();
        let mode = fs_err::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let file = root.path().join("file");
        File::create(&file).unwrap();
        let error = private_folder(&file.join("x")).unwrap_err();
        assert!(error.to_string().contains("file/x"), "{error}");
    }

    #[test]
    fn a_long_log_is_put_aside() {
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("daemon.log");
        File::create(&log).unwrap().set_len(MAX_LOG + 1).unwrap();
        let fresh = open_log(&log).unwrap();
        assert_eq!(fresh.metadata().unwrap().len(), 0);
        assert!(root.path().join("daemon.log.1").exists());
    }

    #[test]
    fn the_logs_last_line_tells_why() {
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("daemon.log");
        let mut file = open_log(&log).unwrap();
        assert_eq!(last_line(&log).unwrap(), "");
        writeln!(file, "{}\nthe reason\n", "x".repeat(10_000)).unwrap();
        assert_eq!(last_line(&log).unwrap(), "the reason");
    }

    #[test]
    fn readiness_is_the_word_and_nothing_else() {
        let (interrupt, _raise) = Interrupt::scripted();
        for (pieces, is_ready) in [
            (&["rea", "dy\n"][..], true),
            (&["ready\nand more"], true),
            (&["ready"], false),
            (&["thread 'main' panicked"], false),
            (&[], false),
        ] {
            let (mut readiness, mut ready) = io::pipe().unwrap();
            for piece in pieces {
                ready.write_all(piece.as_bytes()).unwrap();
            }
            drop(ready);
            let outcome = reads_readiness(&mut readiness, &interrupt).unwrap();
            assert_eq!(outcome, is_ready, "{pieces:?}");
        }
    }
}
