//! The life of a skill, seen from outside.

use mycelium_protocol::Event;
use mycelium_protocol::control::SkillSelector;
use mycelium_types::ErrorCode;
use mycelium_types::SkillState;
use serde_json::json;

use super::world::World;

const CHATTY: &str = "
const say = name => function () { console.log(name); };
module.exports = {
  onLoad: say('load'), onInit: say('init'), onActivate: say('activate'),
  onExecute({ method, args }) { console.log('execute ' + method + ' ' + JSON.stringify(args)); },
  onDeactivate: say('deactivate'), onUnload: say('unload'),
  hello(name) { return 'hello ' + name; },
};";

fn printed(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Console { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn states(events: &[Event]) -> Vec<Vec<SkillState>> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::StateChanged { states, .. } => Some(states.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_six_hooks_run_in_order() {
    let world = World::new();
    world.skill("chatty", json!({"exports": ["hello"]}), CHATTY);
    let chatty: SkillSelector = "chatty".parse().unwrap();
    let context = world.context("shell");
    world.value("chatty", "hello", json!(["you"])).await;
    let events = world.heard();
    assert_eq!(
        printed(&events),
        ["load", "init", "activate", "execute hello [\"you\"]"]
    );
    assert_eq!(
        states(&events),
        [
            vec![
                SkillState::Loaded,
                SkillState::Initializing,
                SkillState::Ready
            ],
            vec![SkillState::Ready, SkillState::Active]
        ]
    );
    let changed = world
        .runtime
        .deactivate(&context, &chatty, &world.events())
        .await
        .unwrap();
    assert_eq!(changed.state, SkillState::Deactivated);
    assert_eq!(
        world.code("chatty", "hello", json!(["you"])).await,
        ErrorCode::SkillDeactivated
    );
    world
        .runtime
        .activate(&context, &chatty, &world.events())
        .await
        .unwrap();
    world.value("chatty", "hello", json!(["you"])).await;
    world
        .runtime
        .unload(&context, &chatty, &world.events())
        .await
        .unwrap();
    assert_eq!(
        printed(&world.heard()),
        [
            "deactivate",
            "activate",
            "execute hello [\"you\"]",
            "deactivate",
            "unload"
        ]
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_throws_fails_the_load_and_nothing_stays() {
    let world = World::new();
    for hook in ["onLoad", "onInit", "onActivate"] {
        let name = hook.to_lowercase();
        world.skill(
            &name,
            json!({"exports": ["hello"]}),
            &format!("module.exports = {{ {hook}() {{ throw new Error('no') }}, hello() {{}} }}"),
        );
        assert_eq!(
            world.code(&name, "hello", json!([])).await,
            ErrorCode::SkillLoadError,
            "{hook}"
        );
    }
    let processes = world.runtime.processes().await.unwrap();
    assert!(processes.instances.is_empty(), "{processes:?}");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_the_new_code_and_starts_anew() {
    let world = World::new();
    let code = |greeting: &str| {
        format!(
            "let n = 0; module.exports = {{ hello() {{ return '{greeting} ' + ++n }}, onUnload() {{ console.log('bye ' + n) }} }}"
        )
    };
    world.skill("greeter", json!({"exports": ["hello"]}), &code("hello"));
    world.value("greeter", "hello", json!([])).await;
    assert_eq!(
        world.value("greeter", "hello", json!([])).await,
        json!("hello 2")
    );
    world.skill("greeter", json!({"exports": ["hello"]}), &code("welcome"));
    assert_eq!(
        world.value("greeter", "hello", json!([])).await,
        json!("hello 3")
    );
    world.heard();
    let changed = world
        .runtime
        .reload(
            &world.context("shell"),
            &"greeter".parse().unwrap(),
            &world.events(),
        )
        .await
        .unwrap();
    assert_eq!(changed.state, SkillState::Active);
    let events = world.heard();
    assert_eq!(printed(&events), ["bye 3"]);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::ReloadDetected { .. }))
    );
    assert_eq!(
        world.value("greeter", "hello", json!([])).await,
        json!("welcome 1")
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_decides_who_shares_an_instance() {
    let world = World::new();
    let code = "let n = 0; exports.next = () => ++n";
    world.skill(
        "shared",
        json!({"exports": ["next"], "instance": "workspace"}),
        code,
    );
    world.skill(
        "fresh",
        json!({"exports": ["next"], "instance": "call"}),
        code,
    );
    for (session, expected) in [("a", 1), ("b", 2), ("a", 3)] {
        let report = world.exec(session, "shared", "next", json!([])).await;
        assert_eq!(report.outcome, Ok(json!(expected)));
        let report = world.exec(session, "fresh", "next", json!([])).await;
        assert_eq!(report.outcome, Ok(json!(1)));
    }
    let processes = world.runtime.processes().await.unwrap();
    assert_eq!(processes.instances.len(), 1);
    assert_eq!(processes.instances[0].session, None);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_of_another_source_is_another_instance() {
    let world = World::new();
    let says = |what| format!("let n = 0; exports.next = () => [`{what}`, ++n]");
    let manifest = || json!({"exports": ["next"]});
    world.own_skill("twin", manifest(), &says("person"));
    let next = || world.value("twin", "next", json!([]));
    assert_eq!(next().await, json!(["person", 1]));
    assert_eq!(next().await, json!(["person", 2]));
    // The same name and version, and it comes first.
    world.skill("twin", manifest(), &says("workspace"));
    world.trust_workspace().await;
    let context = world.context("shell");
    world.runtime.discover(&context, Vec::new()).await.unwrap();
    assert_eq!(next().await, json!(["workspace", 1]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_opens_after_failures_in_a_row_and_reset_closes_it() {
    let world = World::new();
    world.skill(
        "faulty",
        json!({"exports": ["fail", "fine"]}),
        "module.exports = { fail() { throw new Error('x') }, fine() { return 1 } }",
    );
    world.code("faulty", "fail", json!([])).await;
    world.code("faulty", "fail", json!([])).await;
    assert!(
        world
            .heard()
            .iter()
            .any(|event| matches!(event, Event::BreakerOpened { failures: 2, .. }))
    );
    assert_eq!(
        world.code("faulty", "fine", json!([])).await,
        ErrorCode::CircuitBreakerOpen
    );
    let other = world.exec("other", "faulty", "fine", json!([])).await;
    assert_eq!(other.outcome, Ok(json!(1)), "each session has its own");
    world
        .runtime
        .reset(
            &world.context("shell"),
            &"faulty".parse().unwrap(),
            &world.events(),
        )
        .await
        .unwrap();
    assert_eq!(world.value("faulty", "fine", json!([])).await, json!(1));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_opens_after_time_outs_invalid_answers_and_limits_too() {
    let world = World::new();
    world.skill(
        "faulty",
        json!({"exports": ["slow", "deep", "large", "fine"], "limits": {"outputMB": 1}}),
        "module.exports = {
            slow() { return new Promise(() => setTimeout(() => {}, 600000)) },
            deep() { let v = 1; for (let n = 0; n < 200; n++) v = [v]; return v },
            large() { return 'x'.repeat(2 << 20) },
            fine() { return 1 },
        }",
    );
    for (method, code) in [
        ("slow", ErrorCode::SkillTimeout),
        ("deep", ErrorCode::ResultInvalid),
        ("large", ErrorCode::OutputLimit),
    ] {
        // Each in a session of its own, which has a breaker of its own.
        for _ in 0..2 {
            let limit = (method == "slow").then_some(1);
            let report = world.exec_within(method, "faulty", method, json!([]), limit);
            assert_eq!(report.await.outcome.unwrap_err().code, code, "{method}");
        }
        let refused = world.exec(method, "faulty", "fine", json!([])).await;
        let refused = refused.outcome.unwrap_err();
        assert_eq!(refused.code, ErrorCode::CircuitBreakerOpen, "{method}");
    }
    let other = world.exec("other", "faulty", "fine", json!([])).await;
    assert_eq!(other.outcome, Ok(json!(1)));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_errors_marked_transient_are_tried_again() {
    let world = World::new();
    world.skill(
        "flaky",
        json!({"exports": ["flaky", "broken"]}),
        "let n = 0; module.exports = {
            flaky() { if (++n < 3) throw Object.assign(new Error('later'), { transient: true }); return n },
            broken() { throw new Error('never') },
        }",
    );
    world.configure(&json!({
        "execution": {"maxRetries": 3, "retryBaseMs": 1}, "breaker": {"failureThreshold": 100}
    }));
    let report = world.exec("shell", "flaky", "flaky", json!([])).await;
    assert_eq!((report.outcome, report.attempts), (Ok(json!(3)), 3));
    let report = world.exec("shell", "flaky", "broken", json!([])).await;
    assert_eq!(report.attempts, 1);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_instance_is_retired() {
    let world = World::new();
    world.configure(&json!({"instances": {"idleSeconds": 1}}));
    world.skill(
        "short",
        json!({"exports": ["hello"]}),
        "exports.hello = () => 1",
    );
    world.value("short", "hello", json!([])).await;
    let mut live = world.runtime.live_instances();
    let gone = live.wait_for(|live| *live == 0);
    tokio::time::timeout(std::time::Duration::from_secs(120), gone)
        .await
        .expect("the instance stays")
        .unwrap();
    world.runtime.shutdown().await;
}
