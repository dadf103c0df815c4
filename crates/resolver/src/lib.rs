//! Resolves, locks, fetches and lays out the packages a skill depends on.
