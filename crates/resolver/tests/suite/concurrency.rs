//! Several installations at once, as of several sessions and several processes.

use std::sync::Barrier;

use mycelium_resolver::InstalledLayer;
use serde_json::json;

use super::published::Published;
use super::scene::Scene;
use super::scene::downloaded;
use super::scene::npm;

/// A package with a tree of its own below it, and one below both.
fn two_trees() -> Scene {
    let scene = Scene::new();
    scene.registry.publish(Published::new("shared", "1.0.0"));
    for root in ["left", "right"] {
        let leaf = format!("{root}-leaf");
        scene.registry.publish(Published::new(&leaf, "1.0.0"));
        scene
            .registry
            .publish(Published::new(root, "1.0.0").depends(json!({ "shared": "1", leaf: "1" })));
    }
    scene
}

fn at_once(scene: &Scene, roots: &[&str]) -> Vec<InstalledLayer> {
    let barrier = Barrier::new(roots.len());
    std::thread::scope(|scope| {
        let running: Vec<_> = roots
            .iter()
            .enumerate()
            .map(|(index, root)| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let dependencies = npm(&[(root, "1")]);
                    barrier.wait();
                    scene
                        .try_install_for(&format!("skill-{index}"), &dependencies)
                        .unwrap()
                })
            })
            .collect();
        running.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

#[test]
fn one_layer_is_made_once() {
    let scene = two_trees();
    let installed = at_once(&scene, &["left"; 8]);
    let layer = &installed[0].layer;
    assert!(installed.iter().all(|other| other.layer == *layer));
    let makers = installed
        .iter()
        .filter(|other| !downloaded(other).is_empty());
    assert_eq!(makers.count(), 1);
    let paths = scene.registry.take_paths();
    let archives: Vec<_> = paths.iter().filter(|path| path.contains("/-/")).collect();
    assert_eq!(archives.len(), 3, "{archives:?}");
    for index in 0..8 {
        assert!(scene.lock_text().contains(&format!("\"skill-{index}\"")));
    }
    scene.assert_tidy();
}

#[test]
fn different_layers_are_made_side_by_side() {
    let scene = two_trees();
    let roots = ["left", "right", "left-leaf", "shared"];
    let installed = at_once(&scene, &roots);
    for (layer, root) in installed.iter().zip(roots) {
        let digest = layer.layer.as_ref().unwrap().digest;
        let check = scene.resolver().verify(&digest).unwrap();
        assert!(check.is_intact(), "{root}: {:?}", check.problems);
    }
    assert_eq!(scene.names_in_store("npm").len(), 5);
    assert_eq!(scene.names_in_store("layers").len(), 4);
    scene.assert_tidy();
}
