//! Packages that are nearly right.

use proptest::prelude::*;

use super::archive::opened;

#[path = "../../../../fuzz/mutation.rs"]
mod mutation;

#[test]
fn the_seeds_are_whole() {
    for seed in mutation::seeds("package") {
        opened(seed).unwrap().digests().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn fuzz_packages(bytes in mutation::changed(mutation::seeds("package"))) {
        let folder = tempfile::tempdir().unwrap();
        if let Ok(package) = opened(bytes) {
            let _ = package.skill();
            let _ = package.unpack(&folder.path().join("skill"));
        }
        let outside = fs_err::read_dir(folder.path()).unwrap();
        prop_assert!(outside.count() <= 1, "something is outside the folder");
    }
}
