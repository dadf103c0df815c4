//! `daemon logs`: the end of the daemon's log, and what is added to it.

use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use fs_err::File;
use mycelium_types::ExitStatus;

use super::watch::Watch;
use crate::arguments::LogOptions;
use crate::client::ClientError;
use crate::client::Wait;
use crate::error::Error;
use crate::render::Text;
use crate::session::Session;

/// How much of a log's end is looked at, in bytes.
const MAX_END: u64 = 16 << 20;
/// A line longer than this is cut, in bytes.
const MAX_LINE: usize = 64 << 10;

pub(super) fn run(options: &LogOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let path = session.surroundings.folders.daemon_log();
    // Watched before it is read, so that nothing between the two is missed.
    let watch = match options.follow {
        true => Some(Watch::of_file(&path).map_err(Error::File)?),
        false => None,
    };
    let mut tail = Tail::new(path);
    let lines = tail.read().map_err(Error::File)?;
    if tail.file.is_none() {
        let text = Text::new("daemon-no-log").with("path", tail.path.display());
        session.output.note(&text);
    }
    for line in &lines[lines.len().saturating_sub(options.lines)..] {
        session.output.result_line(line)?;
    }
    let Some(mut watch) = watch else {
        return Ok(ExitStatus::Success);
    };
    loop {
        let wait = session.transport.interrupt().wait(watch.descriptor(), None);
        if wait.map_err(ClientError::Wait)? == Wait::Interrupted {
            return Err(ClientError::Interrupted.into());
        }
        watch.forget().map_err(Error::File)?;
        for line in tail.read().map_err(Error::File)? {
            session.output.result_line(&line)?;
        }
    }
}

/// A file that is read as it grows, and from its beginning when another takes its place.
struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            begun: Vec::new(),
        }
    }

    /// The whole lines that were added since the last time.
    fn read(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        if let Some(file) = &mut self.file {
            let length = file.metadata()?.len();
            if file.stream_position()? > length {
                file.rewind()?;
            }
            add_lines(file, &mut self.begun, &mut lines)?;
        }
        if self.is_replaced()? {
            self.begun.clear();
            match File::open(&self.path) {
                Ok(mut file) => {
                    let length = file.metadata()?.len();
                    file.seek(SeekFrom::Start(length.saturating_sub(MAX_END)))?;
                    add_lines(&mut file, &mut self.begun, &mut lines)?;
                    self.file = Some(file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(lines)
    }

    /// Whether the file of that name is another than the one that is open.
    fn is_replaced(&self) -> io::Result<bool> {
        let Some(file) = &self.file else {
            return Ok(true);
        };
        let open = file.metadata()?;
        match fs_err::metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) != (open.dev(), open.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn add_lines(file: &mut File, begun: &mut Vec<u8>, lines: &mut Vec<String>) -> io::Result<()> {
    let mut buffer = [0; 1 << 14];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        for byte in &buffer[..count] {
            if *byte == b'\n' {
                lines.push(String::from_utf8_lossy(begun).into_owned());
                begun.clear();
            } else if begun.len() < MAX_LINE {
                begun.push(*byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_are_read_once_and_whole_across_a_change_of_files() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("daemon.log");
        let mut tail = Tail::new(path.clone());
        assert!(tail.read().unwrap().is_empty());
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(tail.read().unwrap(), ["one", "two"]);
        file.write_all(b"ee\n").unwrap();
        assert_eq!(tail.read().unwrap(), ["three"]);
        file.write_all(b"last\n").unwrap();
        fs_err::rename(&path, root.path().join("daemon.log.1")).unwrap();
        fs_err::write(&path, "fresh\n").unwrap();
        assert_eq!(tail.read().unwrap(), ["last", "fresh"]);
        fs_err::write(&path, "").unwrap();
        fs_err::write(&path, "cut\n").unwrap();
        assert_eq!(tail.read().unwrap(), ["cut"]);
        assert!(tail.read().unwrap().is_empty());
    }
}
