//! How much a skill may use.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

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
    /// Size of one result and of one call's console output, in MiB.
    #[serde(rename = "outputMB")]
    pub output_mb: u64,
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
            output_mb: 64,
            bandwidth_kbps: 10_240,
        }
    }
}

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
    /// Size of one result and of one call's console output, in MiB. Default 64.
    #[serde(rename = "outputMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_024))]
    pub output_mb: Option<u64>,
    /// Network traffic, in KiB a second. Default 10240.
    #[serde(rename = "bandwidthKBps", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub bandwidth_kbps: Option<u64>,
}

/// The most that any manifest gets; absent means unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ceilings(pub LimitOverrides);

impl LimitOverrides {
    /// These, and where they say nothing those of `other`.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            memory_mb: self.memory_mb.or(other.memory_mb),
            cpu_seconds: self.cpu_seconds.or(other.cpu_seconds),
            wall_seconds: self.wall_seconds.or(other.wall_seconds),
            open_files: self.open_files.or(other.open_files),
            processes: self.processes.or(other.processes),
            file_size_mb: self.file_size_mb.or(other.file_size_mb),
            data_mb: self.data_mb.or(other.data_mb),
            tmp_mb: self.tmp_mb.or(other.tmp_mb),
            output_mb: self.output_mb.or(other.output_mb),
            bandwidth_kbps: self.bandwidth_kbps.or(other.bandwidth_kbps),
        }
    }
}

impl Limits {
    /// The defaults, changed by what the manifest asks for, cut down to the ceilings.
    #[must_use]
    pub fn settle(asked: &LimitOverrides, ceilings: &Ceilings) -> Self {
        let default = Self::default();
        let wanted = Self {
            memory_mb: asked.memory_mb.unwrap_or(default.memory_mb),
            cpu_seconds: asked.cpu_seconds.unwrap_or(default.cpu_seconds),
            wall_seconds: asked.wall_seconds.unwrap_or(default.wall_seconds),
            open_files: asked.open_files.unwrap_or(default.open_files),
            processes: asked.processes.unwrap_or(default.processes),
            file_size_mb: asked.file_size_mb.unwrap_or(default.file_size_mb),
            data_mb: asked.data_mb.unwrap_or(default.data_mb),
            tmp_mb: asked.tmp_mb.unwrap_or(default.tmp_mb),
            output_mb: asked.output_mb.unwrap_or(default.output_mb),
            bandwidth_kbps: asked.bandwidth_kbps.unwrap_or(default.bandwidth_kbps),
        };
        wanted.lowered(ceilings)
    }

    /// Each limit, or the ceiling where that is lower.
    #[must_use]
    pub fn lowered(&self, ceilings: &Ceilings) -> Self {
        let most = &ceilings.0;
        let cut = |limit: u64, most: Option<u64>| limit.min(most.unwrap_or(u64::MAX));
        Self {
            memory_mb: cut(self.memory_mb, most.memory_mb),
            cpu_seconds: cut(self.cpu_seconds, most.cpu_seconds),
            wall_seconds: cut(self.wall_seconds, most.wall_seconds),
            open_files: cut(self.open_files, most.open_files),
            processes: cut(self.processes, most.processes),
            file_size_mb: cut(self.file_size_mb, most.file_size_mb),
            data_mb: cut(self.data_mb, most.data_mb),
            tmp_mb: cut(self.tmp_mb, most.tmp_mb),
            output_mb: cut(self.output_mb, most.output_mb),
            bandwidth_kbps: cut(self.bandwidth_kbps, most.bandwidth_kbps),
        }
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
}
