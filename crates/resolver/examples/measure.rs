//! Measures how long installations take: from nothing, with cached descriptions, with a lock.
//!
//! `cargo run --release -p mycelium-resolver --example measure [PACKAGE@RANGE…]` installs into a
//! temporary folder from the registry that npm is configured for.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;
use std::time::Instant;

use mycelium_resolver::InstallRequest;
use mycelium_resolver::InstalledLayer;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverSettings;
use mycelium_types::Dependency;
use mycelium_types::DependencyKind;

const RUNS: usize = 200;
const TEN: [&str; 10] = [
    "@babel/types@^7.26",
    "ajv@^8",
    "chalk@^4",
    "cheerio@^1",
    "commander@^12",
    "express@^4.21",
    "lodash@^4.17.21",
    "rxjs@^7",
    "semver@^7",
    "yaml@^2",
];

fn main() -> Result<(), Box<dyn Error>> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let dependencies: Vec<_> = if asked.is_empty() {
        TEN.iter().copied().map(dependency).collect()
    } else {
        asked.iter().map(|text| dependency(text)).collect()
    };
    let root = tempfile::tempdir()?;
    let lock = root.path().join("skills.lock");
    let store = root.path().join("store");
    let environment = environment();
    let skill = "measured".parse()?;
    let install = |resolver: &Resolver, network| {
        let request = InstallRequest {
            skill: &skill,
            dependencies: &dependencies,
            lock: &lock,
            network,
            npm: &environment,
        };
        resolver.install(request, &()).map_err(|error| error.error)
    };
    let new_resolver = || Resolver::new(ResolverSettings::new(&store));
    let resolver = new_resolver();

    let first = install(&resolver, NetworkUse::Allowed)?;
    println!(
        "{} dependencies, {} packages",
        dependencies.len(),
        first.packages.len()
    );
    println!("from nothing           {:>10.1?}", first.duration);
    fs_err::remove_dir_all(store.join("layers"))?;
    let laid_out = install(&resolver, NetworkUse::Offline)?;
    println!("lay out again          {:>10.1?}", laid_out.duration);

    report("resolve, new process", || {
        let _ = fs_err::remove_file(&lock);
        install(&new_resolver(), NetworkUse::Offline)
    })?;
    report("resolve, same process", || {
        let _ = fs_err::remove_file(&lock);
        install(&resolver, NetworkUse::Offline)
    })?;
    report("locked and laid out", || {
        install(&resolver, NetworkUse::Offline)
    })?;
    Ok(())
}

fn report(
    what: &str,
    mut install: impl FnMut() -> Result<InstalledLayer, mycelium_resolver::ResolverError>,
) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::with_capacity(RUNS);
    let before = processor_time();
    for _ in 0..RUNS {
        let start = Instant::now();
        install()?;
        times.push(start.elapsed());
    }
    let processor = (processor_time() - before) / RUNS as u32;
    times.sort_unstable();
    let percentile = |percent: usize| -> Duration { times[(times.len() - 1) * percent / 100] };
    println!(
        "{what:<22} p50 {:>9.1?}  p95 {:>9.1?}  p99 {:>9.1?}  processor {processor:>9.1?}",
        percentile(50),
        percentile(95),
        percentile(99)
    );
    Ok(())
}

/// The processor time of all threads: the same on a busy machine and on an idle one.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

fn dependency(text: &str) -> Dependency {
    let (name, range) = match text.char_indices().rfind(|(at, c)| *at > 0 && *c == '@') {
        Some((at, _)) => (&text[..at], &text[at + 1..]),
        None => (text, "*"),
    };
    Dependency {
        name: name.to_owned(),
        range: range.to_owned(),
        kind: DependencyKind::Npm,
        source: None,
        optional: false,
    }
}

fn environment() -> NpmEnvironment {
    let variables: BTreeMap<_, _> = std::env::vars().collect();
    NpmEnvironment {
        workspace: None,
        home: variables.get("HOME").map(Into::into),
        variables,
    }
}
