//! `metrics`: what was measured.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::MetricsReport;
use mycelium_types::ExitStatus;

use crate::error::Error;
use crate::render::Page;
use crate::render::Text;
use crate::render::mebibytes;
use crate::render::milliseconds;
use crate::render::percent;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let report = answer!(session.request(Command::Metrics)?, Metrics);
    session
        .output
        .result(&report, |page| describe(&report, page))?;
    Ok(ExitStatus::Success)
}

fn describe(report: &MetricsReport, page: &mut Page) {
    let (loads, calls) = (&report.loads, &report.calls);
    let time = |count: u64, value: f64| match count {
        0 => "-".to_owned(),
        _ => milliseconds(value),
    };
    let share = |part: u64, whole: u64| match whole {
        0 => 0.0,
        _ => part as f64 / whole as f64,
    };
    let rate = loads.cache_hit_rate.map_or_else(|| "-".to_owned(), percent);
    let text = Text::new("metrics")
        .with("minutes", report.window_seconds / 60)
        .with(
            "load-average",
            time(loads.count, loads.average_milliseconds),
        )
        .with("load-p95", time(loads.count, loads.p95_milliseconds))
        .with("cache-rate", rate)
        .with("calls", calls.count)
        .with(
            "call-average",
            time(calls.count, calls.average_milliseconds),
        )
        .with("call-p95", time(calls.count, calls.p95_milliseconds))
        .with("active", report.resources.active_skills)
        .with("memory", mebibytes(report.resources.memory_bytes))
        .with("cpu", time(calls.count, calls.average_cpu_milliseconds))
        .with("errors", calls.errors)
        .with("error-rate", percent(share(calls.errors, calls.count)));
    let locale = page.look().locale;
    page.say(&text);
    for (section, lines) in [
        ("loads", &["load-average", "load-p95", "cache-rate"][..]),
        ("calls", &["call-count", "call-average", "call-p95"]),
        ("resources", &["active", "memory", "cpu"]),
        ("failures", &["errors", "error-rate"]),
    ] {
        page.blank();
        page.line(text.attribute(section, locale));
        for line in lines {
            page.line(format!("  - {}", text.attribute(line, locale)));
        }
    }
}

#[cfg(test)]
mod tests {
    use mycelium_protocol::control::CallTotals;
    use mycelium_protocol::control::LoadTotals;
    use mycelium_protocol::control::ResourceTotals;

    use super::*;
    use crate::render::Look;

    fn shown(report: &MetricsReport) -> String {
        let mut page = Page::new(Look::default());
        describe(report, &mut page);
        page.render()
    }

    #[test]
    fn the_specifications_page() {
        let report = MetricsReport {
            window_seconds: 300,
            loads: LoadTotals {
                count: 8,
                average_milliseconds: 128.0,
                p95_milliseconds: 245.0,
                cache_hit_rate: Some(0.85),
            },
            calls: CallTotals {
                count: 3,
                average_milliseconds: 82.0,
                p95_milliseconds: 127.0,
                errors: 0,
                average_cpu_milliseconds: 12.0,
            },
            resources: ResourceTotals {
                active_skills: 7,
                memory_bytes: 145 << 20,
            },
        };
        insta::assert_snapshot!(shown(&report), @r"
        Skill Infrastructure Metrics (last 5 minutes):

        Load Performance:
          - Average load time: 128ms
          - 95th percentile: 245ms
          - Cache hit rate: 85%

        Execution Performance:
          - Total executions: 3
          - Average execution time: 82ms
          - 95th percentile: 127ms

        Resource Usage:
          - Active skills: 7
          - Total memory: 145MB
          - Average CPU per execution: 12ms

        Error Rates:
          - Total errors: 0
          - Error rate: 0%
        ");
    }

    #[test]
    fn nothing_measured_is_not_zero() {
        let text = shown(&MetricsReport::default());
        assert!(text.contains("Average load time: -"), "{text}");
        assert!(text.contains("Cache hit rate: -"), "{text}");
        assert!(text.contains("Error rate: 0%"), "{text}");
    }
}
