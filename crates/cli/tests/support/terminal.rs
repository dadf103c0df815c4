//! A terminal that a test types on.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use rustix::pty::OpenptFlags;

/// The person's side of a pseudo terminal.
pub(crate) struct Terminal {
    keyboard: File,
    /// Everything that was shown so far.
    screen: String,
}

impl Terminal {
    /// Gives `command` a terminal.
    pub(crate) fn attach(command: &mut Command) -> Self {
        let person = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&person).unwrap();
        rustix::pty::unlockpt(&person).unwrap();
        let name = rustix::pty::ptsname(&person, Vec::new()).unwrap();
        let open = || {
            let path = name.to_str().unwrap();
            Stdio::from(File::options().read(true).write(true).open(path).unwrap())
        };
        command
            .env("TERM", "xterm")
            .stdin(open())
            .stdout(open())
            .stderr(open());
        Self {
            keyboard: File::from(person),
            screen: String::new(),
        }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` is shown after everything that was waited for before, and gives what was shown until then.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            if let Some(place) = self.screen.find(text) {
                return self.screen.drain(..place + text.len()).collect();
            }
            match self.keyboard.read(&mut buffer) {
                // The program's end is an error of the terminal.
                Ok(0) | Err(_) => panic!("`{text}` is not shown: {}", self.screen),
                Ok(count) => self
                    .screen
                    .push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
    }
}
