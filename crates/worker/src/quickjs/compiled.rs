//! The compiled code of a skill and its dependencies, as the daemon handed it in.

use std::path::Path;

use super::bytecode;
use super::pack;
use super::pack::Form;
use super::pack::Found;
use super::pack::Pack;

/// What may differ between programs that are not to share bytecode.
const LAYOUT: &str = "wrapper 1";

/// The code, if there is any.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pack: Option<Pack>,
}

/// The identity of this program's bytecode: the engine, this program's version and the machine.
pub(super) fn build() -> u64 {
    pack::identity(&[
        &bytecode::engine_version(),
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        LAYOUT,
    ])
}

impl Compiled {
    /// The code in the file at `path`; a pack of another program or a damaged one is as good as none.
    pub(super) fn open(path: &Path) -> Self {
        let pack = std::fs::File::open(path)
            .ok()
            .and_then(|file| Pack::open(file, build()));
        Self { pack }
    }

    /// Where the code of `file` is, if it was made of a file of that size.
    pub(super) fn find(&self, file: &Path, form: Option<Form>) -> Option<Found> {
        let found = self.pack.as_ref()?.find(file.to_str()?)?;
        if form.is_some_and(|form| form != found.form) {
            return None;
        }
        // The daemon keys packs by content. The size is one more look, which costs little.
        let size = rustix::fs::stat(file).ok()?.st_size;
        (u64::try_from(size) == Ok(found.source_length)).then_some(found)
    }

    /// The code of `file`, if it was compiled as `form`.
    pub(super) fn load(&self, file: &Path, form: Form) -> Option<Vec<u8>> {
        let found = self.find(file, Some(form))?;
        let code = self.pack.as_ref()?.code(&found)?;
        Some(code.into_owned())
    }
}
