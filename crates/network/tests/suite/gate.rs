//! What is allowed: hosts, ports, methods, addresses, and what is denied whoever allowed it.

use mycelium_network::Host;
use mycelium_network::HostPattern;
use mycelium_network::Method;
use mycelium_network::RefusalReason;
use proptest::prelude::*;

use super::world::gate;
use super::world::policy;

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn method(text: &str) -> Option<Method> {
    Some(text.parse().unwrap())
}

#[test]
fn nothing_is_allowed_that_is_not_granted() {
    let gate = gate(&[], "");
    assert!(gate.is_empty());
    for name in ["a.test", "localhost", "127.0.0.1", "::1", "8.8.8.8"] {
        let name = host(name);
        assert_eq!(
            gate.judge(&name, 80, None),
            Err(RefusalReason::HostNotGranted)
        );
        assert_eq!(gate.judge_name(&name), Err(RefusalReason::HostNotGranted));
    }
}

#[test]
fn a_grant_is_about_its_hosts_and_ports() {
    let gate = gate(&[("api.example.com:443 *.example.org", "")], "");
    assert_eq!(gate.judge(&host("api.example.com"), 443, None), Ok(()));
    assert_eq!(
        gate.judge(&host("api.example.com"), 80, None),
        Err(RefusalReason::PortNotGranted)
    );
    assert_eq!(gate.judge(&host("x.example.org"), 8080, None), Ok(()));
    assert_eq!(
        gate.judge(&host("example.org"), 443, None),
        Err(RefusalReason::HostNotGranted)
    );
    assert_eq!(gate.ports(), [443]);
}

#[test]
fn a_method_limit_refuses_other_methods_and_what_shows_none() {
    let limited = gate(&[("a.test", "GET HEAD")], "");
    let a = host("a.test");
    let granted = || vec!["GET".to_owned(), "HEAD".to_owned()];
    assert_eq!(limited.judge(&a, 80, method("GET").as_ref()), Ok(()));
    assert_eq!(
        limited.judge(&a, 80, method("POST").as_ref()),
        Err(RefusalReason::MethodNotGranted { granted: granted() })
    );
    assert_eq!(
        limited.judge(&a, 443, None),
        Err(RefusalReason::MethodUnseen { granted: granted() })
    );
    assert!(limited.limits_methods(&a, 80));

    let also_unlimited = gate(&[("a.test", "GET"), ("*.test:443", "")], "");
    assert_eq!(also_unlimited.judge(&a, 443, None), Ok(()));
    assert!(also_unlimited.judge(&a, 80, None).is_err());
    assert!(!also_unlimited.limits_methods(&a, 443));
}

#[test]
fn what_is_denied_is_denied_whoever_granted_it() {
    let gate = gate(
        &[("*.example.org a.test 10.0.0.1", "")],
        "*.bad.example.org a.test:25 10.0.0.0 10.0.0.1:22",
    );
    let denied =
        |reason: Result<(), RefusalReason>| matches!(reason, Err(RefusalReason::Denied { .. }));
    assert!(denied(gate.judge(&host("x.bad.example.org"), 443, None)));
    assert!(denied(gate.judge_name(&host("x.bad.example.org"))));
    assert!(denied(gate.judge(&host("a.test"), 25, None)));
    assert_eq!(gate.judge(&host("a.test"), 443, None), Ok(()));
    assert_eq!(gate.judge_name(&host("a.test")), Ok(()));
    // A denied address is denied to every name that leads to it.
    assert!(denied(gate.judge_address("10.0.0.0".parse().unwrap(), 80)));
    assert!(denied(gate.judge_address("10.0.0.1".parse().unwrap(), 22)));
    assert_eq!(gate.judge_address("10.0.0.1".parse().unwrap(), 80), Ok(()));
}

#[test]
fn an_address_off_the_internet_needs_a_grant_of_its_own() {
    let gate = gate(&[("localhost:8080 127.0.0.1:8080 a.test", "")], "");
    let judge = |address: &str, port| gate.judge_address(address.parse().unwrap(), port);
    assert_eq!(judge("127.0.0.1", 8080), Ok(()));
    assert_eq!(judge("::ffff:127.0.0.1", 8080), Ok(()));
    assert_eq!(judge("93.184.216.34", 80), Ok(()));
    for (address, port) in [
        ("127.0.0.1", 8081),
        ("127.0.0.2", 8080),
        ("::1", 8080),
        ("10.0.0.1", 80),
    ] {
        assert!(
            matches!(
                judge(address, port),
                Err(RefusalReason::AddressNotGranted { .. })
            ),
            "{address}"
        );
    }
}

#[test]
fn a_policy_with_a_pattern_that_is_none_is_not_compiled() {
    for policy in [
        policy(&[("a.test 0x7f.1", "")], ""),
        policy(&[("a.test", "")], "*"),
    ] {
        assert!(mycelium_network::Gate::compile(&policy).is_err());
    }
}

proptest! {
    #[test]
    fn texts_from_outside_are_read_or_refused(text in "\\PC{0,300}") {
        if let Ok(host) = text.parse::<Host>() {
            prop_assert_eq!(host.to_string().parse::<Host>().unwrap(), host);
        }
        if let Ok(pattern) = text.parse::<HostPattern>() {
            prop_assert_eq!(pattern.to_string().parse::<HostPattern>().unwrap(), pattern);
        }
    }

    #[test]
    fn no_host_is_below_a_domain_by_its_letters_alone(name in "[a-z0-9.-]{1,20}") {
        let gate = gate(&[("*.example.org", "")], "");
        if let Ok(host) = format!("{name}example.org").parse::<Host>() {
            let allowed = gate.judge(&host, 443, None).is_ok();
            prop_assert_eq!(allowed, name.ends_with('.'));
        }
    }
}
