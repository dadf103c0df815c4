//! What a worker has and what it does not have.

use mycelium_policy::Rung;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Layer;

use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[("a_worker_answers_before_and_after_it_has_a_skill", answers)];

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
        abi: launcher.landlock_abi().unwrap()
    }));
    assert_eq!(puppet.tell(&Order::Echo("two".into())), Ok("two".into()));
    puppet.order(&Order::Return(7));
    assert_eq!(puppet.exit().cause, ExitCause::Returned(7));
}
