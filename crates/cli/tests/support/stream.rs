//! An answer over HTTP that comes in pieces.

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long the next piece may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stream of events, read as they come. Dropping it closes the connection.
pub(crate) struct EventStream(BufReader<TcpStream>);

impl EventStream {
    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The status with which it begins; nothing may have been heard yet.
    pub(crate) fn status(&mut self) -> u16 {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1);
        status.unwrap_or_else(|| panic!("{line}")).parse().unwrap()
    }

    /// The next message.
    pub(crate) fn hear(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(
                self.0.read_line(&mut line).unwrap() > 0,
                "it said nothing more"
            );
            let data = line.strip_prefix("data:").map(str::trim);
            if let Some(message) = data.and_then(|data| serde_json::from_str(data).ok()) {
                return message;
            }
        }
    }
}
