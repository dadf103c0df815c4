//! The `.npmrc` files and variables that count, merged.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use deno_npmrc::NpmRc;
use deno_npmrc::RegistryConfig;
use sys_traits::BaseEnvVar;

use super::ini;
use super::read_bounded;
use crate::NpmEnvironment;
use crate::ResolverError;

/// All of npm's configuration in one place.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) npmrc: NpmRc,
    pub(super) variables: Variables,
    /// Settings that `deno_npmrc` does not read.
    settings: BTreeMap<String, String>,
}

/// The environment variables of a request.
#[derive(Debug)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Chain {
    /// Reads the files from the strongest to the weakest: workspace, user, machine.
    pub(super) fn read(environment: &NpmEnvironment) -> Result<Self, ResolverError> {
        let variables = Variables::new(&environment.variables);
        let user = match variables.setting("userconfig") {
            Some(path) => Some(PathBuf::from(path)),
            None => environment.home.as_ref().map(|home| home.join(".npmrc")),
        };
        let workspace = environment.workspace.as_ref();
        let files = [
            workspace.map(|folder| folder.join(".npmrc")),
            user,
            global_file(&variables),
        ];

        let mut npmrc = NpmRc::default();
        let mut settings = BTreeMap::new();
        for path in files.into_iter().flatten() {
            let Some(text) = read_bounded(&path)? else {
                continue;
            };
            // The parser's own text quotes the line, which may hold a password.
            let weaker = NpmRc::parse(&variables, &text).map_err(|error| {
                let problem = error.message.into_owned();
                let path = path.clone();
                ResolverError::NpmrcInvalid { path, problem }
            })?;
            merge(&mut npmrc, weaker);
            for (key, value) in ini::network_settings(&text, &variables) {
                settings.entry(key).or_insert(value);
            }
        }
        Ok(Self {
            npmrc,
            variables,
            settings,
        })
    }

    /// A setting of a variable or, weaker, of a file. An empty one is none.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.variables
            .setting(key)
            .or_else(|| self.settings.get(key).map(String::as_str))
            .filter(|value| !matches!(*value, "" | "null" | "false"))
    }
}

/// npm's global configuration lies beside Node, whose place is npm's default prefix.
fn global_file(variables: &Variables) -> Option<PathBuf> {
    if let Some(path) = variables.setting("globalconfig") {
        return Some(PathBuf::from(path));
    }
    let prefix = match variables.setting("prefix").or(variables.get("PREFIX")) {
        Some(prefix) => PathBuf::from(prefix),
        None => std::env::split_paths(variables.get("PATH")?)
            .filter(|folder| folder.is_absolute())
            .find_map(|folder| fs_err::canonicalize(folder.join("node")).ok())
            .and_then(|node| node.parent().and_then(Path::parent).map(Path::to_owned))?,
    };
    Some(prefix.join("etc").join("npmrc"))
}

/// Fills what `strong` does not say with what `weak` says.
fn merge(strong: &mut NpmRc, weak: NpmRc) {
    strong.registry = strong.registry.take().or(weak.registry);
    strong.replace_registry_host = strong
        .replace_registry_host
        .take()
        .or(weak.replace_registry_host);
    for (scope, url) in weak.scope_registries {
        strong.scope_registries.entry(scope).or_insert(url);
    }
    for (host, weak) in weak.registry_configs {
        let merged = match strong.registry_configs.get(&host) {
            Some(strong) => Arc::new(merge_credentials(strong, &weak)),
            None => weak,
        };
        strong.registry_configs.insert(host, merged);
    }
}

fn merge_credentials(strong: &RegistryConfig, weak: &RegistryConfig) -> RegistryConfig {
    let either = |pick: fn(&RegistryConfig) -> &Option<String>| {
        pick(strong).as_ref().or(pick(weak).as_ref()).cloned()
    };
    RegistryConfig {
        auth: either(|config| &config.auth),
        auth_token: either(|config| &config.auth_token),
        username: either(|config| &config.username),
        password: either(|config| &config.password),
        email: either(|config| &config.email),
        certfile: either(|config| &config.certfile),
        keyfile: either(|config| &config.keyfile),
    }
}

impl Variables {
    pub(super) fn new(variables: &BTreeMap<String, String>) -> Self {
        Self(variables.clone())
    }

    /// The variable of exactly this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The variable in either letter case, as proxies are written.
    pub(super) fn get_any_case(&self, name: &str) -> Option<&str> {
        self.get(name)
            .or_else(|| self.get(&name.to_ascii_lowercase()))
    }

    /// npm's variable for a setting: `npm_config_` in any letter case, with `_` for `-`.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        let wanted = format!("npm_config_{}", key.replace('-', "_"));
        self.0
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case(&wanted) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

impl BaseEnvVar for Variables {
    fn base_env_var_os(&self, key: &OsStr) -> Option<OsString> {
        let key = key.to_str()?;
        let value = match key.get(..11) {
            Some(prefix) if prefix.eq_ignore_ascii_case("npm_config_") => self.setting(&key[11..]),
            Some(_) | None => self.0.get(key).map(String::as_str),
        };
        value.map(OsString::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn the_workspace_wins_over_the_user_and_the_user_over_the_machine() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(
            &at("workspace/.npmrc"),
            "@a:registry=https://workspace.test/\n//main.test/:username=me",
        );
        write(
            &at("home/.npmrc"),
            "registry=https://home.test/\n@a:registry=https://home.test/\n\
             //main.test/:_password=${SECRET}\nproxy=http://home.test:1\n[x]\nregistry=no",
        );
        write(
            &at("node/etc/npmrc"),
            "registry=https://machine.test/\n@b:registry=https://machine.test/\ncafile=/machine.pem\nproxy=no",
        );
        write(&at("node/bin/node"), "");
        let environment = NpmEnvironment {
            workspace: Some(at("workspace")),
            home: Some(at("home")),
            variables: BTreeMap::from([
                (
                    "PATH".to_owned(),
                    format!("relative:{}", at("node/bin").display()),
                ),
                ("SECRET".to_owned(), "c2VjcmV0".to_owned()),
            ]),
        };
        let chain = Chain::read(&environment).unwrap();
        assert_eq!(chain.npmrc.registry.as_deref(), Some("https://home.test/"));
        assert_eq!(chain.npmrc.scope_registries["a"], "https://workspace.test/");
        assert_eq!(chain.npmrc.scope_registries["b"], "https://machine.test/");
        let credentials = &chain.npmrc.registry_configs["main.test/"];
        assert_eq!(credentials.username.as_deref(), Some("me"));
        assert_eq!(credentials.password.as_deref(), Some("c2VjcmV0"));
        assert_eq!(chain.setting("proxy"), Some("http://home.test:1"));
        assert_eq!(chain.setting("cafile"), Some("/machine.pem"));
        assert_eq!(chain.setting("https-proxy"), None);

        let untrusted = NpmEnvironment {
            workspace: None,
            ..environment
        };
        let chain = Chain::read(&untrusted).unwrap();
        assert_eq!(chain.npmrc.scope_registries["a"], "https://home.test/");
    }

    #[test]
    fn variables_win_over_files_in_any_spelling() {
        let root = tempfile::tempdir().unwrap();
        write(
            &root.path().join("user"),
            "registry=https://user.test/\ncafile=/user.pem",
        );
        for (spelling, user) in [
            ("npm_config_cafile", "npm_config_userconfig"),
            ("NPM_CONFIG_CAFILE", "NPM_CONFIG_USERCONFIG"),
        ] {
            let environment = NpmEnvironment {
                variables: BTreeMap::from([
                    (spelling.to_owned(), "/variable.pem".to_owned()),
                    (
                        user.to_owned(),
                        root.path().join("user").display().to_string(),
                    ),
                ]),
                ..NpmEnvironment::default()
            };
            let chain = Chain::read(&environment).unwrap();
            assert_eq!(chain.setting("cafile"), Some("/variable.pem"));
            assert_eq!(chain.npmrc.registry.as_deref(), Some("https://user.test/"));
        }
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let root = tempfile::tempdir().unwrap();
        write(
            &root.path().join(".npmrc"),
            "//x.test/:_authToken=\"TOKEN\n= =\n\"",
        );
        let environment = NpmEnvironment {
            home: Some(root.path().to_owned()),
            ..NpmEnvironment::default()
        };
        // Whether the parser takes it or not, it does not show it.
        if let Err(error) = Chain::read(&environment) {
            let text = error.to_string();
            assert!(text.contains(".npmrc") && !text.contains("TOKEN"), "{text}");
        }
        fs_err::write(root.path().join(".npmrc"), "x".repeat(2 << 20)).unwrap();
        assert!(Chain::read(&environment).is_err());
    }
}
