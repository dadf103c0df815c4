//! The registry that npm is configured for here, and the Node that is installed here.
//!
//! These are the only tests that leave the machine.

use std::path::Path;

use mycelium_resolver::InstallRequest;
use mycelium_resolver::InstalledLayer;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverError;
use mycelium_resolver::ResolverSettings;
use mycelium_resolver::VersionSource;

use super::scene::cannot_run;
use super::scene::npm;
use super::scene::packages;

/// Ten libraries with some eighty packages between them.
const TEN: [(&str, &str); 10] = [
    ("@babel/types", "^7.26"),
    ("ajv", "^8"),
    ("chalk", "^4"),
    ("cheerio", "^1"),
    ("commander", "^12"),
    ("express", "^4.21"),
    ("lodash", "^4.17.21"),
    ("rxjs", "^7"),
    ("semver", "^7"),
    ("yaml", "^2"),
];

fn install(root: &Path, dependencies: &[(&str, &str)]) -> Option<InstalledLayer> {
    let variables: std::collections::BTreeMap<_, _> = std::env::vars().collect();
    let environment = NpmEnvironment {
        workspace: None,
        home: variables.get("HOME").map(Into::into),
        variables,
    };
    let resolver = Resolver::new(ResolverSettings::new(root.join("store")));
    let request = InstallRequest {
        skill: &"skill".parse().unwrap(),
        dependencies: &npm(dependencies),
        lock: &root.join("skills.lock"),
        network: NetworkUse::Allowed,
        npm: &environment,
    };
    match resolver.install(request, &()) {
        Ok(installed) => Some(installed),
        Err(error) => match error.error {
            ResolverError::Unreachable { problem, .. } => {
                cannot_run(&format!("the registry cannot be reached: {problem}"));
                None
            }
            error => panic!("{error}"),
        },
    }
}

/// What Node prints for an expression, evaluated where the layer is.
fn node(layer: &Path, expression: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the peer whose rules are followed"
    )]
    let output = std::process::Command::new("node")
        .args(["-p", expression])
        .current_dir(layer)
        .env_remove("NODE_PATH")
        .output();
    match output {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
            Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
        }
        Err(error) => {
            cannot_run(&format!("Node cannot be run: {error}"));
            None
        }
    }
}

#[test]
fn lodash_is_installed() {
    let root = tempfile::tempdir().unwrap();
    let Some(installed) = install(root.path(), &[("lodash", "^4.17.21")]) else {
        return;
    };
    let version = installed.packages[0].key.version();
    assert!(*version >= "4.17.21".parse().unwrap(), "{version}");
    let lock = fs_err::read_to_string(root.path().join("skills.lock")).unwrap();
    assert!(!lock.contains("//"), "a lock has no addresses: {lock}");
    let layer = installed.layer.unwrap().path;
    if let Some(text) = node(&layer, "require('lodash').capitalize('cLAUDE')") {
        assert_eq!(text, "Claude");
    }
}

#[test]
fn ten_libraries_work_in_node() {
    let root = tempfile::tempdir().unwrap();
    let Some(first) = install(root.path(), &TEN) else {
        return;
    };
    assert!(first.packages.len() > 40, "{:?}", packages(&first));
    let layer = first.layer.clone().unwrap().path;
    let expression = "[
        require('@babel/types').isIdentifier({ type: 'Identifier', name: 'x' }),
        new (require('ajv').default)().validate({ type: 'number' }, 7),
        require('chalk').supportsColor !== undefined,
        require('cheerio').load('<p>hello</p>')('p').text(),
        typeof require('commander').program.parse,
        typeof require('express')().listen,
        require('lodash').camelCase('ten libraries'),
        typeof require('rxjs').of(1).subscribe,
        require('semver').satisfies('1.2.3', '^1'),
        require('yaml').parse('a: 1').a,
    ].join(' ')";
    if let Some(text) = node(&layer, expression) {
        assert_eq!(
            text,
            "true true true hello function function tenLibraries function true 1"
        );
    }
    let again = install(root.path(), &TEN).unwrap();
    assert_eq!(again.layer, first.layer);
    assert_eq!(again.versions, VersionSource::Lock);
    assert!(!again.network_used);
}
