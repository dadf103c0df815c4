//! Which proxy an address is reached by.

use url::Url;

use super::chain::Chain;

/// The proxies for the two schemes, and the hosts that need none.
#[derive(Debug, Default)]
pub(super) struct ProxyRules {
    http: Option<String>,
    https: Option<String>,
    without: Vec<String>,
}

impl ProxyRules {
    /// npm's settings `proxy`, `https-proxy` and `noproxy`, else the variables everybody uses.
    pub(super) fn new(chain: &Chain) -> Self {
        let variable = |name| chain.variables.get_any_case(name);
        let http = chain.setting("proxy").or_else(|| variable("HTTP_PROXY"));
        let https = chain
            .setting("https-proxy")
            .or_else(|| chain.setting("proxy"))
            .or_else(|| variable("HTTPS_PROXY"))
            .or_else(|| variable("HTTP_PROXY"));
        let without = chain.setting("noproxy").or_else(|| variable("NO_PROXY"));
        Self {
            http: http.map(ToOwned::to_owned),
            https: https.map(ToOwned::to_owned),
            without: without
                .unwrap_or_default()
                .split([',', ' '])
                .map(|host| host.trim().trim_start_matches('.').to_ascii_lowercase())
                .filter(|host| !host.is_empty())
                .collect(),
        }
    }

    /// The proxy for `url`.
    pub(super) fn of(&self, url: &Url) -> Result<Option<ureq::Proxy>, ureq::Error> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        };
        match proxy {
            Some(proxy) if !self.is_direct(url) => ureq::Proxy::new(proxy).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    /// Whether `url` is reached without a proxy: its host, perhaps with the port, is listed or
    /// inside a listed domain.
    fn is_direct(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        self.without.iter().any(|listed| {
            let with_port = listed
                .rsplit_once(':')
                .filter(|(host, _)| !host.contains(':'))
                .and_then(|(host, digits)| Some((host, digits.parse::<u16>().ok()?)));
            let (listed, listed_port) = match with_port {
                Some((host, port)) => (host, Some(port)),
                None => (listed.as_str(), None),
            };
            let listed = listed.strip_prefix("*.").unwrap_or(listed);
            let inside = |host: &str| {
                host.strip_suffix(listed)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            listed_port.is_none_or(|listed| listed == port) && (listed == "*" || inside(host))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::NpmEnvironment;

    fn rules(variables: &[(&str, &str)]) -> ProxyRules {
        let variables: BTreeMap<_, _> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let environment = NpmEnvironment {
            variables,
            ..NpmEnvironment::default()
        };
        ProxyRules::new(&Chain::read(&environment).unwrap())
    }

    fn proxy(rules: &ProxyRules, url: &str) -> Option<String> {
        let proxy = rules.of(&Url::parse(url).unwrap()).unwrap()?;
        Some(format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn schemes_have_their_proxies() {
        let both = rules(&[
            ("HTTP_PROXY", "http://plain.test:1"),
            ("https_proxy", "http://secure.test:2"),
        ]);
        assert_eq!(
            proxy(&both, "http://x.test/").as_deref(),
            Some("plain.test:1")
        );
        assert_eq!(
            proxy(&both, "https://x.test/").as_deref(),
            Some("secure.test:2")
        );
        let npm = rules(&[
            ("HTTPS_PROXY", "http://secure.test:2"),
            ("npm_config_https_proxy", "http://npm.test:3"),
        ]);
        assert_eq!(
            proxy(&npm, "https://x.test/").as_deref(),
            Some("npm.test:3")
        );
        assert_eq!(proxy(&npm, "http://x.test/"), None);
        assert_eq!(proxy(&rules(&[]), "https://x.test/"), None);
    }

    #[test]
    fn listed_hosts_are_reached_directly() {
        let rules = rules(&[
            ("HTTPS_PROXY", "http://p.test:1"),
            ("NO_PROXY", "a.test, .b.test,*.c.test,d.test:8443"),
        ]);
        for (url, direct) in [
            ("https://a.test/", true),
            ("https://sub.a.test/", true),
            ("https://nota.test/", false),
            ("https://x.b.test/", true),
            ("https://x.c.test/", true),
            ("https://d.test:8443/", true),
            ("https://d.test/", false),
        ] {
            assert_eq!(proxy(&rules, url).is_none(), direct, "{url}");
        }
    }
}
