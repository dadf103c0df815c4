//! What a worker has and what it does not have.

use mycelium_policy::Rung;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Layer;
use mycelium_types::FileAccess;

use crate::Test;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;

pub(crate) const TESTS: &[Test] = &[
    ("a_worker_answers_before_and_after_it_has_a_skill", answers),
    ("granted_paths_appear_at_their_host_paths", granted_paths),
];

fn answers() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::warm(&launcher);
    assert_eq!(puppet.tell(&Order::Echo("one".into())), Ok("one".into()));
    let policy = site.policy();
    launcher.assign(&puppet.worker, &policy).unwrap();
    let report = puppet.restrict(&policy);
    assert_eq!(report.rung, Rung::Full);
    assert!(report.layers.contains(&Layer::Namespaces));
    assert!(report.layers.contains(&Layer::Landlock {
        abi: launcher.landlock_abi()
    }));
    assert_eq!(puppet.tell(&Order::Echo("two".into())), Ok("two".into()));
    puppet.order(&Order::Return(7));
    assert_eq!(puppet.exit().cause, ExitCause::Returned(7));
}

fn granted_paths() {
    let launcher = start();
    let site = Site::new();
    let mut policy = site.policy();
    policy.paths = vec![
        site.grant("ws/docs", FileAccess::Read),
        site.grant("ws/out", FileAccess::Write),
    ];
    let mut puppet = Puppet::with(&launcher, &policy);
    let read = |path: &str| Order::Read(site.path(path));
    assert_eq!(
        puppet.tell(&read("ws/skills/sample/index.js")),
        Ok("code".into())
    );
    assert_eq!(puppet.tell(&read("ws/docs/readme")), Ok("documentation".into()));
    assert_eq!(puppet.tell(&read("ws/secret")), Err(libc::ENOENT));
    let write = |path: &str| Order::Write(site.path(path), "made inside".into());
    assert_eq!(puppet.tell(&write("ws/out/new")), Ok(String::new()));
    assert_eq!(
        fs_err::read_to_string(site.path("ws/out/new")).unwrap(),
        "made inside"
    );
    assert_eq!(puppet.tell(&write("ws/docs/new")), Err(libc::EROFS));
    assert_eq!(puppet.tell(&write("ws/skills/sample/new")), Err(libc::EROFS));
}
