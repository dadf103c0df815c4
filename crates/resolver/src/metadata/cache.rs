//! Descriptions of packages in the store.
//!
//! A file for each: the trimmed description on the first line, the registry's ETag on the second.
//! When the registry last confirmed it is the file's modification time.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use deno_npm::registry::NpmPackageInfo;
use mycelium_types::Digest;
use url::Url;

use super::memory::Known;
use super::memory::Memory;
use super::memory::Stamp;
use crate::PackageName;
use crate::ResolverError;
use crate::store::Store;

/// The kept descriptions.
pub(super) struct MetadataCache<'a> {
    store: Store,
    memory: &'a Memory,
}

/// Another arrangement of the files is another number.
const FORMAT: &str = "1-";
const MAX_BYTES: u64 = 128 << 20;

impl<'a> MetadataCache<'a> {
    pub(super) fn new(store: Store, memory: &'a Memory) -> Self {
        Self { store, memory }
    }

    // What two registries say about one name are two things.
    fn path(&self, registry: &Url, package: &PackageName) -> PathBuf {
        let file = format!("{}.json", package.as_str().replace('/', "+"));
        self.store.metadata().join(folder(registry)).join(file)
    }

    /// What is kept about a package, if the registry confirmed it less than `ttl` ago. What cannot
    /// be read is as good as not kept.
    pub(super) fn known(
        &self,
        registry: &Url,
        package: &PackageName,
        ttl: Duration,
    ) -> Option<Known> {
        let path = self.path(registry, package);
        let stamp = young(&path, ttl)?;
        self.memory.recall(&path, stamp).or_else(|| {
            let (text, stamp) = read(&path)
                .inspect_err(|error| tracing::debug!(%error, "a description cannot be read"))
                .ok()?;
            let known = parse(text)?;
            self.memory.remember(path, stamp, &known);
            Some(known)
        })
    }

    /// The same, only if it was read before and need not be read again.
    pub(super) fn remembered(
        &self,
        registry: &Url,
        package: &PackageName,
        ttl: Duration,
    ) -> Option<Known> {
        let path = self.path(registry, package);
        let stamp = young(&path, ttl)?;
        self.memory.recall(&path, stamp)
    }

    /// Keeps a description.
    pub(super) fn keep(
        &self,
        registry: &Url,
        package: &PackageName,
        etag: Option<&str>,
        description: &[u8],
    ) -> Result<(), ResolverError> {
        let path = self.path(registry, package);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let storage = |error: io::Error| ResolverError::storage_at(&path)(error);
        let mut draft = self.store.draft()?;
        draft.write_all(description).map_err(storage)?;
        // Neither a header nor JSON without indentation contains a line break.
        write!(draft, "\n{}", etag.unwrap_or_default()).map_err(storage)?;
        draft.persist(&path).map_err(|e| storage(e.error))?;
        Ok(())
    }

    /// Notes that the registry confirmed what is kept. If that fails, it is only asked once more.
    pub(super) fn confirm(&self, registry: &Url, package: &PackageName) {
        let path = self.path(registry, package);
        let touched = fs_err::OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(%error, "a confirmation is not noted");
        }
    }
}

/// The folder of a registry: its address, with `_` and a number for what does not fit into a name.
fn folder(registry: &Url) -> String {
    const MAX_LEN: usize = 150;
    let mut folder = String::from(FORMAT);
    for byte in registry.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => folder.push(byte.into()),
            other => folder.push_str(&format!("_{other}_")),
        }
    }
    if folder.len() > MAX_LEN {
        folder = format!("{FORMAT}{}", Digest::of(folder.as_bytes()));
    }
    folder
}

/// The stamp of a file that was confirmed less than `ttl` ago.
fn young(path: &Path, ttl: Duration) -> Option<Stamp> {
    let stamp = Stamp::of(&std::fs::metadata(path).ok()?).ok()?;
    // What is from the future is not young: some clock is wrong.
    let is_young = ttl == Duration::MAX
        || SystemTime::now()
            .duration_since(stamp.modified)
            .is_ok_and(|age| age < ttl);
    is_young.then_some(stamp)
}

fn read(path: &Path) -> io::Result<(Vec<u8>, Stamp)> {
    let file = fs_err::File::open(path)?;
    let metadata = file.metadata()?;
    let mut text = Vec::with_capacity(metadata.len().min(MAX_BYTES) as usize);
    file.take(MAX_BYTES).read_to_end(&mut text)?;
    Ok((text, Stamp::of(&metadata)?))
}

fn parse(mut text: Vec<u8>) -> Option<Known> {
    let end = text.iter().rposition(|byte| *byte == b'\n')?;
    let etag = String::from_utf8(text[end + 1..].to_vec()).ok()?;
    text.truncate(end);
    let description = NpmPackageInfo::from_packument_bytes(text).ok()?;
    Some(Known {
        etag: (!etag.is_empty()).then_some(etag),
        description: Arc::new(description),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_have_folders_of_their_own() {
        let folder = |url: &str| folder(&Url::parse(url).unwrap());
        assert_eq!(
            folder("https://r.test/npm/"),
            "1-https_58__47__47_r.test_47_npm_47_"
        );
        assert_ne!(
            folder("https://r.test/a_47_b/"),
            folder("https://r.test/a/b/")
        );
        let long = format!("https://r.test/{}/", "a".repeat(300));
        assert_eq!(folder(&long).len(), 66);
        assert_ne!(folder(&long), folder(&format!("{long}b/")));
    }
}
