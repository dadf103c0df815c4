//! The searchable index of known skills: discovery, versions, search, persistence.
