//! How much a worker uses of each of its limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mycelium_network::Broker;
use mycelium_protocol::control::LimitUsage;
use mycelium_sandbox::Usage;
use mycelium_sandbox::Worker;
use mycelium_types::Limit;
use mycelium_types::Limits;

use crate::meter::Meter;
use crate::space::Space;

/// Everything that knows what one worker uses.
#[derive(Clone)]
pub(crate) struct Gauges {
    pub(crate) worker: Arc<Worker>,
    pub(crate) limits: Limits,
    pub(crate) meter: Arc<Meter>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) space: Option<Arc<Space>>,
}

impl Gauges {
    /// What they show; `now` is what the worker's processes use, if it still has any.
    pub(crate) fn read(&self, now: Option<Usage>) -> Vec<LimitUsage> {
        Limit::ALL
            .iter()
            .map(|limit| LimitUsage {
                limit: *limit,
                used: self.used(*limit, now),
                value: self.limits.get(*limit),
            })
            .collect()
    }

    fn used(&self, limit: Limit, now: Option<Usage>) -> Option<f64> {
        let space = self.space.as_deref();
        match limit {
            Limit::Memory => Some(megabytes(now?.memory)),
            Limit::CpuTime => Some(seconds(self.meter.longest_cpu())),
            Limit::WallTime => Some(seconds(self.meter.longest_wall())),
            Limit::OpenFiles => Some(now?.open_files as f64),
            Limit::Processes => Some(now?.processes as f64),
            Limit::FileSize => Some(megabytes(space?.largest())),
            Limit::Data => Some(megabytes(space?.data())),
            Limit::Temporary => Some(megabytes(now?.temporary)),
            Limit::Paths => Some(megabytes(space?.paths())),
            Limit::Output => Some(megabytes(self.meter.output_bytes())),
            Limit::Frame => Some(megabytes(self.meter.largest_frame())),
            Limit::LogLines => Some(self.meter.most_lines() as f64),
            Limit::Bandwidth => {
                let kibibytes = self.broker.most_bytes_in_a_second() as f64 / 1024.0;
                Some((kibibytes * 1024.0).ceil() / 1024.0)
            }
        }
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges")
            .field("pid", &self.worker.pid())
            .finish_non_exhaustive()
    }
}

/// In MiB, to the kibibyte.
fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 1024.0).ceil() / 1024.0
}

/// In seconds, to the microsecond.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}
