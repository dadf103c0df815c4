//! Integration tests of the worker.

mod suite;
