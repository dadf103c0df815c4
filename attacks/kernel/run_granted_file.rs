//! Runs a program that it has put into a folder that may be changed.

use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use super::Targets;
use super::means::run;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    let program = to.writable.join("program");
    let mut executable = OpenOptions::new();
    executable.write(true).create(true).truncate(true);
    executable
        .mode(0o755)
        .open(&program)?
        .write_all(b"#!/bin/sh\n")?;
    let outcome = run(&program);
    std::fs::remove_file(&program)?;
    outcome
}
