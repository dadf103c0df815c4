//! Files that are written a little after what they hold has changed, once for all changes until then: nobody waits for a disk, and
//! whoever causes many changes does not keep it busy.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::inner::Inner;
use crate::inner::blocking;

/// Whether a file is about to be written.
#[derive(Debug, Default)]
pub(crate) struct Soon(AtomicBool);

/// A file of the runtime.
pub(crate) struct LateFile {
    /// How long after the first change it is written.
    pub(crate) delay: Duration,
    pub(crate) soon: fn(&Inner) -> &Soon,
    /// Writes it; blocks.
    pub(crate) save: fn(&Inner),
}

impl Inner {
    /// Writes a file, but later. A runtime that is shut down writes it then.
    pub(crate) fn write_soon(self: &Arc<Self>, file: &'static LateFile) {
        let is_waiting =
            |inner: &Self, is_waiting| (file.soon)(inner).0.swap(is_waiting, Ordering::AcqRel);
        if is_waiting(self, true) {
            return;
        }
        let inner = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(file.delay).await;
            let Some(inner) = inner.upgrade() else { return };
            // What changes from now on is written by the next one.
            is_waiting(&inner, false);
            let saved = blocking(move || {
                (file.save)(&inner);
                Ok(())
            });
            if let Err(error) = saved.await {
                tracing::warn!(%error, "a file is not written yet");
            }
        });
    }
}
