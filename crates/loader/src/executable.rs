//! What running a program takes: the file itself, what interprets it, what links it.
//!
//! A sandbox lets a worker execute exactly these files, so they have to be known before it starts.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::PROGRAM_FOLDERS;
use mycelium_policy::RUNTIME_FOLDERS;

/// As long as the kernel lets the first line of a script be.
const MAX_FIRST_LINE: usize = 256;
/// The longest path of a dynamic linker.
const MAX_LINKER: u64 = 4096;
/// The most headers that are looked at for the linker's path.
const MAX_HEADERS: u16 = 256;
/// How often a script may be interpreted by another one; the kernel stops there too.
const MAX_DEPTH: usize = 4;

const ELF_MAGIC: [u8; 4] = *b"\x7fELF";
/// Where the header says what machine it is for (elf(5)).
const MACHINE: usize = 18;
const HEADERS_OFFSET: usize = 32;
const HEADERS_SIZE: usize = 54;
const HEADERS_COUNT: usize = 56;
const HEADER_LENGTH: usize = 64;
const PT_INTERP: u32 = 3;

/// Why a file cannot be run.
#[derive(Debug)]
pub(crate) enum NotRunnable {
    /// Its owner may not run it.
    NotExecutable,
    /// It is neither a program for this machine nor a script that says what runs it.
    NotAProgram,
    /// What it says runs it cannot be run in a sandbox.
    Interpreter(String),
    /// It cannot be read.
    Unreadable(io::Error),
}

impl From<io::Error> for NotRunnable {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The program called `name` in [`PROGRAM_FOLDERS`] and everything that running it takes, without links;
/// `None` if there is none, or a part of it is where no sandbox shows it.
#[must_use]
pub fn find_program(name: &str) -> Option<Vec<PathBuf>> {
    let program = PROGRAM_FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())?;
    let program = fs_err::canonicalize(program).ok()?;
    executables(&program, &[Path::new("/")]).ok()
}

/// Whether the file says by its first bytes that it is a program or a script.
pub(crate) fn looks_runnable(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read(&mut start));
    matches!(read, Ok(length) if start[..length].starts_with(b"#!") || start == ELF_MAGIC)
}

/// The program `path`, which is absolute and without links, and everything that running it takes. What
/// interprets it has to be below one of `homes` or in a folder that every sandbox shows.
pub(crate) fn executables(path: &Path, homes: &[&Path]) -> Result<Vec<PathBuf>, NotRunnable> {
    let mut found = vec![path.to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        if next > MAX_DEPTH * 2 {
            return Err(NotRunnable::NotAProgram);
        }
        next += 1;
        for named in interpreters(&path)? {
            let unusable = || NotRunnable::Interpreter(named.display().to_string());
            let real = fs_err::canonicalize(&named).map_err(|_| unusable())?;
            let shown = RUNTIME_FOLDERS
                .iter()
                .any(|folder| real.starts_with(folder));
            if !shown && !homes.iter().any(|home| real.starts_with(home)) {
                return Err(unusable());
            }
            if !found.contains(&real) {
                found.push(real);
            }
        }
    }
    Ok(found)
}

/// The programs that the kernel, or `env` for it, starts to run the file.
fn interpreters(path: &Path) -> Result<Vec<PathBuf>, NotRunnable> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(NotRunnable::NotAProgram);
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(NotRunnable::NotExecutable);
    }
    let mut start = Vec::new();
    (&mut file)
        .take(MAX_FIRST_LINE as u64)
        .read_to_end(&mut start)?;
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or(line);
        return script(line);
    }
    if start.starts_with(&ELF_MAGIC) {
        return Ok(linker(&file, &start)?.into_iter().collect());
    }
    Err(NotRunnable::NotAProgram)
}

/// What the first line of a script names: one program, or `env` and the program that it finds.
fn script(line: &[u8]) -> Result<Vec<PathBuf>, NotRunnable> {
    let mut words = line
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|word| !word.is_empty())
        .map(|word| PathBuf::from(OsStr::from_bytes(word)));
    let Some(interpreter) = words.next() else {
        return Err(NotRunnable::NotAProgram);
    };
    if !interpreter.is_absolute() {
        return Err(NotRunnable::Interpreter(interpreter.display().to_string()));
    }
    let mut programs = vec![interpreter];
    if programs[0].file_name() == Some(OsStr::new("env")) {
        // Options and settings of variables come before the program's name.
        let name = words.find(|word| {
            let bytes = word.as_os_str().as_bytes();
            !bytes.starts_with(b"-") && !bytes.contains(&b'=')
        });
        let name = name.ok_or(NotRunnable::NotAProgram)?;
        let found = PROGRAM_FOLDERS
            .iter()
            .map(|folder| Path::new(folder).join(&name))
            .find(|path| path.is_file());
        let unusable = || NotRunnable::Interpreter(name.display().to_string());
        programs.push(found.ok_or_else(unusable)?);
    }
    Ok(programs)
}

/// The dynamic linker that an ELF file for this machine names; none for a static one.
fn linker(file: &File, header: &[u8]) -> Result<Option<PathBuf>, NotRunnable> {
    let foreign = match std::env::consts::ARCH {
        "x86_64" => word(header, MACHINE) != Some(62),
        "aarch64" => word(header, MACHINE) != Some(183),
        _ => false,
    };
    // 64 bits, little-endian, for this machine: anything else the kernel would not run either, or the
    // filter would not let it make a single call.
    if header.get(4) != Some(&2) || header.get(5) != Some(&1) || foreign {
        return Err(NotRunnable::NotAProgram);
    }
    let offset = long(header, HEADERS_OFFSET).ok_or(NotRunnable::NotAProgram)?;
    let size = word(header, HEADERS_SIZE).ok_or(NotRunnable::NotAProgram)?;
    let count = word(header, HEADERS_COUNT).ok_or(NotRunnable::NotAProgram)?;
    for index in 0..count.min(MAX_HEADERS) {
        let mut entry = [0; HEADER_LENGTH];
        let place = offset.saturating_add(u64::from(index) * u64::from(size));
        let length = usize::from(size).min(entry.len());
        file.read_exact_at(&mut entry[..length], place)
            .map_err(|_| NotRunnable::NotAProgram)?;
        if entry.first_chunk().map(|kind| u32::from_le_bytes(*kind)) != Some(PT_INTERP) {
            continue;
        }
        let (Some(place), Some(length)) = (long(&entry, 8), long(&entry, 32)) else {
            return Err(NotRunnable::NotAProgram);
        };
        let mut path = vec![0; length.min(MAX_LINKER) as usize];
        file.read_exact_at(&mut path, place)
            .map_err(|_| NotRunnable::NotAProgram)?;
        let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
        return Ok(Some(PathBuf::from(OsStr::from_bytes(path))));
    }
    Ok(None)
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = fs_err::canonicalize(folder.path()).unwrap().join("program");
        fs_err::write(&path, content).unwrap();
        fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        (folder, path)
    }

    fn found(content: &str) -> Result<Vec<PathBuf>, NotRunnable> {
        let (folder, path) = file(content.as_bytes(), 0o755);
        let home = fs_err::canonicalize(folder.path()).unwrap();
        executables(&path, &[&home])
    }

    #[test]
    fn a_script_takes_its_interpreter_and_what_that_takes() {
        let shell = fs_err::canonicalize("/bin/sh").unwrap();
        for line in [
            "#!/bin/sh\n",
            "#! /bin/sh -e",
            "#!/usr/bin/env -S A=b sh -e\n",
        ] {
            let found = found(line).unwrap();
            assert!(found.contains(&shell), "{line}: {found:?}");
            // The shell itself is linked by something, which is there too.
            assert!(found.len() > 2, "{found:?}");
        }
    }

    #[test]
    fn what_cannot_run_says_why() {
        for line in [
            "#!sh",
            "#!/nowhere/sh",
            "#!/usr/bin/env no-such-program-here",
        ] {
            assert!(
                matches!(found(line), Err(NotRunnable::Interpreter(_))),
                "{line}"
            );
        }
        for line in [
            "",
            "text",
            "#!",
            "#!/usr/bin/env",
            "\u{7f}ELF",
            "\u{7f}ELF\u{2}\u{1}",
        ] {
            assert!(
                matches!(found(line), Err(NotRunnable::NotAProgram)),
                "{line:?}"
            );
        }
        let (_folder, path) = file(b"#!/bin/sh", 0o644);
        assert!(matches!(
            executables(&path, &[Path::new("/")]),
            Err(NotRunnable::NotExecutable)
        ));
    }

    #[test]
    fn an_interpreter_elsewhere_is_refused_and_one_beside_is_not() {
        let (folder, other) = file(b"#!/bin/sh", 0o755);
        let script = format!("#!{}", other.display());
        assert!(matches!(found(&script), Err(NotRunnable::Interpreter(_))));
        let home = fs_err::canonicalize(folder.path()).unwrap();
        let beside = home.join("script");
        fs_err::write(&beside, script).unwrap();
        fs_err::set_permissions(&beside, PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(
            executables(&beside, &[&home]).unwrap()[..2],
            [beside, other]
        );
    }

    #[test]
    fn headers_that_lie_are_no_program_and_no_panic() {
        let mut header = vec![0; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[MACHINE] = if cfg!(target_arch = "x86_64") {
            62
        } else {
            183
        };
        let claims = [(u64::MAX, 56, 3), (64, 0, 9), (64, 56, u16::MAX)];
        for (offset, size, count) in claims {
            header[HEADERS_OFFSET..][..8].copy_from_slice(&offset.to_le_bytes());
            header[HEADERS_SIZE..][..2].copy_from_slice(&u16::to_le_bytes(size));
            header[HEADERS_COUNT..][..2].copy_from_slice(&count.to_le_bytes());
            let (_folder, path) = file(&header, 0o755);
            // An empty entry that is read again and again is no linker: the file is static then.
            let executables = executables(&path, &[Path::new("/")]);
            assert_eq!(executables.is_ok(), size == 0, "{offset} {size} {count}");
        }
    }

    #[test]
    fn programs_are_found_by_name() {
        let files = find_program("env").unwrap();
        assert!(files[0].is_absolute() && files[0].is_file(), "{files:?}");
        assert_eq!(find_program("no-such-program-here"), None);
    }
}
