//! npm's configuration in use: credentials, scopes, proxies, redirections.

use mycelium_resolver::ResolverError;
use mycelium_types::ErrorCode;

use super::published::Published;
use super::registry::Fault;
use super::registry::Registry;
use super::scene::Scene;
use super::scene::npm;
use super::scene::packages;

#[test]
fn credentials_are_shown_to_their_registry_only() {
    let scene = Scene::new();
    scene.registry.publish(Published::new("a", "1.0.0"));
    scene.registry.demand("Bearer secret-token");
    let dependencies = npm(&[("a", "1")]);
    assert!(matches!(
        scene.fail(&dependencies),
        ResolverError::Refused { status: 401, .. }
    ));

    let private = Registry::start();
    private.publish(Published::new("@ours/b", "1.0.0"));
    let npmrc = format!(
        "registry={}\n//{}/:_authToken=${{TOKEN}}\n@ours:registry={}\n",
        scene.registry.url(),
        scene.registry.authority(),
        private.url()
    );
    fs_err::write(scene.path("home/.npmrc"), npmrc).unwrap();
    let mut scene = scene;
    let token = ("TOKEN".to_owned(), "secret-token".to_owned());
    scene.npm.variables.extend([token]);
    let installed = scene.install(&npm(&[("a", "1"), ("@ours/b", "1")]));
    assert_eq!(packages(&installed), ["@ours/b@1.0.0", "a@1.0.0"]);
    let shown = private.take_requests();
    assert_eq!(shown.len(), 2);
    assert!(
        shown
            .iter()
            .all(|r| !r.headers.contains_key("authorization"))
    );
    assert!(!scene.lock_text().contains("127.0.0.1"));
}

#[test]
fn the_workspaces_configuration_counts_when_it_is_given() {
    let mut scene = Scene::new();
    let other = Registry::start();
    other.publish(Published::new("a", "2.0.0"));
    scene.registry.publish(Published::new("a", "1.0.0"));
    let workspace = scene.path("workspace");
    fs_err::create_dir_all(&workspace).unwrap();
    let npmrc = format!("registry={}", other.url());
    fs_err::write(workspace.join(".npmrc"), npmrc).unwrap();
    let trusted = scene.try_install_for("trusted", &npm(&[("a", "*")]));
    assert_eq!(packages(&trusted.unwrap()), ["a@2.0.0"]);
    scene.npm.workspace = None;
    let untrusted = scene.try_install_for("untrusted", &npm(&[("a", "*")]));
    assert_eq!(packages(&untrusted.unwrap()), ["a@1.0.0"]);
}

#[test]
fn a_proxy_is_asked_for_what_is_not_exempt() {
    let mut scene = Scene::new();
    scene.registry.publish(Published::new("a", "1.0.0"));
    let set = |scene: &mut Scene, name: &str, value: &str| {
        let pair = (name.to_owned(), value.to_owned());
        scene.npm.variables.extend([pair]);
    };
    // Nobody listens on this port.
    set(&mut scene, "HTTP_PROXY", "http://127.0.0.1:1");
    assert!(matches!(
        scene.fail(&npm(&[("a", "1")])),
        ResolverError::Unreachable { .. }
    ));
    assert_eq!(scene.registry.take_paths(), [""; 0]);
    set(&mut scene, "NO_PROXY", "127.0.0.1");
    scene.install(&npm(&[("a", "1")]));
}

#[test]
fn a_redirected_archive_is_followed_without_end_only_so_far() {
    let scene = Scene::new();
    scene.registry.publish(Published::new("a", "1.0.0"));
    let circle: &'static [(&str, &str)] = &[("location", "/a/-/a-1.0.0.tgz")];
    let once = [Fault::Status(302, circle)];
    scene.registry.fail("/a/-/a-1.0.0.tgz", once);
    scene.install(&npm(&[("a", "1")]));

    fs_err::remove_dir_all(scene.store()).unwrap();
    let for_ever = vec![Fault::Status(302, circle); 100];
    scene.registry.fail("/a/-/a-1.0.0.tgz", for_ever);
    let error = scene.fail(&npm(&[("a", "1")]));
    assert!(
        matches!(error, ResolverError::Unreachable { .. }),
        "{error}"
    );
}

#[test]
fn a_broken_configuration_is_a_configuration_error() {
    let scene = Scene::new();
    fs_err::write(scene.path("home/.npmrc"), "registry=nonsense\n").unwrap();
    let error = scene.fail(&npm(&[("a", "1")]));
    assert_eq!(error.code(), ErrorCode::ConfigInvalid);
}

#[test]
fn the_registry_is_asked_for_the_short_description() {
    let scene = Scene::new();
    scene.registry.publish(Published::new("@s/a", "1.0.0"));
    scene.install(&npm(&[("@s/a", "1")]));
    let requests = scene.registry.take_requests();
    assert_eq!(requests[0].path, "/@s%2Fa");
    let headers = &requests[0].headers;
    assert!(headers["accept"].starts_with("application/vnd.npm.install-v1+json"));
    assert_eq!(headers["accept-encoding"], "gzip");
    assert!(headers["user-agent"].starts_with("mycelium/"));
    assert_eq!(requests[1].path, "/@s/a/-/a-1.0.0.tgz");
    assert_eq!(requests[1].headers["accept-encoding"], "identity");
}
