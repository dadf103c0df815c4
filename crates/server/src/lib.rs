//! The daemon: control socket, metrics endpoint, file watching.
