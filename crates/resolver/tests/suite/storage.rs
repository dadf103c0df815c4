//! Disks that are full, folders that cannot be written, and what crashed processes leave.

use std::path::Path;

use mycelium_resolver::ResolverError;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use rustix::mount::MountFlags;
use rustix::mount::UnmountFlags;
use rustix::mount::mount;
use rustix::mount::unmount;

use super::published::Published;
use super::scene::Scene;
use super::scene::cannot_run;
use super::scene::npm;
use super::scene::packages;

fn one_package() -> Scene {
    let scene = Scene::new();
    // Random enough not to be compressed away.
    let filling: String = (0..40_000_u64)
        .map(|n| {
            char::from(b'!' + (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 13) as u8 % 90)
        })
        .collect();
    scene
        .registry
        .publish(Published::new("a", "1.0.0").file("filling.txt", &filling));
    scene
}

fn storage_message(error: mycelium_resolver::InstallError) -> String {
    assert!(
        matches!(error.error, ResolverError::Storage { .. }),
        "{}",
        error.error
    );
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::DependencyUnavailable);
    let remedy = report.remediation(Locale::EnUs);
    assert!(remedy.contains("Free some disk space"), "{remedy}");
    report.message(Locale::EnUs)
}

/// A small file system, gone when dropped.
struct SmallDisk<'p>(&'p Path);

impl<'p> SmallDisk<'p> {
    fn mount(place: &'p Path, size: &str) -> Result<Self, rustix::io::Errno> {
        fs_err::create_dir_all(place).unwrap();
        let options = std::ffi::CString::new(format!("size={size}")).unwrap();
        mount(
            "tmpfs",
            place,
            "tmpfs",
            MountFlags::empty(),
            options.as_c_str(),
        )?;
        Ok(Self(place))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        unmount(self.0, UnmountFlags::DETACH).unwrap();
    }
}

#[test]
fn a_full_disk_is_said_and_recovered_from() {
    let scene = one_package();
    let store = scene.store();
    let disk = match SmallDisk::mount(&store, "64k") {
        Ok(disk) => disk,
        Err(errno) => {
            return cannot_run(&format!("a small disk cannot be mounted here: {errno}"));
        }
    };
    let error = scene.try_install(&npm(&[("a", "1")])).unwrap_err();
    let message = storage_message(error);
    assert!(message.contains("No space left on device"), "{message}");
    assert_eq!(scene.names_in_store("npm"), [""; 0]);
    assert_eq!(scene.names_in_store("layers"), [""; 0]);
    scene.assert_tidy();
    assert!(!scene.lock().exists());
    drop(disk);
    assert_eq!(packages(&scene.install(&npm(&[("a", "1")]))), ["a@1.0.0"]);
}

#[test]
fn a_store_that_cannot_be_written_is_named() {
    let scene = one_package();
    // Even root cannot make a folder below a file.
    fs_err::write(scene.store(), "").unwrap();
    let error = scene.try_install(&npm(&[("a", "1")])).unwrap_err();
    let message = storage_message(error);
    let store = scene.store().display().to_string();
    assert!(message.contains(&store), "{message}");
}

#[test]
fn a_lock_that_cannot_be_written_is_named() {
    let scene = one_package();
    fs_err::create_dir_all(scene.path("workspace")).unwrap();
    fs_err::write(scene.path("workspace/.claude"), "").unwrap();
    let error = scene.try_install(&npm(&[("a", "1")])).unwrap_err();
    let message = storage_message(error);
    assert!(message.contains(".claude"), "{message}");
}

#[test]
fn a_lock_on_a_full_disk_stays_as_it_was() {
    let scene = one_package();
    scene.registry.publish(Published::new("b", "1.0.0"));
    let folder = scene.path("workspace/.claude");
    let disk = match SmallDisk::mount(&folder, "64k") {
        Ok(disk) => disk,
        Err(errno) => {
            return cannot_run(&format!("a small disk cannot be mounted here: {errno}"));
        }
    };
    scene.install(&npm(&[("a", "1")]));
    let before = fs_err::read(scene.lock()).unwrap();
    let filling = folder.join("filling");
    fs_err::write(&filling, vec![0; 1 << 20]).unwrap_err();
    let error = scene
        .try_install(&npm(&[("a", "1"), ("b", "1")]))
        .unwrap_err();
    let message = storage_message(error);
    assert!(message.contains("No space left on device"), "{message}");
    assert_eq!(fs_err::read(scene.lock()).unwrap(), before);
    fs_err::remove_file(filling).unwrap();
    let both = scene.install(&npm(&[("a", "1"), ("b", "1")]));
    assert_eq!(packages(&both), ["a@1.0.0", "b@1.0.0"]);
    assert_ne!(fs_err::read(scene.lock()).unwrap(), before);
    drop(disk);
}

#[test]
fn leftovers_of_a_crash_are_swept_and_not_used() {
    let scene = one_package();
    let dependencies = npm(&[("a", "1")]);
    // As left by processes that were killed while unpacking and while laying out.
    let half = scene.store().join("tmp/killed");
    fs_err::create_dir_all(half.join("0/package")).unwrap();
    fs_err::write(half.join("owner"), "").unwrap();
    fs_err::write(half.join("0/package/index.js"), "half").unwrap();
    let locks = scene.store().join("locks");
    fs_err::create_dir_all(&locks).unwrap();
    let digest = scene.install(&dependencies).layer.unwrap().digest;
    assert!(!half.exists());

    // A layer without its description is no layer, and a stored package without its index is no
    // package. Neither comes from a crash, but from somebody's tidying up.
    let layer = scene.store().join("layers").join(digest.to_string());
    fs_err::remove_file(layer.join("layer.json")).unwrap();
    let stored = scene.names_in_store("npm").remove(0);
    fs_err::remove_file(scene.store().join("npm").join(stored).join("index.json")).unwrap();
    fs_err::write(locks.join(format!("layer-{digest}")), "").unwrap();
    let installed = scene.install(&dependencies);
    assert_eq!(installed.layer.unwrap().digest, digest);
    assert!(scene.resolver().verify(&digest).unwrap().is_intact());
    scene.assert_tidy();
}

#[test]
fn a_damaged_description_is_asked_for_again() {
    let scene = one_package();
    scene.install(&npm(&[("a", "1")]));
    let metadata = scene.store().join("metadata");
    for registry in fs_err::read_dir(&metadata).unwrap() {
        for file in fs_err::read_dir(registry.unwrap().path()).unwrap() {
            fs_err::write(file.unwrap().path(), "{\"versions\": [\nxxx").unwrap();
        }
    }
    scene.registry.take_requests();
    scene.install(&npm(&[("a", "^1")]));
    assert_eq!(scene.registry.take_paths(), ["/a"]);
}
