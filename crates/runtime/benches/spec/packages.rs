//! Choosing versions of ten packages whose descriptions are stored.

use std::path::PathBuf;
use std::time::Instant;

use mycelium_resolver::InstallRequest;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverSettings;
use mycelium_types::Dependency;
use mycelium_types::DependencyKind;

use crate::Outcome;
use crate::report;
use crate::scene::Scene;
use crate::scene::TEN;

const RUNS: usize = 50;

/// Measures it and returns the folder that holds the packages.
pub(crate) fn resolve(scene: &Scene) -> Outcome<PathBuf> {
    let place = scene.place("packages");
    let lock = place.join("skills.lock");
    let variables: std::collections::BTreeMap<_, _> = std::env::vars().collect();
    let npm = NpmEnvironment {
        workspace: None,
        home: variables.get("HOME").map(Into::into),
        variables,
    };
    let dependencies = TEN.map(|(name, range)| Dependency {
        name: name.to_owned(),
        range: range.to_owned(),
        kind: DependencyKind::Npm,
        source: None,
        optional: false,
    });
    let resolver = Resolver::new(ResolverSettings::new(place));
    let skill = "bench".parse()?;
    let install = |network| {
        let request = InstallRequest {
            skill: &skill,
            dependencies: &dependencies,
            lock: &lock,
            network,
            npm: &npm,
        };
        resolver.install(request, &())
    };

    let installed = install(NetworkUse::Allowed)?;
    let layer = installed.layer.ok_or("ten packages have no files")?;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        // Without the lock, versions are chosen anew; the packages themselves stay.
        fs_err::remove_file(&lock)?;
        let start = Instant::now();
        install(NetworkUse::Offline)?;
        times.push(start.elapsed());
    }
    report::times("resolve", &times)?;
    Ok(layer.path)
}
