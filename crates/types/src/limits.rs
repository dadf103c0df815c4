//! How much a skill may use.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::ErrorCode;
use crate::ErrorReport;

/// The limits one instance runs under: defaults, the manifest's wishes, the configuration's ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Memory of the instance, in MiB.
    #[serde(rename = "memoryMB")]
    pub memory_mb: u64,
    /// Processor time of one call, in seconds.
    pub cpu_seconds: u64,
    /// Elapsed time of one call, in seconds.
    pub wall_seconds: u64,
    /// Open files and sockets.
    pub open_files: u64,
    /// Child processes.
    pub processes: u64,
    /// Size of one written file, in MiB.
    #[serde(rename = "fileSizeMB")]
    pub file_size_mb: u64,
    /// Size of the private data folder, in MiB.
    #[serde(rename = "dataMB")]
    pub data_mb: u64,
    /// Size of `/tmp`, in MiB.
    #[serde(rename = "tmpMB")]
    pub tmp_mb: u64,
    /// What the instance adds to the paths it was granted, in MiB.
    #[serde(rename = "pathsMB")]
    pub paths_mb: u64,
    /// Size of one result and of one call's console output, in MiB.
    #[serde(rename = "outputMB")]
    pub output_mb: u64,
    /// Size of one message to or from the worker, in MiB.
    #[serde(rename = "frameMB")]
    pub frame_mb: u64,
    /// Console lines in a second.
    pub log_lines_per_second: u64,
    /// Network traffic, in KiB a second.
    #[serde(rename = "bandwidthKBps")]
    pub bandwidth_kbps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mb: 500,
            cpu_seconds: 30,
            wall_seconds: 30,
            open_files: 64,
            processes: 0,
            file_size_mb: 64,
            data_mb: 256,
            tmp_mb: 64,
            paths_mb: 1024,
            output_mb: 64,
            frame_mb: 64,
            log_lines_per_second: 10_000,
            bandwidth_kbps: 10_240,
        }
    }
}

/// The memory of programs that nobody wrote for the sandbox, in MiB. Node.js 24 has 512 MiB for its compiled code writable from the
/// start (`CodeRange` of V8), used or not, and the kernel counts what can be written.
pub const INTERPRETER_MEMORY_MB: u64 = 1024;

/// The `limits` object of a manifest: what differs from the defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitOverrides {
    /// Memory of the instance, in MiB. Default 500.
    #[serde(rename = "memoryMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 1_048_576))]
    pub memory_mb: Option<u64>,
    /// Processor time of one call, in seconds. Default 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub cpu_seconds: Option<u64>,
    /// Elapsed time of one call, in seconds. Default 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub wall_seconds: Option<u64>,
    /// Open files and sockets. Default 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 65_536))]
    pub open_files: Option<u64>,
    /// Child processes. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4_096))]
    pub processes: Option<u64>,
    /// Size of one written file, in MiB. Default 64.
    #[serde(rename = "fileSizeMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub file_size_mb: Option<u64>,
    /// Size of the private data folder, in MiB. Default 256.
    #[serde(rename = "dataMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub data_mb: Option<u64>,
    /// Size of `/tmp`, in MiB. Default 64.
    #[serde(rename = "tmpMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_536))]
    pub tmp_mb: Option<u64>,
    /// What an instance adds to the paths it was granted, in MiB. Default 1024.
    #[serde(rename = "pathsMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub paths_mb: Option<u64>,
    /// Size of one result and of one call's console output, in MiB. Default 64.
    #[serde(rename = "outputMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_024))]
    pub output_mb: Option<u64>,
    /// Size of one message to or from the worker, such as a call's arguments or its result, in MiB. Default 64.
    #[serde(rename = "frameMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub frame_mb: Option<u64>,
    /// Console lines in a second. Default 10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 1_000_000))]
    pub log_lines_per_second: Option<u64>,
    /// Network traffic, in KiB a second. Default 10240.
    #[serde(rename = "bandwidthKBps", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub bandwidth_kbps: Option<u64>,
}

/// The most that any manifest gets; absent means unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ceilings(pub LimitOverrides);

/// Makes everything that is said of each limit from one table: the name of the limit, the field, the
/// name in a manifest, the name of the ceiling in a configuration, and the error it ends with.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $limit:ident, $field:ident, $name:literal, $ceiling:literal, $code:expr;)+) => {
        /// One of the limits.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Limit {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $limit),+
        }

        impl Limit {
            /// All limits.
            pub const ALL: &'static [Self] = &[$(Self::$limit),+];

            /// The name of the limit in a manifest's `limits`, such as `memoryMB`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$limit => $name),+ }
            }

            /// The name of the ceiling in a configuration's `security`, such as `maxMemoryMB`.
            #[must_use]
            pub fn ceiling(self) -> &'static str {
                match self { $(Self::$limit => $ceiling),+ }
            }

            /// How a call ends that reaches the limit; nothing where it only gets slower.
            #[must_use]
            pub fn code(self) -> Option<ErrorCode> {
                match self { $(Self::$limit => $code),+ }
            }
        }

        impl Limits {
            /// The value of one limit, in the unit of its name.
            #[must_use]
            pub fn get(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$limit => self.$field),+ }
            }

            /// The defaults, changed by what the manifest asks for, cut down to the ceilings.
            #[must_use]
            pub fn settle(asked: &LimitOverrides, ceilings: &Ceilings) -> Self {
                let default = Self::default();
                let wanted = Self {
                    $($field: asked.$field.unwrap_or(default.$field)),+
                };
                wanted.lowered(ceilings)
            }

            /// Each limit, or the ceiling where that is lower.
            #[must_use]
            pub fn lowered(&self, ceilings: &Ceilings) -> Self {
                let most = &ceilings.0;
                Self {
                    $($field: self.$field.min(most.$field.unwrap_or(u64::MAX))),+
                }
            }
        }

        impl LimitOverrides {
            /// These, and where they say nothing those of `other`.
            #[must_use]
            pub fn or(self, other: &Self) -> Self {
                Self { $($field: self.$field.or(other.$field)),+ }
            }
        }
    };
}

limits! {
    /// Memory of the instance.
    Memory, memory_mb, "memoryMB", "maxMemoryMB", Some(ErrorCode::MemoryLimit);
    /// Processor time of one call.
    CpuTime, cpu_seconds, "cpuSeconds", "maxCpuTimeSeconds", Some(ErrorCode::CpuLimit);
    /// Elapsed time of one call.
    WallTime, wall_seconds, "wallSeconds", "maxWallTimeSeconds", Some(ErrorCode::SkillTimeout);
    /// Open files and sockets.
    OpenFiles, open_files, "openFiles", "maxOpenFiles", Some(ErrorCode::FileLimit);
    /// Child processes.
    Processes, processes, "processes", "maxProcesses", Some(ErrorCode::ProcessLimit);
    /// Size of one written file.
    FileSize, file_size_mb, "fileSizeMB", "maxFileSizeMB", Some(ErrorCode::FileSizeLimit);
    /// Size of the private data folder.
    Data, data_mb, "dataMB", "maxDataMB", Some(ErrorCode::DiskLimit);
    /// Size of `/tmp`.
    Temporary, tmp_mb, "tmpMB", "maxTmpMB", Some(ErrorCode::DiskLimit);
    /// What the instance adds to granted paths.
    Paths, paths_mb, "pathsMB", "maxPathsMB", Some(ErrorCode::DiskLimit);
    /// Size of a result and of a call's console output.
    Output, output_mb, "outputMB", "maxOutputMB", Some(ErrorCode::OutputLimit);
    /// Size of one message to or from the worker.
    Frame, frame_mb, "frameMB", "maxFrameMB", Some(ErrorCode::FrameLimit);
    /// Console lines in a second.
    LogLines, log_lines_per_second, "logLinesPerSecond", "maxLogLinesPerSecond", Some(ErrorCode::LogLimit);
    /// Network traffic in a second.
    Bandwidth, bandwidth_kbps, "bandwidthKBps", "maxBandwidthKBps", None;
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl ErrorReport {
    /// The report of a reached limit, with the facts that say which, how much, and how to get more.
    #[must_use]
    pub fn of_limit(limit: Limit, value: u64) -> Self {
        // What only gets slower is at worst too slow.
        Self::new(limit.code().unwrap_or(ErrorCode::SkillTimeout))
            .with("limit", value)
            .with("limit_name", limit)
            .with("ceiling", limit.ceiling())
    }

    /// The limit that was reached, if that is the failure.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        let name = self.context.get("limit_name")?;
        let mut limits = Limit::ALL.iter().copied();
        limits.find(|limit| limit.name() == name && limit.code() == Some(self.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_lowers_defaults_and_wishes_but_never_raises() {
        let asked = LimitOverrides {
            memory_mb: Some(2000),
            wall_seconds: Some(5),
            ..LimitOverrides::default()
        };
        let ceilings = Ceilings(LimitOverrides {
            memory_mb: Some(300),
            wall_seconds: Some(60),
            cpu_seconds: Some(10),
            ..LimitOverrides::default()
        });
        let limits = Limits::settle(&asked, &ceilings);
        assert_eq!(
            (limits.memory_mb, limits.wall_seconds, limits.cpu_seconds),
            (300, 5, 10)
        );
    }

    #[test]
    fn a_limit_has_the_names_that_manifest_and_configuration_use() {
        let limits = Limits::default();
        let written = serde_json::to_value(limits).unwrap();
        assert_eq!(written.as_object().unwrap().len(), Limit::ALL.len());
        for limit in Limit::ALL {
            assert_eq!(written[limit.name()], limits.get(*limit), "{limit}");
            assert_eq!(serde_json::to_value(limit).unwrap(), limit.name());
        }
    }

    #[test]
    fn what_is_not_given_is_taken_from_the_others() {
        let first = LimitOverrides {
            memory_mb: Some(1),
            ..LimitOverrides::default()
        };
        let second = LimitOverrides {
            memory_mb: Some(2),
            tmp_mb: Some(3),
            ..LimitOverrides::default()
        };
        let both = first.or(&second);
        assert_eq!((both.memory_mb, both.tmp_mb), (Some(1), Some(3)));
    }

    #[test]
    fn a_report_knows_its_limit() {
        let report = ErrorReport::of_limit(Limit::Temporary, 64);
        assert_eq!(report.limit(), Some(Limit::Temporary));
        assert_eq!(ErrorReport::new(ErrorCode::SkillTimeout).limit(), None);
    }
}
