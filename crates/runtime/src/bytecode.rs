//! Compiled code, kept by the digest of its sources.
//!
//! Bytecode is trusted when it is read, so only this process writes it, and only what a fresh worker
//! that ran no skill's code has returned.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use mycelium_types::Digest;
use mycelium_types::DigestBuilder;

use crate::atomic_file;

/// The folder of compiled code.
#[derive(Debug)]
pub(crate) struct BytecodeStore {
    folder: PathBuf,
    /// What names this build of the engine: another build cannot read this one's code.
    build: Digest,
}

impl BytecodeStore {
    pub(crate) fn new(folder: PathBuf, program: &Path) -> Self {
        let metadata = fs_err::metadata(program).ok();
        let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
        let written = metadata
            .and_then(|metadata| metadata.modified().ok())
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        let build = DigestBuilder::new()
            .part(env!("CARGO_PKG_VERSION").as_bytes())
            .part(&size.to_le_bytes())
            .part(&written.to_le_bytes())
            .finish();
        Self { folder, build }
    }

    /// The compiled code of these sources, if it is there.
    pub(crate) fn find(&self, key: Digest) -> Option<PathBuf> {
        let path = self.path(key);
        path.is_file().then_some(path)
    }

    /// Keeps the compiled code of these sources.
    pub(crate) fn keep(&self, key: Digest, pack: &[u8]) -> io::Result<()> {
        atomic_file::replace(&self.path(key), pack)
    }

    fn path(&self, key: Digest) -> PathBuf {
        let name = DigestBuilder::new()
            .part(self.build.as_bytes())
            .part(key.as_bytes())
            .finish();
        self.folder.join(name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_does_not_find_it() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs_err::write(&program, "one").unwrap();
        let key = Digest::of(b"sources");
        let store = BytecodeStore::new(folder.path().join("bytecode"), &program);
        assert_eq!(store.find(key), None);
        store.keep(key, b"code").unwrap();
        assert!(store.find(key).is_some());
        fs_err::write(&program, "another").unwrap();
        let store = BytecodeStore::new(folder.path().join("bytecode"), &program);
        assert_eq!(store.find(key), None);
    }
}
