//! Direct dependencies against the table.

use crate::layers::table::CONFINED;
use crate::layers::table::LAYERS;
use crate::workspace::Package;

/// What is wrong with the dependencies of `packages`.
pub(crate) fn check(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        let layer = package.layer();
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            findings.push(format!(
                "{} is not in the layer table: say in xtask/src/layers/table.rs what it may use",
                package.name
            ));
            continue;
        };
        let expected = expected_name(layer);
        if package.name != expected {
            findings.push(format!(
                "the package in crates/{layer} is called {}, not {expected}",
                package.name
            ));
        }
        for dependency in package.dependencies.iter().filter(|one| one.is_linked()) {
            match dependency.layer() {
                Some(used) if !allowed.contains(&used) => {
                    findings.push(format!(
                        "{layer} must not depend on {used}: it may use {}\n  \
                         if that is a better cut, change xtask/src/layers/table.rs and ARCHITECTURE.md",
                        listed(allowed)
                    ));
                }
                Some(_) => {}
                None => findings.extend(confinement(layer, &dependency.name)),
            }
        }
    }
    findings
}

fn confinement(layer: &str, package: &str) -> Option<String> {
    let confined = CONFINED
        .iter()
        .find(|confined| confined.packages.contains(&package))?;
    if confined.layers.contains(&layer) {
        return None;
    }
    Some(format!(
        "{layer} must not depend on {package}, which is for {} only: {}",
        listed(confined.layers),
        confined.reason
    ))
}

fn expected_name(layer: &str) -> String {
    match layer {
        "cli" => "mycelium".to_owned(),
        "xtask" => "xtask".to_owned(),
        _ => format!("mycelium-{layer}"),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "no crate of this repository".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(layer: &str, dependencies: &[Dependency]) -> Package {
        Package {
            name: expected_name(layer),
            description: None,
            manifest_path: format!("/repository/crates/{layer}/Cargo.toml").into(),
            dependencies: dependencies.to_vec(),
        }
    }

    fn ours(layer: &str, kind: Option<&str>) -> Dependency {
        Dependency {
            name: expected_name(layer),
            kind: kind.map(str::to_owned),
            path: Some(format!("/repository/crates/{layer}").into()),
        }
    }

    fn theirs(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: None,
            path: None,
        }
    }

    #[test]
    fn what_the_table_allows_is_fine() {
        let packages = [
            package("types", &[theirs("serde")]),
            package("runtime", &[ours("loader", None), ours("sandbox", None)]),
            package("worker", &[ours("protocol", None), theirs("rquickjs")]),
        ];
        assert_eq!(check(&packages), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_upwards_is_found() {
        let findings = check(&[package("types", &[ours("runtime", None)])]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("types must not depend on runtime"));
    }

    #[test]
    fn build_scripts_count_and_tests_do_not() {
        assert_eq!(
            check(&[package("policy", &[ours("worker", Some("build"))])]).len(),
            1
        );
        assert_eq!(
            check(&[package("policy", &[ours("worker", Some("dev"))])]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn packages_for_few_are_kept_from_the_rest() {
        for (layer, name) in [
            ("runtime", "rquickjs"),
            ("cli", "axum"),
            ("registry", "libc"),
            ("server", "sequoia-openpgp"),
        ] {
            let findings = check(&[package(layer, &[theirs(name)])]);
            assert_eq!(findings.len(), 1, "{layer} uses {name}");
            assert!(findings[0].contains(name));
        }
        assert_eq!(
            check(&[package("server", &[theirs("axum")])]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_unknown_crate_and_a_wrong_name_are_found() {
        let unknown = Package {
            name: "mycelium-extras".to_owned(),
            ..package("extras", &[])
        };
        assert!(check(&[unknown])[0].contains("not in the layer table"));
        let misnamed = Package {
            name: "policy".to_owned(),
            ..package("policy", &[])
        };
        assert!(check(&[misnamed])[0].contains("not mycelium-policy"));
    }

    #[test]
    fn the_table_has_no_cycle_and_no_stranger() {
        // Every crate uses only rows above its own, so that no cycle can be written down.
        for (index, (layer, allowed)) in LAYERS.iter().enumerate() {
            for used in *allowed {
                let above = LAYERS[..index].iter().any(|(name, _)| name == used);
                assert!(above, "{layer} uses {used}, which is not above it");
            }
        }
    }
}
