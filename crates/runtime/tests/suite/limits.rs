//! Every limit, reached on purpose: the code, the facts, and that life goes on.

use mycelium_protocol::Event;
use mycelium_types::ErrorReport;
use mycelium_types::Limit;
use mycelium_types::Locale;
use serde_json::Value;
use serde_json::json;

use super::world::World;

const GREEDY: &str = "
const fs = require('fs');
const piece = Buffer.alloc(256 << 10, 'x');
const fill = (folder, most) => {
  for (let i = 0; i < most; i++) fs.writeFileSync(`${folder}/${i}`, piece);
};
const clean = folder => {
  for (const name of fs.readdirSync(folder)) fs.unlinkSync(`${folder}/${name}`);
};
module.exports = {
  data() { fill('/mycelium/data', 40000) },
  empty() { for (let i = 0; i < 1000000; i++) fs.writeFileSync(`/mycelium/data/${i}`, '') },
  output() { fill(`${process.cwd()}/output`, 40000) },
  rewrite() { for (let i = 0; i < 100; i++) fill(`${process.cwd()}/output`, 4) },
  tmp() { fill('/tmp', 1000) },
  large() { const f = fs.openSync('/tmp/large', 'w'); for (;;) fs.writeSync(f, piece) },
  later() { setTimeout(() => fill('/mycelium/data', 40000), 0); return 'later' },
  spin() { const on = () => setImmediate(on); on(); return 'spinning' },
  clean() { clean('/mycelium/data'); fs.writeFileSync('/mycelium/data/kept', 'kept') },
  length(text) { return text.length },
  give(count) { return 'x'.repeat(count) },
  chat(lines) { for (let i = 0; i < lines; i++) console.log('line') },
};";

/// A skill that takes all it can get, in a trusted workspace.
async fn greedy(limits: Value) -> World {
    let world = World::new();
    let methods = [
        "data", "empty", "output", "rewrite", "tmp", "large", "later", "clean", "length", "give",
        "chat", "spin",
    ];
    world.skill(
        "greedy",
        json!({
            "exports": methods,
            "permissions": [{"type": "filesystem", "paths": ["./output"], "access": "write"}],
            "limits": limits,
        }),
        GREEDY,
    );
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
    world.trust_workspace().await;
    world
}

impl World {
    /// Waits until no instance has a worker.
    pub(crate) async fn deserted(&self) {
        let mut live = self.runtime.live_instances();
        let patience = std::time::Duration::from_secs(120);
        tokio::time::timeout(patience, live.wait_for(|count| *count == 0))
            .await
            .unwrap()
            .unwrap();
    }

    /// The failure of a call that reaches a limit, with everything that it must say.
    async fn over(&self, method: &str, args: Value, limit: Limit, value: u64) -> ErrorReport {
        let report = self.exec("shell", "greedy", method, args).await;
        let error = match report.outcome {
            Err(error) => error,
            Ok(value) => panic!("{method} gave {value}"),
        };
        assert_eq!(error.limit(), Some(limit), "{method}: {error:?}");
        assert_eq!(error.context["limit"], value.to_string(), "{method}");
        let message = error.message(Locale::EnUs);
        assert!(message.contains(&value.to_string()), "{message}");
        assert!(!message.contains('{'), "{message}");
        let help = error.remediation(Locale::EnUs);
        assert!(help.contains(&format!("limits.{limit}")), "{help}");
        assert!(
            help.contains(&format!("security.{}", limit.ceiling())),
            "{help}"
        );
        assert!(self.heard().iter().any(|event| matches!(
            event,
            Event::LimitReached { limit: told, value: of, .. } if *told == limit && *of == value
        )));
        error
    }
}

/// How much was used, in MiB, which is no less than the limit.
fn used(error: &ErrorReport) -> f64 {
    let used: f64 = error.context["used"].parse().unwrap();
    let limit: f64 = error.context["limit"].parse().unwrap();
    assert!(used >= limit, "{used}");
    used
}

/// What a worker may write before it is looked at, and while it is, in MiB: some tens on a fast disk.
const OVERSHOOT: f64 = 100.0;
/// Private data is measured up to twice its limit, and the file that goes beyond that, in MiB.
const MEASURED: f64 = 2.0 * 8.0 + 1.0;

#[tokio::test(flavor = "multi_thread")]
async fn private_data_ends_at_its_limit_and_can_be_deleted() {
    let world = greedy(json!({"dataMB": 8})).await;
    let error = world.over("data", json!([]), Limit::Data, 8).await;
    assert!(used(&error) <= MEASURED, "{error:?}");
    // Every further start finds too much already, which must not keep it from deleting.
    world.over("data", json!([]), Limit::Data, 8).await;
    world.value("greedy", "clean", json!([])).await;
    let error = world.over("empty", json!([]), Limit::Data, 8).await;
    assert!(used(&error) >= 8.0, "empty files take space, too");
    world.value("greedy", "clean", json!([])).await;
    world.value("greedy", "length", json!(["abc"])).await;
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_after_the_answer_counts_too() {
    let world = greedy(json!({"dataMB": 8})).await;
    assert_eq!(
        world.value("greedy", "later", json!([])).await,
        json!("later")
    );
    world.deserted().await;
    world.value("greedy", "clean", json!([])).await;
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_waits_for_ends_as_well() {
    let world = greedy(json!({"cpuSeconds": 1})).await;
    world.runtime.add_listener(world.events());
    assert_eq!(
        world.value("greedy", "spin", json!([])).await,
        json!("spinning")
    );
    world.deserted().await;
    let told = |event: &Event| {
        matches!(
            event,
            Event::LimitReached {
                limit: Limit::CpuTime,
                value: 1,
                ..
            }
        )
    };
    assert!(world.heard().iter().any(told));
    assert_eq!(world.value("greedy", "length", json!(["four"])).await, 4);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn granted_paths_end_at_what_was_added_to_them() {
    let world = greedy(json!({"pathsMB": 8})).await;
    let output = world.workspace().join("output");
    fs_err::create_dir(&output).unwrap();
    fs_err::write(output.join("of-others"), vec![1; 20 << 20]).unwrap();
    world.value("greedy", "rewrite", json!([])).await;
    let error = world.over("output", json!([]), Limit::Paths, 8).await;
    assert!(used(&error) <= 8.0 + OVERSHOOT, "{error:?}");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_files_and_large_ones_end_at_their_limits() {
    let world = greedy(json!({"tmpMB": 8, "fileSizeMB": 2})).await;
    world.over("tmp", json!([]), Limit::Temporary, 8).await;
    let processes = world.runtime.processes().await.unwrap();
    let usage = &processes.instances[0].usage;
    let temporary = usage.iter().find(|one| one.limit == Limit::Temporary);
    let temporary = temporary.and_then(|one| one.used).unwrap();
    assert!(
        (7.0..=8.0).contains(&temporary),
        "the kernel lets nothing in beyond the limit: {temporary}"
    );
    let world = greedy(json!({"tmpMB": 8, "fileSizeMB": 2})).await;
    world.over("large", json!([]), Limit::FileSize, 2).await;
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_ends_at_its_limit_and_the_instance_goes_on() {
    let world = greedy(json!({"frameMB": 2})).await;
    let large = "x".repeat(4 << 20);
    world.value("greedy", "length", json!(["abc"])).await;
    let before = world.runtime.processes().await.unwrap().instances[0].pid;
    world.over("length", json!([large]), Limit::Frame, 2).await;
    world.over("give", json!([4 << 20]), Limit::Frame, 2).await;
    world.value("greedy", "length", json!(["abc"])).await;
    let after = world.runtime.processes().await.unwrap().instances[0].pid;
    assert_eq!(after, before);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn printing_ends_at_its_rate() {
    let world = greedy(json!({"logLinesPerSecond": 100})).await;
    world.value("greedy", "chat", json!([20])).await;
    world
        .over("chat", json!([100_000]), Limit::LogLines, 100)
        .await;
    world.value("greedy", "length", json!(["abc"])).await;
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ceilings_and_settings_of_one_skill_change_every_limit() {
    let world = greedy(json!({"memoryMB": 200})).await;
    let mut own = serde_json::Map::new();
    let mut security = serde_json::Map::new();
    for limit in Limit::ALL {
        own.insert(limit.name().to_owned(), json!(40));
        security.insert(limit.ceiling().to_owned(), json!(30));
    }
    world.configure(&json!({
        "skills": {"greedy": {"limits": own}},
        "security": security,
    }));
    let context = world.context("shell");
    let skill = "greedy".parse().unwrap();
    let info = world.runtime.info(&context, &skill).await.unwrap();
    for limit in Limit::ALL {
        assert_eq!(info.limits.get(*limit), 30, "{limit}");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_of_each_limit_is_told() {
    let world = greedy(json!({})).await;
    let context = world.context("shell");
    let skill = "greedy".parse().unwrap();
    let info = world.runtime.info(&context, &skill).await.unwrap();
    assert_eq!(info.usage, [], "nothing runs");
    world.value("greedy", "chat", json!([50])).await;
    world.value("greedy", "give", json!([1 << 20])).await;
    let processes = world.runtime.processes().await.unwrap();
    let info = world.runtime.info(&context, &skill).await.unwrap();
    for usage in [&processes.instances[0].usage, &info.usage] {
        let used = |limit| {
            let found = usage.iter().find(|one| one.limit == limit);
            found.and_then(|one| one.used)
        };
        for limit in Limit::ALL {
            assert!(used(*limit).is_some(), "{limit}");
        }
        assert!(used(Limit::Memory).unwrap() > 1.0);
        assert!(used(Limit::WallTime).unwrap() > 0.0);
        assert!(used(Limit::Frame).unwrap() > 1.0);
        assert!(used(Limit::LogLines).unwrap() > 0.0);
        assert_eq!(used(Limit::Processes), Some(0.0));
        assert_eq!(used(Limit::Bandwidth), Some(0.0));
    }
    world.runtime.shutdown().await;
}
