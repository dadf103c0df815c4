//! A host on this machine: what it does is in the path of the request.

use std::collections::BTreeMap;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// `hello ` 200 times, in each encoding.
const ENCODED: [(&str, &str, &str); 5] = [
    (
        "/gzip",
        "gzip",
        "H4sIAAAAAAAAA8tIzcnJV8gYJUfJUXKUHPQkAEVEn2iwBAAA",
    ),
    ("/deflate", "deflate", "eJzLSM3JyVfIGCVHyVFylBz0JABVfriw"),
    ("/raw", "deflate", "y0jNyclXyBglR8lRcpQc9CQA"),
    ("/br", "br", "G68E+I2Ubt5EVYaWbCBvYVscgIw4"),
    ("/strange", "strange", "y0jNyclXyBglR8lRcpQc9CQA"),
];

/// The host, until the test ends.
pub(super) struct Host {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

struct Request {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Host {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                // A client may go away at any time.
                std::thread::spawn(move || serve(&stream, &log).ok());
            }
        });
        Self { address, seen }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// `127.0.0.1:port`.
    pub(super) fn place(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests since the last look: method and target.
    pub(super) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn read(stream: &TcpStream, log: &Mutex<Vec<String>>) -> io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    log.lock().unwrap().push(format!("{method} {target}"));
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers.contains_key("expect") {
        (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        let length = length.parse().unwrap_or(0);
        reader.take(length).read_to_end(&mut body)?;
    } else if headers.contains_key("transfer-encoding") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let length = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk)?;
            if length == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }
    Ok(Some(Request {
        method,
        target,
        headers,
        body,
    }))
}

fn serve(mut stream: &TcpStream, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let Some(request) = read(stream, log)? else {
        return Ok(());
    };
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let number = || {
        path.rsplit('/')
            .next()
            .and_then(|text| text.parse::<usize>().ok())
    };
    let mut answer = |head: &str, body: &[u8]| {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        if request.method != "HEAD" {
            stream.write_all(body)?;
        }
        Ok(())
    };
    if let Some((_, encoding, content)) = ENCODED.iter().find(|(known, ..)| *known == path) {
        let content = BASE64_STANDARD.decode(content).map_err(io::Error::other)?;
        return answer(&format!("200 OK\r\nContent-Encoding: {encoding}"), &content);
    }
    match path.split('/').nth(1).unwrap_or_default() {
        "echo" => {
            let hidden = ["host", "connection", "keep-alive", "transfer-encoding"];
            let headers: BTreeMap<_, _> = request
                .headers
                .iter()
                .filter(|(name, _)| !hidden.contains(&name.as_str()))
                .collect();
            let echo = json!({
                "method": request.method, "target": request.target, "headers": headers,
                "chunked": request.headers.contains_key("transfer-encoding"),
                "body": String::from_utf8_lossy(&request.body),
            });
            answer("200 OK\r\nContent-Type: application/json", echo.to_string().as_bytes())
        }
        "count" => answer("200 OK", request.body.len().to_string().as_bytes()),
        "status" => {
            let status = number().unwrap_or(200);
            stream.write_all(format!("HTTP/1.1 {status} Told\r\nConnection: close\r\n\r\n").as_bytes())
        }
        "redirect" => {
            let status = number().unwrap_or(302);
            answer(&format!("{status} Elsewhere\r\nLocation: {query}"), b"moved")
        }
        "loop" => answer("302 Again\r\nLocation: /loop", b""),
        "headers" => answer(
            "200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-A: 1\r\nx-a: 2\r\nContent-Type: text/a\r\n\
             content-type: text/b\r\nCookie: c\r\ncookie: d",
            b"",
        ),
        "bytes" => answer("200 OK", &vec![b'x'; number().unwrap_or(0)]),
        "chunked" => stream.write_all(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\nConnection: close\r\n\r\n\
              3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: end\r\n\r\n",
        ),
        "early" => stream.write_all(
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        ),
        "truncated" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        }
        "wrong" => stream.write_all(b"what is this\r\n\r\n"),
        "huge" => {
            let header = format!("X-Large: {}\r\n", "x".repeat(100_000));
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{header}\r\n").as_bytes())
        }
        "start" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")?;
            wait(stream)
        }
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        "wait" => wait(stream),
        "hangup" => Ok(()),
        _ => answer("404 Nothing", b"nothing"),
    }
}

/// Waits until the client goes away.
fn wait(mut stream: &TcpStream) -> io::Result<()> {
    let mut rest = [0; 64];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}
