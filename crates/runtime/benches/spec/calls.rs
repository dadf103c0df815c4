//! Loading, calling and reloading, by the library's own interface.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use mycelium_protocol::control::RequestContext;
use mycelium_runtime::EventSink;
use mycelium_runtime::SkillRuntime;
use serde_json::json;

use crate::Outcome;
use crate::report;
use crate::scene::PACKAGES;
use crate::scene::SIMPLE;
use crate::scene::Scene;
use crate::scene::greeting;
use crate::scene::request;
use crate::scene::selector;

const LOADS: usize = 50;
const CALLS: usize = 3_000;

/// How long a warm worker is waited for before each load.
const WARM_PATIENCE: Duration = Duration::from_secs(2);

/// Measures loads, calls and reloads of the simple skill.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    let bench = Bench::new(scene)?;
    report::times("load-simple", &bench.loads(SIMPLE)?)?;
    bench.call_overhead()?;
    report::times("reload", &bench.reloads(scene)?)?;
    bench.stop();
    Ok(())
}

/// Measures loads of the skill with ten packages, all of which are stored.
pub(crate) fn measure_packages(scene: &Scene) -> Outcome<()> {
    let bench = Bench::new(scene)?;
    report::times("load-npm", &bench.loads(PACKAGES)?)?;
    bench.stop();
    Ok(())
}

struct Bench {
    executor: tokio::runtime::Runtime,
    runtime: SkillRuntime,
    context: RequestContext,
    events: EventSink,
}

impl Bench {
    fn new(scene: &Scene) -> Outcome<Self> {
        let executor = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let runtime = executor.block_on(async { SkillRuntime::new(scene.options()) })?;
        Ok(Self {
            executor,
            runtime,
            context: scene.context(),
            events: Arc::new(|_| {}),
        })
    }

    fn stop(self) {
        self.executor.block_on(self.runtime.shutdown());
    }

    /// From the word to load a skill until it is ready for calls.
    fn loads(&self, skill: &str) -> Outcome<Vec<Duration>> {
        let skill = selector(skill)?;
        let mut times = Vec::with_capacity(LOADS);
        // The first fetches what the skill needs and compiles it.
        for run in 0..=LOADS {
            self.wait_for_warm_worker()?;
            let start = Instant::now();
            let activated = self.runtime.activate(&self.context, &skill, &self.events);
            self.executor.block_on(activated)?;
            if run > 0 {
                times.push(start.elapsed());
            }
            let unloaded = self.runtime.unload(&self.context, &skill, &self.events);
            self.executor.block_on(unloaded)?;
        }
        Ok(times)
    }

    /// Loads are far apart in real life: the worker that the last one took has been replaced.
    fn wait_for_warm_worker(&self) -> Outcome<()> {
        let start = Instant::now();
        while start.elapsed() < WARM_PATIENCE {
            let report = self.executor.block_on(self.runtime.processes())?;
            if report.launcher.is_none() || !report.warm.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// A call by the runtime, less what the function itself takes.
    fn call_overhead(&self) -> Outcome<()> {
        let direct = request(SIMPLE, "direct", json!(10_000))?;
        let mut direct_times = Vec::new();
        for _ in 0..20 {
            let call = self
                .runtime
                .execute(&self.context, direct.clone(), &self.events);
            let milliseconds = self.executor.block_on(call).outcome?;
            let milliseconds = milliseconds.as_f64().ok_or("`direct` gave no number")?;
            direct_times.push(Duration::from_secs_f64(milliseconds / 1e3));
        }
        direct_times.sort_unstable();
        report::times("direct", &direct_times)?;
        let middle = direct_times[direct_times.len() / 2];

        // On a thread of the executor, where a server would run it.
        let (runtime, context, events) = (
            self.runtime.clone(),
            self.context.clone(),
            Arc::clone(&self.events),
        );
        let call = greeting(SIMPLE)?;
        let calls = self.executor.spawn(async move {
            let mut times = Vec::with_capacity(CALLS);
            for _ in 0..CALLS {
                let call = call.clone();
                let start = Instant::now();
                runtime.execute(&context, call, &events).await.outcome?;
                times.push(start.elapsed().saturating_sub(middle));
            }
            Ok::<_, mycelium_types::ErrorReport>(times)
        });
        let times = self.executor.block_on(calls)??;
        report::times("call", &times)
    }

    /// From the word to reload changed code until it is ready for calls.
    fn reloads(&self, scene: &Scene) -> Outcome<Vec<Duration>> {
        let skill = selector(SIMPLE)?;
        let mut times = Vec::with_capacity(LOADS);
        for run in 0..LOADS {
            scene.change(SIMPLE, run)?;
            self.wait_for_warm_worker()?;
            let start = Instant::now();
            let reloaded = self.runtime.reload(&self.context, &skill, &self.events);
            self.executor.block_on(reloaded)?;
            times.push(start.elapsed());
        }
        Ok(times)
    }
}
