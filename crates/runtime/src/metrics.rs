//! What is measured: totals for `/metrics` and a short window for people.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use mycelium_protocol::control::CallTotals;
use mycelium_protocol::control::LoadTotals;
use mycelium_protocol::control::MetricsReport;
use mycelium_protocol::control::ResourceTotals;
use mycelium_types::Hook;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::encoding::text;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::hook::LifecycleHook;
use crate::hook::Stage;
use crate::hook::StageOutcome;

/// How far back averages look.
const WINDOW: Duration = Duration::from_secs(300);
/// The most samples kept for the window; older ones are dropped first.
const MAX_SAMPLES: usize = 10_000;
/// Upper bounds of the histograms' buckets, in milliseconds.
const BUCKETS: [f64; 9] = [
    1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 5_000.0, 30_000.0,
];

/// What is measured in all workspaces. Itself a [`LifecycleHook`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<PathBuf, Totals>>>);

/// What is used at this moment, which only the instances know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) instances: u64,
    pub(crate) memory_bytes: u64,
}

#[derive(Debug, Default)]
struct Totals {
    loads: Histogram,
    calls: Histogram,
    resolutions: Histogram,
    errors: u64,
    cache_hits: u64,
    cache_misses: u64,
    recent_loads: VecDeque<Sample>,
    recent_calls: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    milliseconds: f64,
    cpu_milliseconds: f64,
    failed: bool,
}

#[derive(Clone, Debug, Default)]
struct Histogram {
    sum: f64,
    count: u64,
    buckets: [u64; BUCKETS.len() + 1],
}

impl Histogram {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        let bucket = BUCKETS.partition_point(|bound| *bound < value);
        self.buckets[bucket] += 1;
    }
}

impl Totals {
    fn push(samples: &mut VecDeque<Sample>, sample: Sample) {
        if samples.len() == MAX_SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    fn forget_old(samples: &mut VecDeque<Sample>, now: Instant) {
        while samples
            .front()
            .is_some_and(|sample| now.duration_since(sample.at) > WINDOW)
        {
            samples.pop_front();
        }
    }

    fn cache_hit_rate(&self) -> Option<f64> {
        let all = self.cache_hits + self.cache_misses;
        (all > 0).then(|| self.cache_hits as f64 / all as f64)
    }
}

impl Metrics {
    /// Notes that a skill's packages were found or fetched.
    pub(crate) fn resolved(&self, workspace: &Path, duration: Duration, hits: u64, misses: u64) {
        let mut workspaces = self.lock();
        let totals = workspaces.entry(workspace.to_owned()).or_default();
        totals.resolutions.add(duration.as_secs_f64() * 1000.0);
        totals.cache_hits += hits;
        totals.cache_misses += misses;
    }

    /// What was measured in one workspace.
    pub(crate) fn report(&self, workspace: &Path, usage: Usage) -> MetricsReport {
        let mut workspaces = self.lock();
        let totals = workspaces.entry(workspace.to_owned()).or_default();
        let now = Instant::now();
        Totals::forget_old(&mut totals.recent_loads, now);
        Totals::forget_old(&mut totals.recent_calls, now);
        let loads = &totals.recent_loads;
        let calls = &totals.recent_calls;
        MetricsReport {
            window_seconds: WINDOW.as_secs(),
            loads: LoadTotals {
                count: loads.len() as u64,
                average_milliseconds: average(loads, |sample| sample.milliseconds),
                p95_milliseconds: p95(loads),
                cache_hit_rate: totals.cache_hit_rate(),
            },
            calls: CallTotals {
                count: calls.len() as u64,
                average_milliseconds: average(calls, |sample| sample.milliseconds),
                p95_milliseconds: p95(calls),
                errors: calls.iter().filter(|sample| sample.failed).count() as u64,
                average_cpu_milliseconds: average(calls, |sample| sample.cpu_milliseconds),
            },
            resources: ResourceTotals {
                active_skills: usage.instances,
                memory_bytes: usage.memory_bytes,
            },
        }
    }

    /// The OpenMetrics text of some workspaces. Several are told apart by a label.
    pub(crate) fn prometheus(&self, usage: BTreeMap<PathBuf, Usage>) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Scrape {
            metrics: self.clone(),
            usage,
        }));
        let mut page = String::new();
        // Writing to a `String` cannot fail.
        let _ = text::encode(&mut page, &registry);
        page
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Totals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LifecycleHook for Metrics {
    fn after(&self, stage: &Stage<'_>, outcome: &StageOutcome<'_>) {
        let sample = Sample {
            at: Instant::now(),
            milliseconds: outcome.duration.as_secs_f64() * 1000.0,
            cpu_milliseconds: outcome.cpu.unwrap_or_default().as_secs_f64() * 1000.0,
            failed: outcome.error.is_some(),
        };
        let mut workspaces = self.lock();
        let totals = workspaces.entry(stage.workspace.to_owned()).or_default();
        match stage.hook {
            Hook::Load => {
                totals.loads.add(sample.milliseconds);
                Totals::push(&mut totals.recent_loads, sample);
            }
            Hook::Execute => {
                totals.calls.add(sample.milliseconds);
                totals.errors += u64::from(sample.failed);
                Totals::push(&mut totals.recent_calls, sample);
            }
            Hook::Init | Hook::Activate | Hook::Deactivate | Hook::Unload => {}
        }
    }
}

fn average(samples: &VecDeque<Sample>, value: impl Fn(&Sample) -> f64) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.iter().map(value).sum::<f64>() / samples.len() as f64
}

fn p95(samples: &VecDeque<Sample>) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(|sample| sample.milliseconds).collect();
    values.sort_by(f64::total_cmp);
    // Nearest rank: the smallest value that at least 95 % are not above.
    let rank = (values.len() * 95).div_ceil(100);
    rank.checked_sub(1)
        .and_then(|index| values.get(index).copied())
        .unwrap_or(0.0)
}

struct Scrape {
    metrics: Metrics,
    usage: BTreeMap<PathBuf, Usage>,
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").finish_non_exhaustive()
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut workspaces = self.metrics.lock();
        let rows: Vec<Row<'_>> = {
            for workspace in self.usage.keys() {
                workspaces.entry(workspace.clone()).or_default();
            }
            let label = self.usage.len() > 1;
            self.usage
                .iter()
                .filter_map(|(workspace, usage)| {
                    Some(Row {
                        labels: label
                            .then(|| ("workspace", workspace.display().to_string()))
                            .into_iter()
                            .collect(),
                        totals: workspaces.get(workspace)?,
                        usage: *usage,
                    })
                })
                .collect()
        };
        let histograms: [Described<HistogramOf>; 3] = [
            (
                "skill_load_time_ms",
                "Time to load a skill, in milliseconds",
                |totals| &totals.loads,
            ),
            (
                "skill_execution_time_ms",
                "Time of a call, in milliseconds",
                |totals| &totals.calls,
            ),
            (
                "skill_dependency_resolution_time_ms",
                "Time to have a skill's packages ready, in milliseconds",
                |totals| &totals.resolutions,
            ),
        ];
        for (name, help, pick) in histograms {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            for row in &rows {
                let histogram = pick(row.totals);
                let buckets: Vec<(f64, u64)> = BUCKETS
                    .iter()
                    .copied()
                    .chain([f64::INFINITY])
                    .zip(histogram.buckets)
                    .collect();
                row.encode(&mut metric, |encoder| {
                    encoder.encode_histogram::<Labels>(
                        histogram.sum,
                        histogram.count,
                        &buckets,
                        None,
                    )
                })?;
            }
        }
        let mut errors = encoder.encode_descriptor(
            "skill_error_count",
            "Calls that failed",
            None,
            MetricType::Counter,
        )?;
        for row in &rows {
            row.encode(&mut errors, |encoder| {
                encoder.encode_counter::<Labels, u64, f64>(&row.totals.errors, None)
            })?;
        }
        let gauges: [Described<GaugeOf>; 3] = [
            ("skill_active_count", "Instances that live", |row| {
                Some(row.usage.instances as f64)
            }),
            (
                "skill_memory_usage_mb",
                "Memory of the workers, in MiB",
                |row| Some(row.usage.memory_bytes as f64 / f64::from(1 << 20)),
            ),
            (
                "skill_dependency_cache_hit_rate",
                "Share of packages that were in the store, 0 to 1",
                |row| row.totals.cache_hit_rate(),
            ),
        ];
        for (name, help, pick) in gauges {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for row in &rows {
                if let Some(value) = pick(row) {
                    row.encode(&mut metric, |encoder| encoder.encode_gauge(&value))?;
                }
            }
        }
        Ok(())
    }
}

/// A metric's name, what it says, and where its value is.
type Described<F> = (&'static str, &'static str, F);
type HistogramOf = fn(&Totals) -> &Histogram;
type GaugeOf = fn(&Row<'_>) -> Option<f64>;

type Labels = Vec<(&'static str, String)>;

struct Row<'a> {
    /// Empty for a single workspace.
    labels: Labels,
    totals: &'a Totals,
    usage: Usage,
}

impl Row<'_> {
    fn encode(
        &self,
        metric: &mut MetricEncoder<'_>,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        if self.labels.is_empty() {
            write(metric)
        } else {
            write(&mut metric.encode_family(&self.labels)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mycelium_types::ErrorCode;
    use mycelium_types::ErrorReport;
    use mycelium_types::SkillId;

    fn record(metrics: &Metrics, hook: Hook, milliseconds: u64, error: Option<&ErrorReport>) {
        let skill = SkillId {
            name: "demo".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
        };
        metrics.after(
            &Stage {
                hook,
                skill: &skill,
                workspace: Path::new("/w"),
                session: None,
                method: None,
                evaluation: None,
                digest: None,
                correlation_id: "c",
            },
            &StageOutcome {
                error,
                duration: Duration::from_millis(milliseconds),
                cpu: None,
                violations: &[],
            },
        );
    }

    #[test]
    fn reports_averages_and_percentiles_of_the_window() {
        let metrics = Metrics::default();
        let failure = ErrorReport::new(ErrorCode::SkillExecutionError);
        for milliseconds in 1..=100 {
            record(&metrics, Hook::Execute, milliseconds, None);
        }
        record(&metrics, Hook::Execute, 1000, Some(&failure));
        metrics.resolved(Path::new("/w"), Duration::from_millis(3), 3, 1);
        let report = metrics.report(Path::new("/w"), Usage::default());
        assert_eq!(report.calls.count, 101);
        assert_eq!(report.calls.errors, 1);
        assert!((report.calls.p95_milliseconds - 96.0).abs() < 1e-9);
        assert_eq!(report.loads.cache_hit_rate, Some(0.75));
        assert_eq!(report.loads.count, 0);
    }

    #[test]
    fn the_page_has_the_names_and_no_label_for_a_single_workspace() {
        let metrics = Metrics::default();
        record(&metrics, Hook::Execute, 8, None);
        record(&metrics, Hook::Execute, 90, None);
        let one = BTreeMap::from([(PathBuf::from("/w"), Usage::default())]);
        let page = metrics.prometheus(one.clone());
        for line in [
            "skill_execution_time_ms_bucket{le=\"10.0\"} 1",
            "skill_execution_time_ms_bucket{le=\"100.0\"} 2",
            "skill_execution_time_ms_count 2",
            "skill_error_count_total 0",
            "skill_active_count 0",
            "skill_execution_time_ms_bucket{le=\"+Inf\"} 2",
        ] {
            assert!(
                page.lines().any(|seen| seen.starts_with(line)),
                "{line}\n{page}"
            );
        }
        let mut two = one;
        two.insert("/other".into(), Usage::default());
        let page = metrics.prometheus(two);
        assert!(
            page.contains("skill_execution_time_ms_count{workspace=\"/w\"} 2"),
            "{page}"
        );
        assert!(
            page.contains("skill_execution_time_ms_count{workspace=\"/other\"} 0"),
            "{page}"
        );
    }
}
