//! What programs find in their environment.

use std::net::IpAddr;

use mycelium_policy::CERTIFICATES_PATH;
use mycelium_policy::PROXY_PORT;

use crate::Gate;

/// The variables that lead programs to the broker where the addresses alone do not: to ports that no grant
/// names. Programs that know none of them reach the ports that are named, and 80 and 443.
#[must_use]
pub fn proxy_environment(gate: &Gate) -> Vec<(&'static str, String)> {
    const NAMES: [&str; 6] = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ];
    let proxy = format!("http://127.0.0.1:{PROXY_PORT}");
    let mut variables: Vec<_> = NAMES.map(|name| (name, proxy.clone())).into();
    // A skill's own servers are reached without us; granted ones of this machine are not its own.
    if !gate
        .addresses()
        .any(|address: IpAddr| address.is_loopback())
    {
        for name in ["NO_PROXY", "no_proxy"] {
            variables.push((name, "localhost,127.0.0.1,::1".to_owned()));
        }
    }
    variables
}

/// The variables by which programs find the certificates that they are to trust, where the broker reads TLS:
/// those of OpenSSL, curl, Python's requests, Node.js and git.
#[must_use]
pub fn certificate_environment() -> [(&'static str, &'static str); 5] {
    const NAMES: [&str; 5] = [
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
    ];
    NAMES.map(|name| (name, CERTIFICATES_PATH))
}
