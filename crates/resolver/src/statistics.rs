//! How often the store had what was needed.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// How often the store had what was needed, since the resolver was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Skills whose layer existed already.
    pub layer_hits: u64,
    /// Skills whose layer had to be laid out.
    pub layer_misses: u64,
    /// Packages that were stored already.
    pub package_hits: u64,
    /// Packages that had to be downloaded.
    pub package_misses: u64,
    /// Descriptions of packages that were known and young enough.
    pub metadata_hits: u64,
    /// Descriptions of packages that the registry had to be asked for.
    pub metadata_misses: u64,
}

impl CacheStatistics {
    /// The share, from 0 to 1, of layers, packages and descriptions that were there; 1 before
    /// anything was needed.
    #[must_use]
    pub fn hit_rate(&self) -> f64 {
        let hits = self.layer_hits + self.package_hits + self.metadata_hits;
        let all = hits + self.layer_misses + self.package_misses + self.metadata_misses;
        if all == 0 {
            1.0
        } else {
            hits as f64 / all as f64
        }
    }
}

/// Counts, from several threads.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    layers: HitsAndMisses,
    packages: HitsAndMisses,
    metadata: HitsAndMisses,
}

#[derive(Debug, Default)]
pub(crate) struct HitsAndMisses {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl HitsAndMisses {
    pub(crate) fn hit(&self, count: usize) {
        self.hits.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn miss(&self, count: usize) {
        self.misses.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn read(&self) -> (u64, u64) {
        (
            self.hits.load(Ordering::Relaxed),
            self.misses.load(Ordering::Relaxed),
        )
    }
}

impl Counters {
    pub(crate) fn layers(&self) -> &HitsAndMisses {
        &self.layers
    }

    pub(crate) fn packages(&self) -> &HitsAndMisses {
        &self.packages
    }

    pub(crate) fn metadata(&self) -> &HitsAndMisses {
        &self.metadata
    }

    pub(crate) fn read(&self) -> CacheStatistics {
        let (layer_hits, layer_misses) = self.layers.read();
        let (package_hits, package_misses) = self.packages.read();
        let (metadata_hits, metadata_misses) = self.metadata.read();
        CacheStatistics {
            layer_hits,
            layer_misses,
            package_hits,
            package_misses,
            metadata_hits,
            metadata_misses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_everything() {
        let counters = Counters::default();
        assert_eq!(counters.read().hit_rate(), 1.0);
        counters.layers().hit(1);
        counters.packages().hit(2);
        counters.metadata().miss(1);
        assert_eq!(counters.read().hit_rate(), 0.75);
        assert_eq!(counters.read().package_hits, 2);
    }
}
