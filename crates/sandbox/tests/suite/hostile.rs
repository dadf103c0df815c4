//! The worker's side: a program that does to its sandbox whatever it is told.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;

use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::OsError;
use mycelium_sandbox::Seat;
use serde::Deserialize;
use serde::Serialize;

/// What came of an order: some text, or the kernel's error number.
pub(crate) type Finding = Result<String, i32>;

/// One thing to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Say the same.
    Echo(String),
    /// Put the policy on.
    Restrict(Box<SandboxPolicy>),
    /// Read a file.
    Read(PathBuf),
    /// Write a file, replacing what is there.
    Write(PathBuf, String),
    /// List a folder.
    List(PathBuf),
    /// Return from the main function.
    Return(u8),
}

pub(crate) fn worker_main(mut seat: Seat) -> u8 {
    let socket = seat.socket().try_clone().unwrap();
    let mut lines = BufReader::new(socket).lines();
    while let Some(Ok(line)) = lines.next() {
        let finding = match serde_json::from_str(&line).unwrap() {
            Order::Restrict(policy) => match seat.restrict(&policy) {
                Ok(report) => Ok(serde_json::to_string(&report).unwrap()),
                Err(error) => panic!("{}", error.reason()),
            },
            Order::Return(status) => return status,
            other => obey(other).map_err(|error| OsError::from(error).raw()),
        };
        let mut line = serde_json::to_vec(&finding).unwrap();
        line.push(b'\n');
        seat.socket().write_all(&line).unwrap();
    }
    0
}

fn obey(order: Order) -> std::io::Result<String> {
    match order {
        Order::Echo(text) => Ok(text),
        Order::Read(path) => {
            let mut text = String::new();
            File::open(path)?.read_to_string(&mut text)?;
            Ok(text)
        }
        Order::Write(path, text) => {
            File::create(path)?.write_all(text.as_bytes())?;
            Ok(String::new())
        }
        Order::List(path) => {
            let mut names: Vec<_> = std::fs::read_dir(path)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<std::io::Result<_>>()?;
            names.sort();
            Ok(names.join(" "))
        }
        Order::Restrict(_) | Order::Return(_) => unreachable!("done by the caller"),
    }
}
