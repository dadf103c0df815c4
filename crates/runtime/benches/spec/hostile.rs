//! What a hostile skill costs the others, and the daemon in the long run.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::Answer;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::TrustRequest;
use mycelium_runtime::EventSink;
use mycelium_runtime::SkillRuntime;
use mycelium_types::ErrorCode;
use serde_json::json;

use crate::Outcome;
use crate::report;
use crate::scene::HOSTILE;
use crate::scene::HOSTILE_PROGRAM;
use crate::scene::SIMPLE;
use crate::scene::Scene;
use crate::scene::greeting;
use crate::scene::request;
use crate::scene::selector;

/// A skill with its attacks.
struct Attacker {
    skill: &'static str,
    methods: &'static [&'static str],
    /// What the worst of them is reported as.
    row: &'static str,
}

/// Everything that a skill can use too much of.
const SKILL: Attacker = Attacker {
    skill: HOSTILE,
    methods: &[
        "spin", "bomb", "data", "tmp", "large", "open", "print", "chat", "give",
    ],
    row: "beside",
};
/// What a program of its own can besides: with processes, threads and no engine in its way.
const PROGRAM: Attacker = Attacker {
    skill: HOSTILE_PROGRAM,
    methods: &["bomb", "threads", "memory", "files"],
    row: "beside-program",
};
/// Those that do not first use up their time.
const QUICK: [&str; 9] = [
    "bomb", "tmp", "large", "open", "print", "chat", "give", "leave", "fail",
];
/// Calls of the other skill in one stretch, quiet or under attack.
const STRETCH: usize = 200;
/// Stretches of each kind, in turn, so that what else the machine does falls on both.
const STRETCHES: usize = 9;
/// Hostile calls in a row, and those before it is measured.
const SERIES: usize = 1_000;
const FIRST: usize = 200;

/// Measures both, with attacks by code in the engine.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    with_bench(scene, async |bench: &Arc<Bench>| {
        beside(bench, &SKILL).await?;
        kills(bench).await?;
        series(bench).await
    })
}

/// Measures the first with attacks by a program of its own, for which a C compiler is needed.
pub(crate) fn measure_program(scene: &Scene) -> Outcome<()> {
    scene.write_hostile_program()?;
    with_bench(scene, async |bench: &Arc<Bench>| {
        bench.trust(HOSTILE_PROGRAM).await?;
        beside(bench, &PROGRAM).await
    })
}

fn with_bench(scene: &Scene, measure: impl AsyncFnOnce(&Arc<Bench>) -> Outcome<()>) -> Outcome<()> {
    // This process is the daemon here.
    mycelium_runtime::take_short_turns()?;
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let runtime = executor.block_on(async { SkillRuntime::new(scene.options()) })?;
    let bench = Arc::new(Bench {
        runtime,
        context: scene.context(),
        events: Arc::new(|_| {}),
    });
    let outcome = executor.block_on(measure(&bench));
    executor.block_on(bench.runtime.shutdown());
    outcome
}

struct Bench {
    runtime: SkillRuntime,
    context: RequestContext,
    events: EventSink,
}

impl Bench {
    /// A hostile call, which ends in an error.
    async fn attack(&self, skill: &str, method: &str) -> Outcome<ErrorCode> {
        let request = request(skill, method, json!(0))?;
        let report = self.run(request).await;
        match report.outcome {
            Err(error) => Ok(error.code),
            Ok(_) => Err(format!("{method} succeeded").into()),
        }
    }

    /// A call that does no harm, before so many failures in a row that no more are let through.
    async fn rest(&self, skill: &str) -> Outcome<()> {
        let request = request(skill, "rest", json!(0))?;
        self.run(request).await.outcome?;
        Ok(())
    }

    /// Grants a skill what it asks for.
    async fn trust(&self, skill: &str) -> Outcome<()> {
        let info = self.runtime.info(&self.context, &selector(skill)?).await?;
        let request = TrustRequest::Skill {
            skill: selector(skill)?,
            digest: info.digest,
            answer: Answer::Granted,
        };
        self.runtime.trust(&self.context, request).await?;
        Ok(())
    }

    async fn run(&self, request: ExecRequest) -> mycelium_protocol::control::ExecReport {
        self.runtime
            .execute(&self.context, request, &self.events)
            .await
    }

    /// Calls of a skill that does nothing wrong, and the 99th percentile of their times, in seconds.
    async fn stretch(&self) -> Outcome<f64> {
        let mut times = Vec::with_capacity(STRETCH);
        for _ in 0..STRETCH {
            let call = greeting(SIMPLE)?;
            let start = Instant::now();
            self.run(call).await.outcome?;
            times.push(start.elapsed().as_secs_f64());
            // As an agent would: not all at once.
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        times.sort_by(f64::total_cmp);
        let rank = (STRETCH * 99).div_ceil(100);
        Ok(times.get(rank - 1).copied().unwrap_or(f64::NAN))
    }
}

/// The 99th percentile of one skill's calls while another attacks, in multiples of a quiet time: of each
/// attack, and of the worst.
///
/// A stretch has a percentile of its own, and the middle one of each kind counts: the host of a virtual machine may take
/// its processors away for milliseconds, which says nothing about the attack.
async fn beside(bench: &Arc<Bench>, attacker: &'static Attacker) -> Outcome<()> {
    let Attacker {
        skill,
        methods,
        row,
    } = attacker;
    bench.run(greeting(SIMPLE)?).await.outcome?;
    let mut worst = 0.0_f64;
    for method in *methods {
        let (mut quiet, mut attacked) = (Vec::new(), Vec::new());
        for _ in 0..STRETCHES {
            quiet.push(bench.stretch().await?);
            let over = Arc::new(AtomicBool::new(false));
            let (runner, until) = (Arc::clone(bench), Arc::clone(&over));
            let attack = tokio::spawn(async move {
                while !until.load(Ordering::Acquire) {
                    let ended = runner.attack(skill, method).await;
                    ended.map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(())
            });
            attacked.push(bench.stretch().await?);
            over.store(true, Ordering::Release);
            attack.await??;
            bench.rest(skill).await?;
        }
        let ratio = middle(attacked) / middle(quiet);
        report::amount(&format!("{row}-{method}"), ratio)?;
        worst = worst.max(ratio);
    }
    report::amount(row, worst)
}

/// The median.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// From the end of a worker, for a limit that the kernel enforces, to the report.
async fn kills(bench: &Arc<Bench>) -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..20 {
        let attacker = Arc::clone(bench);
        let attack = tokio::spawn(async move {
            let ended = attacker
                .attack(HOSTILE, "bomb")
                .await
                .map_err(|error| error.to_string());
            (ended, Instant::now())
        });
        let mut seen = None;
        let mut gone = None;
        while !attack.is_finished() {
            let processes = bench.runtime.processes().await?;
            let pid = processes
                .instances
                .iter()
                .find(|instance| instance.skill.as_str() == HOSTILE)
                .map(|instance| instance.pid);
            seen = seen.or(pid);
            let alive = seen.is_some_and(|pid| {
                fs_err::read_to_string(format!("/proc/{pid}/statm"))
                    .is_ok_and(|text| !text.starts_with("0 "))
            });
            if seen.is_some() && !alive {
                gone.get_or_insert_with(Instant::now);
            }
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        let (ended, at) = attack.await?;
        ended?;
        if let Some(gone) = gone {
            times.push(at.saturating_duration_since(gone));
        }
    }
    report::times("limit-report", &times)
}

/// What many hostile calls in a row leave of memory in this process, which is the daemon here.
async fn series(bench: &Arc<Bench>) -> Outcome<()> {
    attack_often(bench, FIRST).await?;
    let before = crate::daemon::proportional_megabytes(std::process::id())?;
    attack_often(bench, SERIES).await?;
    let after = crate::daemon::proportional_megabytes(std::process::id())?;
    report::amount("hostile-memory", (after - before) / before * 100.0)
}

async fn attack_often(bench: &Bench, calls: usize) -> Outcome<()> {
    for round in 0..calls {
        // Or each would be started a second after the one before.
        bench
            .runtime
            .reset(&bench.context, &selector(HOSTILE)?, &bench.events)
            .await?;
        bench.attack(HOSTILE, QUICK[round % QUICK.len()]).await?;
        if round % 100 == 0 {
            bench.rest(HOSTILE).await?;
        }
    }
    Ok(())
}
