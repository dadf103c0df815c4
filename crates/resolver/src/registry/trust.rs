//! The certificates a registry's is checked against.

use std::path::Path;
use std::path::PathBuf;

use rustls_native_certs::load_certs_from_paths;
use ureq::tls::Certificate;

use super::chain::Chain;
use crate::ResolverError;

/// Where the trusted certificates are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustRoots {
    bundle: Option<PathBuf>,
    folders: Vec<PathBuf>,
    /// Trusted besides; it need not exist.
    extra: Option<PathBuf>,
}

/// Where systems keep their bundle: Debian, Fedora, SUSE, Alpine and macOS.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

impl TrustRoots {
    /// npm's `cafile` alone, if it is set, as npm has it; else what `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name or, without them, the system's, and `NODE_EXTRA_CA_CERTS` besides.
    ///
    /// npm's `strict-ssl = false`, which trusts everybody, is not heeded.
    pub(super) fn new(chain: &Chain) -> Self {
        if let Some(file) = chain.setting("cafile") {
            return Self {
                bundle: Some(PathBuf::from(file)),
                folders: Vec::new(),
                extra: None,
            };
        }
        let variable = |name| chain.variables.get(name);
        let mut bundle = variable("SSL_CERT_FILE").map(PathBuf::from);
        let folders: Vec<_> = variable("SSL_CERT_DIR")
            .map(|list| std::env::split_paths(list).collect())
            .unwrap_or_default();
        if bundle.is_none() && folders.is_empty() {
            bundle = SYSTEM_BUNDLES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file());
        }
        Self {
            bundle,
            folders,
            extra: variable("NODE_EXTRA_CA_CERTS").map(PathBuf::from),
        }
    }

    /// Loads the certificates. This takes some milliseconds.
    ///
    /// # Errors
    ///
    /// Fails if there is not a single certificate: then every connection would fail.
    pub(crate) fn load(&self) -> Result<Vec<Certificate<'static>>, ResolverError> {
        let extra = self.extra.as_deref().filter(|path| path.is_file());
        let sources = [self.bundle.as_deref(), extra]
            .into_iter()
            .flatten()
            .map(|file| (Some(file), None))
            .chain(
                self.folders
                    .iter()
                    .map(|folder| (None, Some(folder.as_path()))),
            );
        let mut found = Vec::new();
        let mut problem = None;
        for (file, folder) in sources {
            let loaded = load_certs_from_paths(file, folder);
            found.extend(loaded.certs);
            // One bad file in a folder of a hundred good ones is not worth refusing to work.
            let first = loaded.errors.into_iter().next();
            problem = problem.or_else(|| Some((file.or(folder)?.to_owned(), first?.to_string())));
        }
        if found.is_empty() {
            let (path, problem) = problem.unwrap_or_else(|| {
                let nowhere = Path::new(SYSTEM_BUNDLES[0]).to_owned();
                (
                    self.bundle.clone().unwrap_or(nowhere),
                    "no certificates".to_owned(),
                )
            });
            return Err(ResolverError::Certificates { path, problem });
        }
        // Bundle and folder usually hold the same ones.
        found.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
        found.dedup();
        Ok(found
            .iter()
            .map(|der| Certificate::from_der(der).to_owned())
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::NpmEnvironment;

    fn roots(variables: &[(&str, &str)]) -> TrustRoots {
        let variables: BTreeMap<_, _> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let environment = NpmEnvironment {
            variables,
            ..NpmEnvironment::default()
        };
        TrustRoots::new(&Chain::read(&environment).unwrap())
    }

    #[test]
    fn the_sources_are_npms_and_openssls() {
        let variables = [
            ("SSL_CERT_FILE", "/file.pem"),
            ("SSL_CERT_DIR", "/one:/two"),
            ("NODE_EXTRA_CA_CERTS", "/extra.pem"),
        ];
        let expected = TrustRoots {
            bundle: Some("/file.pem".into()),
            folders: vec!["/one".into(), "/two".into()],
            extra: Some("/extra.pem".into()),
        };
        assert_eq!(roots(&variables), expected);

        let mut with_cafile = variables.to_vec();
        with_cafile.push(("npm_config_cafile", "/npm.pem"));
        let expected = TrustRoots {
            bundle: Some("/npm.pem".into()),
            folders: Vec::new(),
            extra: None,
        };
        assert_eq!(roots(&with_cafile), expected);
    }

    #[test]
    fn nothing_to_trust_is_an_error_that_names_the_file() {
        let error = roots(&[("npm_config_cafile", "/nonexistent.pem")])
            .load()
            .unwrap_err();
        assert!(error.to_string().contains("/nonexistent.pem"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        fs_err::write(&empty, "no certificate").unwrap();
        let error = roots(&[("SSL_CERT_FILE", empty.to_str().unwrap())])
            .load()
            .unwrap_err();
        assert!(error.to_string().contains("empty.pem"), "{error}");
    }
}
