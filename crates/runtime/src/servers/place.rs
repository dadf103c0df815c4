//! Where a server is: a program to start, or a URL that is safe to send secrets to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use mycelium_network::Host;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerPlace {
    /// It is started, and spoken to on its standard streams.
    Program(ServerProgram),
    /// It is there already, and spoken to over HTTP.
    Remote(RemoteServer),
}

/// A server that is started.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerProgram {
    /// The program: a path, or a name to be looked for in the `PATH` of `environment`.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Its working directory: the workspace.
    pub folder: PathBuf,
}

/// A server at a URL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteServer {
    /// The URL.
    pub url: ServerUrl,
    /// What is sent with each request.
    pub headers: BTreeMap<String, String>,
}

/// A URL of HTTP: with TLS, or on this machine. Nobody on the way can read what is sent there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl {
    scheme: UrlScheme,
    host: Host,
    port: u16,
    path: String,
}

/// How much is secret on the way to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UrlScheme {
    /// Nothing: it does not leave the machine.
    Http,
    /// Everything.
    Https,
}

/// Why something is not the URL of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is no URL.
    #[error("its `url` is not a URL")]
    Unreadable,
    /// It is one of something else.
    #[error("its `url` does not begin with `https://` or `http://`")]
    Scheme,
    /// It has a name and a password.
    #[error("its `url` has a name and a password, which belong into `headers`")]
    Credentials,
    /// It is on another machine, and everybody on the way could read what is sent.
    #[error("its `url` is not on this machine and does not begin with `https://`")]
    Insecure,
}

impl ServerUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`InvalidUrl`] for one that nothing is sent to.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let url: http::Uri = text.trim().parse().map_err(|_| InvalidUrl::Unreadable)?;
        let scheme = match url.scheme_str() {
            Some("https") => UrlScheme::Https,
            Some("http") => UrlScheme::Http,
            Some(_) | None => return Err(InvalidUrl::Scheme),
        };
        let authority = url.authority().ok_or(InvalidUrl::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(InvalidUrl::Credentials);
        }
        let host: Host = (authority.host().parse()).map_err(|_| InvalidUrl::Unreadable)?;
        let port = match (authority.port(), scheme) {
            (Some(port), _) => port.as_u16(),
            (None, UrlScheme::Https) => 443,
            (None, UrlScheme::Http) => 80,
        };
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let url = Self {
            scheme,
            host,
            port,
            path: path.to_owned(),
        };
        if scheme == UrlScheme::Http && !url.is_here() {
            return Err(InvalidUrl::Insecure);
        }
        Ok(url)
    }

    /// Where `location`, as a response has it, leads from here; nothing if that is another server, to which nothing is
    /// sent that was meant for this one.
    #[must_use]
    pub fn join(&self, location: &str) -> Option<Self> {
        let is_path = location.starts_with('/') && !location.starts_with("//");
        let joined = match is_path {
            true => Self::parse(&format!("{}{location}", self.origin())),
            false => Self::parse(location),
        };
        joined.ok().filter(|url| url.origin() == self.origin())
    }

    /// How it is spoken to.
    #[must_use]
    pub fn scheme(&self) -> UrlScheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, and the query if there is one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host and the port, as the `Host` header has them.
    #[must_use]
    pub fn authority(&self) -> String {
        let (host, port) = (&self.host, self.port);
        let host = match host {
            Host::Address(address) if address.is_ipv6() => format!("[{address}]"),
            Host::Address(_) | Host::Name(_) => host.to_string(),
        };
        match (self.scheme, port) {
            (UrlScheme::Https, 443) | (UrlScheme::Http, 80) => host,
            (UrlScheme::Https | UrlScheme::Http, _) => format!("{host}:{port}"),
        }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => {
                name.as_str() == "localhost" || name.as_str().ends_with(".localhost")
            }
        }
    }

    fn origin(&self) -> String {
        let scheme = match self.scheme {
            UrlScheme::Http => "http",
            UrlScheme::Https => "https",
        };
        format!("{scheme}://{}", self.authority())
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

/// Values of variables are secret more often than not.
impl fmt::Debug for ServerProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerProgram")
            .field("program", &self.program)
            .field("environment", &self.environment.keys())
            .finish_non_exhaustive()
    }
}

/// So are headers.
impl fmt::Debug for RemoteServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteServer")
            .field("url", &self.url)
            .field("headers", &self.headers.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_nobody_else_can_read_are_taken() {
        for (text, expected) in [
            (
                "https://mcp.example.com/mcp?a=b",
                "https://mcp.example.com/mcp?a=b",
            ),
            ("https://MCP.example.com:443", "https://mcp.example.com/"),
            ("http://localhost:3000/mcp", "http://localhost:3000/mcp"),
            ("http://127.0.0.1:80/", "http://127.0.0.1/"),
            ("http://[::1]:3000/mcp#part", "http://[::1]:3000/mcp"),
        ] {
            let url = ServerUrl::parse(text).map(|url| url.to_string());
            assert_eq!(url.as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("mcp.example.com/mcp", InvalidUrl::Unreadable),
            ("", InvalidUrl::Unreadable),
            ("/mcp", InvalidUrl::Scheme),
            ("ftp://example.com/", InvalidUrl::Scheme),
            ("https://me:secret@example.com/", InvalidUrl::Credentials),
            ("http://example.com/mcp", InvalidUrl::Insecure),
            ("http://127.0.0.1.example.com/", InvalidUrl::Insecure),
            ("http://10.0.0.1/", InvalidUrl::Insecure),
            ("https://${HOST}/mcp", InvalidUrl::Unreadable),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn another_place_is_followed_only_on_the_same_server() {
        let url = ServerUrl::parse("https://example.com/mcp").unwrap();
        let joined = |location: &str| url.join(location).map(|url| url.to_string());
        assert_eq!(joined("/mcp/").as_deref(), Some("https://example.com/mcp/"));
        assert_eq!(
            joined("https://example.com:443/v2").as_deref(),
            Some("https://example.com/v2")
        );
        for elsewhere in [
            "https://evil.example/mcp",
            "//evil.example/mcp",
            "http://example.com/mcp",
            "https://example.com:8443/mcp",
            "https://example.com@evil.example/",
            "mcp",
        ] {
            assert_eq!(joined(elsewhere), None, "{elsewhere}");
        }
    }
}
