//! Which registry each package comes from, found the way npm finds it.

mod chain;
mod ini;
mod proxy;
mod trust;

use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deno_npmrc::NpmRegistryUrl;
use deno_npmrc::RegistryConfig;
use deno_npmrc::ResolvedNpmRc;
use mycelium_types::Version;
use url::Url;

use self::chain::Chain;
use self::proxy::ProxyRules;
pub(crate) use self::trust::TrustRoots;
use crate::NpmEnvironment;
use crate::PackageName;
use crate::ResolverError;

/// npm's configuration, as far as it says where packages come from and how to get there.
///
/// Read from the `.npmrc` files of the workspace, the user and the machine and from `npm_config_…`
/// variables, in npm's order. What npm would use without any configuration is in `deno_npmrc`.
#[derive(Debug)]
pub(crate) struct RegistryConfiguration {
    npmrc: ResolvedNpmRc,
    proxy: ProxyRules,
    trust: TrustRoots,
}

/// An address and what to show there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// The value of the `Authorization` header.
    pub(crate) authorization: Option<String>,
}

impl RegistryConfiguration {
    /// Reads the configuration that `environment` leads to.
    ///
    /// # Errors
    ///
    /// Fails if one of the files cannot be read or makes no sense, or an address in it is none.
    pub(crate) fn read(environment: &NpmEnvironment) -> Result<Self, ResolverError> {
        let chain = Chain::read(environment)?;
        let default = NpmRegistryUrl::for_npm(&chain.variables);
        let npmrc = chain.npmrc.as_resolved(&default).map_err(|error| {
            let path = PathBuf::from(".npmrc");
            let problem = error.to_string();
            ResolverError::NpmrcInvalid { path, problem }
        })?;
        Ok(Self {
            proxy: ProxyRules::new(&chain),
            trust: TrustRoots::new(&chain),
            npmrc,
        })
    }

    /// Where the certificates are that a registry's is checked against.
    pub(crate) fn trust(&self) -> &TrustRoots {
        &self.trust
    }

    /// The proxy by which `url` is reached, if one is configured for it.
    pub(crate) fn proxy(&self, url: &Url) -> Result<Option<ureq::Proxy>, ureq::Error> {
        self.proxy.of(url)
    }

    /// The registry of a package.
    pub(crate) fn registry(&self, package: &PackageName) -> &Url {
        self.npmrc.get_registry_url(package.as_str())
    }

    /// Where a package's description is.
    pub(crate) fn description(&self, package: &PackageName) -> Result<Target, ResolverError> {
        let registry = self.registry(package);
        // The slash of a scoped name is escaped, the at sign is not: so npm writes it.
        let url = join(registry, &package.as_str().replace('/', "%2F"))?;
        let authorization = authorization(self.npmrc.get_registry_config(package.as_str()));
        Ok(Target { url, authorization })
    }

    /// Where a package's archive is in a registry that is arranged like npm's.
    pub(crate) fn usual_archive(
        &self,
        package: &PackageName,
        version: &Version,
    ) -> Result<Target, ResolverError> {
        let path = format!("{package}/-/{}-{version}.tgz", package.base());
        let url = join(self.registry(package), &path.replace('+', "%2B"))?;
        Ok(self.with_authorization(package, url))
    }

    /// Where a package's archive is, given what its description says.
    pub(crate) fn archive(
        &self,
        package: &PackageName,
        said: &str,
    ) -> Result<Target, ResolverError> {
        let bad = |problem: String| ResolverError::BadMetadata {
            package: package.to_string(),
            problem,
        };
        let url = Url::parse(said).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("its archive is at {}:", url.scheme())));
        }
        let url = self.npmrc.replace_tarball_url(url, package.as_str());
        Ok(self.with_authorization(package, url))
    }

    fn with_authorization(&self, package: &PackageName, url: Url) -> Target {
        // npm's keys name no scheme; what is meant for an encrypted connection stays there.
        let as_safe = url.scheme() == "https" || self.registry(package).scheme() == url.scheme();
        let authorization = as_safe
            .then(|| {
                self.npmrc
                    .tarball_config_for_package(&url, package.as_str())
            })
            .flatten()
            .and_then(|config| authorization(config));
        Target { url, authorization }
    }
}

fn join(registry: &Url, path: &str) -> Result<Url, ResolverError> {
    registry
        .join(path)
        .map_err(|error| ResolverError::NpmrcInvalid {
            path: PathBuf::from(".npmrc"),
            problem: format!("{registry}: {error}"),
        })
}

/// The `Authorization` header npm would send: a token, or name and password.
fn authorization(config: &RegistryConfig) -> Option<String> {
    if let Some(token) = &config.auth_token {
        return Some(format!("Bearer {token}"));
    }
    if let Some(basic) = &config.auth {
        return Some(format!("Basic {basic}"));
    }
    let name = config.username.as_ref().or(config.email.as_ref())?;
    // npm stores the password, but not the name, in base64.
    let password = STANDARD.decode(config.password.as_ref()?).ok()?;
    let password = String::from_utf8(password).ok()?;
    Some(format!(
        "Basic {}",
        STANDARD.encode(format!("{name}:{password}"))
    ))
}

/// Reads a configuration file, if it exists. No real one comes near the bound.
fn read_bounded(path: &std::path::Path) -> io::Result<Option<String>> {
    use std::io::Read as _;
    const MAX_BYTES: u64 = 1 << 20;
    let file = match fs_err::File::open(path) {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    if file.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_BYTES {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(npmrc: &str) -> RegistryConfiguration {
        let home = tempfile::tempdir().unwrap();
        fs_err::write(home.path().join(".npmrc"), npmrc).unwrap();
        let environment = NpmEnvironment {
            home: Some(home.path().to_owned()),
            ..NpmEnvironment::default()
        };
        RegistryConfiguration::read(&environment).unwrap()
    }

    fn name(text: &str) -> PackageName {
        text.parse().unwrap()
    }

    #[test]
    fn scopes_have_registries_and_credentials_of_their_own() {
        let configuration = configuration(
            "registry=https://main.test/npm\n\
             @ours:registry=https://ours.test/\n\
             //main.test/npm/:_authToken=main-token\n\
             //ours.test/:username=me\n\
             //ours.test/:_password=c2VjcmV0\n",
        );
        let lodash = configuration.description(&name("lodash")).unwrap();
        assert_eq!(lodash.url.as_str(), "https://main.test/npm/lodash");
        assert_eq!(lodash.authorization.as_deref(), Some("Bearer main-token"));
        let ours = configuration.description(&name("@ours/x")).unwrap();
        assert_eq!(ours.url.as_str(), "https://ours.test/@ours%2Fx");
        assert_eq!(ours.authorization.as_deref(), Some("Basic bWU6c2VjcmV0"));
        let other = configuration.description(&name("@other/x")).unwrap();
        assert_eq!(other.url.as_str(), "https://main.test/npm/@other%2Fx");

        let usual = configuration
            .usual_archive(&name("@ours/x"), &"1.0.0-a+b".parse().unwrap())
            .unwrap();
        assert_eq!(
            usual.url.as_str(),
            "https://ours.test/@ours/x/-/x-1.0.0-a%2Bb.tgz"
        );
    }

    #[test]
    fn credentials_go_to_their_own_host_only_and_never_in_the_clear() {
        let configuration =
            configuration("registry=https://main.test/\n//main.test/:_authToken=token\n");
        let authorization = |url: &str| {
            configuration
                .archive(&name("x"), url)
                .unwrap()
                .authorization
        };
        assert!(authorization("https://main.test/x/-/x-1.0.0.tgz").is_some());
        assert_eq!(authorization("https://elsewhere.test/x.tgz"), None);
        assert_eq!(
            authorization("https://main.test.elsewhere.test/x.tgz"),
            None
        );
        assert_eq!(authorization("http://main.test/x/-/x-1.0.0.tgz"), None);
    }

    #[test]
    fn archives_are_on_the_web() {
        let configuration = configuration("registry=https://main.test/");
        for bad in ["file:///etc/passwd", "data:,x", "x.tgz", ""] {
            let error = configuration.archive(&name("x"), bad).unwrap_err();
            assert!(matches!(error, ResolverError::BadMetadata { .. }), "{bad}");
        }
    }
}
