//! Installs one npm package into a store and prints the folder that holds its `node_modules`.
//!
//! `cargo run -p mycelium-resolver --example install NAME RANGE STORE`

use std::io::Write;
use std::path::Path;

use mycelium_resolver::InstallRequest;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverSettings;
use mycelium_types::Dependency;
use mycelium_types::DependencyKind;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, range, store] = args.as_slice() else {
        return Err("usage: install NAME RANGE STORE".into());
    };
    let variables: std::collections::BTreeMap<_, _> = std::env::vars().collect();
    let npm = NpmEnvironment {
        workspace: None,
        home: variables.get("HOME").map(Into::into),
        variables,
    };
    let dependency = Dependency {
        name: name.clone(),
        range: range.clone(),
        kind: DependencyKind::Npm,
        source: None,
        optional: false,
    };
    let installed = Resolver::new(ResolverSettings::new(store)).install(
        InstallRequest {
            skill: &"example".parse()?,
            dependencies: &[dependency],
            lock: &Path::new(store).join("skills.lock"),
            network: NetworkUse::Allowed,
            npm: &npm,
        },
        &(),
    )?;
    let layer = installed.layer.ok_or("the package has no files")?;
    Ok(writeln!(std::io::stdout(), "{}", layer.path.display())?)
}
