//! The skills at an HTTP address: who is let in, and until when.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::header::CONTENT_TYPE;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::any;
use axum::routing::get;
use mycelium_mcp::HttpAccess;
use mycelium_mcp::HttpAgents;
use mycelium_mcp::HttpPeers;
use mycelium_protocol::control::EndpointAccess;
use mycelium_protocol::control::EndpointReport;
use mycelium_protocol::control::EndpointRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::daemon::Daemon;

/// Where agents send their requests.
const PATH: &str = "/mcp";
/// Where clients look for what a resource is and how it is protected (RFC 9728).
const METADATA: &str = "/.well-known/oauth-protected-resource";
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// How long connections may take to end once their sessions have.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// An address that is served. Dropping it ends its sessions and closes its connections.
pub(crate) struct Endpoint {
    pub(crate) report: EndpointReport,
    agents: HttpAgents,
    /// Dropping this is the signal to listen no more.
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.agents.close();
    }
}

impl Endpoint {
    /// Listens, and answers until this is dropped.
    ///
    /// # Errors
    /// `USAGE` when everybody would be let in from other machines, `STATE_UNAVAILABLE` when the address cannot
    /// be used or the token cannot be kept, and when the configuration is invalid.
    pub(crate) async fn open(
        daemon: &Daemon,
        context: RequestContext,
        request: EndpointRequest,
    ) -> Result<Self, ErrorReport> {
        let idle = daemon.runtime.agents_idle(&context).await?;
        let is_local = request.address.ip().is_loopback();
        let (token, token_file) = match request.access {
            EndpointAccess::Everybody if is_local => (None, None),
            EndpointAccess::Everybody => {
                return Err(ErrorReport::new(ErrorCode::Usage).with(
                    "reason",
                    "Without a token only programs of this machine can be let in: use a loopback address.",
                ));
            }
            EndpointAccess::Token => {
                let file = daemon.state.join("http-token");
                let token = token(&file).map_err(unavailable)?;
                (Some(token), Some(file))
            }
        };
        let listener = TcpListener::bind(request.address)
            .await
            .map_err(|error| unavailable(in_words(request.address, &error)))?;
        let address = listener.local_addr().map_err(unavailable)?;
        let url = format!("http://{address}{PATH}");
        let access = HttpAccess {
            hosts: hosts(address.ip(), request.hosts),
            origins: origins(address, request.origins),
            peers: match request.access {
                EndpointAccess::Token => HttpPeers::Own,
                EndpointAccess::Everybody => HttpPeers::Anybody,
            },
        };
        let tools = daemon.tools.behind(request.tool_prefix);
        let agents = HttpAgents::new(tools, context, access, idle);
        let door = Arc::new(Door {
            token,
            metadata: (!is_local).then(|| format!("http://{address}{METADATA}")),
            url: url.clone(),
        });
        let (stop, stopped) = oneshot::channel();
        let router = router(agents.clone(), door);
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async {
                // Either way it is over.
                let _ = stopped.await;
            });
            if let Err(error) = served.await {
                tracing::warn!(%address, %error, "agents are no longer served");
            }
        });
        Ok(Self {
            report: EndpointReport { url, token_file },
            agents,
            stop: Some(stop),
            serving,
        })
    }

    /// Ends the sessions and returns when nobody listens any more.
    pub(crate) async fn close(mut self) {
        self.agents.close();
        drop(self.stop.take());
        let ended = tokio::time::timeout(LAST_ANSWERS, &mut self.serving);
        if ended.await.is_err() {
            // A client that neither reads nor goes keeps its connection, not the address.
            self.serving.abort();
            let _ = (&mut self.serving).await;
        }
    }
}

/// What decides who comes in.
struct Door {
    token: Option<String>,
    /// Where the description of this resource is, if it is for other machines.
    metadata: Option<String>,
    url: String,
}

fn router(agents: HttpAgents, door: Arc<Door>) -> Router {
    let description = door.description();
    Router::new().merge(description).route(
        PATH,
        any(
            move |State(door): State<Arc<Door>>, request: Request| async move {
                match door.admits(request.headers()) {
                    true => answer(&agents, request).await,
                    false => door.refusal(),
                }
            },
        )
        .with_state(door),
    )
}

async fn answer(agents: &HttpAgents, request: Request) -> Response {
    let is_farewell = request.method() == Method::DELETE;
    let mut response = agents.handle(request).await.into_response();
    // The session has ended, and clients take 202 for a failure.
    if is_farewell && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

impl Door {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let given = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
        given
            .and_then(|given| given.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .is_some_and(|(_, given)| same(given.trim(), token))
    }

    /// What a client of another machine finds out about this resource before it has a token (RFC 9728).
    fn description(&self) -> Router {
        if self.metadata.is_none() {
            return Router::new();
        }
        let description = json!({
            "resource": self.url,
            "resource_name": "Mycelium",
            "bearer_methods_supported": ["header"],
        })
        .to_string();
        let page =
            |body: String| get(move || async move { ([(CONTENT_TYPE, "application/json")], body) });
        Router::new()
            .route(METADATA, page(description.clone()))
            .route(&format!("{METADATA}{PATH}"), page(description))
    }

    fn refusal(&self) -> Response {
        let challenge = match &self.metadata {
            Some(place) => format!("Bearer realm=\"mycelium\", resource_metadata=\"{place}\""),
            None => "Bearer realm=\"mycelium\"".to_owned(),
        };
        let text = "A token is needed: Authorization: Bearer TOKEN. `mycelium mcp serve --http` says which file has it.\n";
        (
            StatusCode::UNAUTHORIZED,
            [(WWW_AUTHENTICATE, challenge)],
            text,
        )
            .into_response()
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn same(given: &str, token: &str) -> bool {
    given.len() == token.len()
        && (given.bytes().zip(token.bytes())).fold(0, |all, (one, other)| all | (one ^ other)) == 0
}

/// The names by which an address is known, for the check of a request's `Host`.
fn hosts(address: IpAddr, others: Vec<String>) -> Vec<String> {
    let mut hosts = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "[::1]".to_owned(),
    ];
    if !address.is_unspecified() && !address.is_loopback() {
        hosts.push(match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        });
    }
    hosts.extend(others);
    hosts
}

/// The origins of pages that may send requests: none is served here, so those of this address are programs'.
fn origins(address: SocketAddr, others: Vec<String>) -> Vec<String> {
    let mut origins = vec![
        format!("http://{address}"),
        format!("http://localhost:{}", address.port()),
    ];
    origins.extend(others);
    origins
}

/// The person's token, which is made when it is first needed.
fn token(file: &Path) -> io::Result<String> {
    if let Some(token) = kept(file)? {
        return Ok(token);
    }
    let mut random = [0; TOKEN_BYTES];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = file.parent().unwrap_or(Path::new("/"));
    fs_err::create_dir_all(folder)?;
    // Its permissions are the person's alone from the beginning, and it appears with its content.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(token.as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Ok(_) => Ok(token),
        // Another one made it at the same time.
        Err(error) => kept(file)?.ok_or(error.error),
    }
}

/// The token in the file, if it is one that only the person can read.
fn kept(file: &Path) -> io::Result<Option<String>> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = match fs_err::symlink_metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let unfit = |reason: &str| io::Error::other(format!("{} {reason}", file.display()));
    if !metadata.is_file() {
        return Err(unfit("is not a file"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(unfit(
            "can be read by others; remove it, and a new one is made",
        ));
    }
    let mut text = String::new();
    fs_err::File::open(file)?
        .take(1024)
        .read_to_string(&mut text)?;
    match text.trim() {
        token if token.len() >= TOKEN_BYTES => Ok(Some(token.to_owned())),
        _ => Err(unfit("has no token; remove it, and a new one is made")),
    }
}

fn in_words(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{address} cannot be used: {error}"))
}

fn unavailable(error: io::Error) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/http-token");
        let first = token(&file).unwrap();
        assert_eq!(first.len(), 2 * TOKEN_BYTES);
        assert_eq!(token(&file).unwrap(), first);
        let mode = fs_err::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(token(&file).unwrap_err().to_string().contains("others"));
        fs_err::remove_file(&file).unwrap();
        fs_err::write(&file, "short").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(token(&file).unwrap_err().to_string().contains("no token"));
        fs_err::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
        assert!(token(&file).unwrap_err().to_string().contains("not a file"));
    }

    /// What is at `path` of a door, and what the door says to whoever has no token.
    async fn met(door: &Door, path: &str) -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, door.description()).into_future());
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        server.abort();
        let challenge = door.refusal();
        assert_eq!(challenge.status(), StatusCode::UNAUTHORIZED);
        let challenge = challenge.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        (answer, challenge.to_owned())
    }

    #[tokio::test]
    async fn a_resource_for_other_machines_is_described_and_one_for_this_is_not() {
        let door = |metadata: Option<&str>| Door {
            token: Some("abc".to_owned()),
            metadata: metadata.map(str::to_owned),
            url: "http://192.0.2.1:8080/mcp".to_owned(),
        };
        let place = format!("http://192.0.2.1:8080{METADATA}");
        let open = door(Some(&place));
        for path in [METADATA, "/.well-known/oauth-protected-resource/mcp"] {
            let (answer, challenge) = met(&open, path).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let described: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(described["resource"], open.url);
            assert_eq!(described["bearer_methods_supported"], json!(["header"]));
            assert!(challenge.contains(&format!("resource_metadata=\"{place}\"")));
        }
        let (answer, challenge) = met(&door(None), METADATA).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert!(!challenge.contains("resource_metadata"));
    }

    #[test]
    fn the_door_opens_for_the_token_alone() {
        let door = |token: Option<&str>| Door {
            token: token.map(str::to_owned),
            metadata: None,
            url: String::new(),
        };
        let headers = |value: &str| HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        let closed = door(Some("abc"));
        assert!(closed.admits(&headers("Bearer abc")));
        assert!(closed.admits(&headers("bearer  abc")));
        for wrong in [
            "Bearer abd",
            "Bearer ab",
            "Bearer abcd",
            "Basic abc",
            "abc",
            "",
        ] {
            assert!(!closed.admits(&headers(wrong)), "{wrong}");
        }
        assert!(!closed.admits(&HeaderMap::new()));
        assert!(door(None).admits(&HeaderMap::new()));
    }
}
