//! An npm registry on the loopback interface.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use mycelium_types::Digest;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::published::Published;

/// A running registry; it stops when dropped.
pub(super) struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) status: u16,
}

/// What goes wrong with the next requests for a path.
#[derive(Clone)]
pub(super) enum Fault {
    /// This answer, with these headers.
    Status(u16, &'static [(&'static str, &'static str)]),
    /// The connection ends in the middle of the body.
    CutOff,
    /// The connection ends in the middle of the body, whose length was not announced.
    CutOffUnnoticed,
    /// The connection ends before there is an answer.
    HangUp,
    /// No answer comes for as long as the registry runs.
    Silence,
    /// Other bytes arrive than were published.
    Tampered,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    stopping: AtomicBool,
    stopped: Condvar,
}

#[derive(Default)]
struct State {
    packages: BTreeMap<String, BTreeMap<String, Published>>,
    tags: BTreeMap<String, Map<String, Value>>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    requests: Vec<Request>,
    /// Where archives are said to be, below the registry's address.
    unusual_archives: bool,
    /// The value of the `Authorization` header without which nothing is given.
    secret: Option<String>,
}

impl Registry {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming() {
                    if shared.stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let shared = Arc::clone(&shared);
                    let stream = stream.unwrap();
                    std::thread::spawn(move || serve(stream, address, &shared));
                }
            }
        });
        Self {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The authority part of the address, as `.npmrc` keys name it.
    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn publish(&self, package: Published) -> &Self {
        let mut state = self.shared.state.lock().unwrap();
        let tags = state.tags.entry(package.name.clone()).or_default();
        if !package.version.contains('-') {
            tags.insert("latest".to_owned(), json!(package.version));
        }
        state
            .packages
            .entry(package.name.clone())
            .or_default()
            .insert(package.version.clone(), package);
        drop(state);
        self
    }

    pub(super) fn unpublish(&self, name: &str) {
        self.shared.state.lock().unwrap().packages.remove(name);
    }

    pub(super) fn tag(&self, name: &str, tag: &str, version: &str) {
        let mut state = self.shared.state.lock().unwrap();
        let tags = state.tags.entry(name.to_owned()).or_default();
        tags.insert(tag.to_owned(), json!(version));
    }

    /// Has the next requests for a path go wrong, one after the other.
    pub(super) fn fail(&self, path: &str, faults: impl IntoIterator<Item = Fault>) {
        let mut state = self.shared.state.lock().unwrap();
        let queue = state.faults.entry(path.to_owned()).or_default();
        queue.extend(faults);
    }

    /// Has nothing go wrong any more.
    pub(super) fn recover(&self) {
        self.shared.state.lock().unwrap().faults.clear();
    }

    /// Has all archives at addresses that nobody could guess.
    pub(super) fn put_archives_elsewhere(&self) {
        self.shared.state.lock().unwrap().unusual_archives = true;
    }

    pub(super) fn demand(&self, authorization: &str) {
        self.shared.state.lock().unwrap().secret = Some(authorization.to_owned());
    }

    /// The requests since the last call.
    pub(super) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.state.lock().unwrap().requests)
    }

    /// The paths of the requests since the last call, sorted.
    pub(super) fn take_paths(&self) -> Vec<String> {
        let mut paths: Vec<_> = self.take_requests().into_iter().map(|r| r.path).collect();
        paths.sort();
        paths
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let state = self.shared.state.lock().unwrap();
        self.shared.stopped.notify_all();
        drop(state);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            accepting.join().unwrap();
        }
    }
}

/// What is sent for one request.
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn serve(stream: TcpStream, address: SocketAddr, shared: &Shared) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    // A client that goes away ends the loop; that is its right.
    while let Some((path, headers)) = read_request(&mut reader) {
        let (mut response, fault) = answer(&path, headers, address, shared);
        match fault {
            None => {}
            Some(Fault::Status(status, headers)) => {
                let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                response = Response {
                    status,
                    headers: headers.iter().map(own).collect(),
                    body: Vec::new(),
                };
            }
            Some(Fault::Tampered) => response.body.extend(b"tampered"),
            Some(Fault::HangUp) => return,
            Some(Fault::Silence) => {
                let state = shared.state.lock().unwrap();
                let _stopped = shared
                    .stopped
                    .wait_while(state, |_| !shared.stopping.load(Ordering::SeqCst))
                    .unwrap();
                return;
            }
            Some(Fault::CutOff) => {
                let head = head(&response, Some(response.body.len()));
                let half = &response.body[..response.body.len() / 2];
                let _ = writer.write_all(&[head.as_bytes(), half].concat());
                return;
            }
            Some(Fault::CutOffUnnoticed) => {
                let head = head(&response, None);
                let half = &response.body[..response.body.len() / 2];
                let _ = writer.write_all(&[head.as_bytes(), half].concat());
                return;
            }
        }
        let head = head(&response, Some(response.body.len()));
        let bytes = [head.as_bytes(), &response.body].concat();
        if writer.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn head(response: &Response, length: Option<usize>) -> String {
    let mut head = format!("HTTP/1.1 {} Whatever\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&match length {
        Some(length) => format!("content-length: {length}\r\n\r\n"),
        None => "connection: close\r\n\r\n".to_owned(),
    });
    head
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, BTreeMap<String, String>)> {
    let mut line = String::new();
    reader
        .get_ref()
        .set_read_timeout(Some(Duration::from_secs(60)))
        .ok()?;
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())
            }
            None => return Some((path, headers)),
        };
    }
}

fn answer(
    path: &str,
    headers: BTreeMap<String, String>,
    address: SocketAddr,
    shared: &Shared,
) -> (Response, Option<Fault>) {
    let mut state = shared.state.lock().unwrap();
    let fault = state.faults.get_mut(path).and_then(VecDeque::pop_front);
    let allowed = state
        .secret
        .as_ref()
        .is_none_or(|secret| headers.get("authorization") == Some(secret));
    let mut response = if allowed {
        find(&state, path, address)
    } else {
        plain(401, Vec::new())
    };
    if response.status == 200 && !path.contains("/-/") {
        let etag = format!("\"{}\"", Digest::of(&response.body).short());
        if headers.get("if-none-match") == Some(&etag) {
            response = plain(304, Vec::new());
        } else {
            response.headers.push(("etag".to_owned(), etag));
        }
    }
    let status = match &fault {
        Some(Fault::Status(status, _)) => *status,
        Some(_) | None => response.status,
    };
    state.requests.push(Request {
        path: path.to_owned(),
        headers,
        status,
    });
    (response, fault)
}

fn find(state: &State, path: &str, address: SocketAddr) -> Response {
    let path = path.trim_start_matches('/').replace("%2F", "/");
    if let Some((name, file)) = path.split_once("/-/") {
        let base = name.rsplit('/').next().unwrap_or(name);
        let version = if state.unusual_archives {
            file.strip_prefix("blob-")
        } else {
            file.strip_prefix(&format!("{base}-"))
                .and_then(|rest| rest.strip_suffix(".tgz"))
        };
        let package = version.and_then(|version| state.packages.get(name)?.get(version));
        return match package {
            Some(package) => plain(200, package.bytes()),
            None => plain(404, Vec::new()),
        };
    }
    let Some(versions) = state.packages.get(&path) else {
        return plain(404, b"{}".to_vec());
    };
    let base = path.rsplit('/').next().unwrap_or(&path);
    let described: Map<String, Value> = versions
        .iter()
        .map(|(version, package)| {
            let file = if state.unusual_archives {
                format!("blob-{version}")
            } else {
                format!("{base}-{version}.tgz")
            };
            let tarball = format!("http://{address}/{path}/-/{file}");
            (version.clone(), package.description(&tarball))
        })
        .collect();
    let tags = state.tags.get(&path).cloned().unwrap_or_default();
    let description = json!({ "name": path, "dist-tags": tags, "versions": described });
    plain(200, description.to_string().into_bytes())
}

fn plain(status: u16, body: Vec<u8>) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body,
    }
}
