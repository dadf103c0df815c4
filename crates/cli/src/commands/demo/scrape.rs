//! The metrics endpoint, asked the way `curl` would.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 4 << 20;
/// How long the endpoint may take to be there, and then for each piece of its answer.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// `wanted` if nobody listens there, else some other free port.
pub(super) fn free_port(wanted: u16) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(listener.local_addr()?.port())
}

/// The lines of the metrics that have `pattern` in them.
pub(super) fn metrics(port: u16, pattern: &str) -> io::Result<String> {
    let mut stream = connected(port)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Version 1.0 has neither chunks nor connections that stay open.
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::other("the answer is no HTTP"))?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(io::Error::other(format!("the answer is {status}")));
    }
    let lines = body.lines().filter(|line| line.contains(pattern));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// A connection to the endpoint, which the daemon opens beside the calls of the workspace that wants it.
fn connected(port: u16) -> io::Result<TcpStream> {
    let end = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Err(error)
                if error.kind() == io::ErrorKind::ConnectionRefused && Instant::now() < end =>
            {
                thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_avoided() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(free_port(port).unwrap(), port);
    }

    #[test]
    fn lines_are_picked_from_a_good_answer_only() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            for answer in [
                "HTTP/1.0 200 OK\r\n\r\n# HELP skill_a x\nskill_a 1\nother 2\n",
                "HTTP/1.0 404 Not Found\r\n\r\nskill_a",
                "nonsense",
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 256];
                let count = stream.read(&mut request).unwrap();
                assert!(request[..count].starts_with(b"GET /metrics"));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert_eq!(
            metrics(port, "skill_").unwrap(),
            "# HELP skill_a x\nskill_a 1"
        );
        assert!(metrics(port, "skill_").is_err());
        assert!(metrics(port, "skill_").is_err());
        server.join().unwrap();
    }
}
