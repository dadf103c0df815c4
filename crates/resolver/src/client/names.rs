//! Asks for the address of a host once in an installation, not for each of hundreds of requests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::NextTimeout;

/// The system's name resolution, with a memory.
#[derive(Debug, Default)]
pub(super) struct HostNames {
    system: DefaultResolver,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug)]
enum Known {
    Addresses(Box<ResolvedSocketAddrs>),
    Unknown { since: Instant },
}

/// How long a failure counts for those who waited while it happened.
const FAILURE_COUNTS: Duration = Duration::from_millis(200);

impl Resolver for HostNames {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let key = format!("{scheme}://{authority}");
        // Held while the system is asked: the others want to know the same.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&key) {
            Some(Known::Addresses(addresses)) => return Ok((**addresses).clone()),
            Some(Known::Unknown { since }) if since.elapsed() < FAILURE_COUNTS => {
                return Err(ureq::Error::HostNotFound);
            }
            Some(Known::Unknown { .. }) | None => {}
        }
        let result = self.system.resolve(uri, config, timeout);
        let now_known = match &result {
            Ok(addresses) => Known::Addresses(Box::new(addresses.clone())),
            Err(_) => Known::Unknown {
                since: Instant::now(),
            },
        };
        known.insert(key, now_known);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(names: &HostNames, uri: &str) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let timeout = NextTimeout {
            after: Duration::from_secs(10).into(),
            reason: ureq::Timeout::Resolve,
            per_read: None,
            per_write: None,
        };
        names.resolve(&uri.parse().unwrap(), &Config::default(), timeout)
    }

    #[test]
    fn hosts_are_remembered_with_their_ports() {
        let names = HostNames::default();
        for (uri, port) in [
            ("http://127.0.0.1/x", 80),
            ("https://127.0.0.1/y", 443),
            ("http://127.0.0.1:81/", 81),
            ("http://127.0.0.1/z", 80),
        ] {
            assert_eq!(resolve(&names, uri).unwrap()[0].port(), port, "{uri}");
        }
        assert_eq!(names.known.lock().unwrap().len(), 3);
    }

    #[test]
    fn a_failure_is_not_remembered_for_long() {
        let names = HostNames::default();
        let past = Instant::now().checked_sub(FAILURE_COUNTS * 2).unwrap();
        // However long the test stands still.
        let now = Instant::now() + Duration::from_secs(60 * 60);
        for (since, is_found) in [(now, false), (past, true)] {
            let failure = Known::Unknown { since };
            let key = "http://127.0.0.1".to_owned();
            names.known.lock().unwrap().insert(key, failure);
            assert_eq!(resolve(&names, "http://127.0.0.1/").is_ok(), is_found);
        }
    }
}
