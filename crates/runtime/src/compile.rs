//! Compiling a skill's sources in a fresh worker that runs nothing of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mycelium_loader::LoadRequest;
use mycelium_loader::SignatureRule;
use mycelium_policy::DEPENDENCIES_PATH;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::worker::CompileParams;
use mycelium_protocol::worker::Compiled;
use mycelium_protocol::worker::Request;
use mycelium_types::ErrorReport;
use tokio::time::Instant;

use crate::connection::megabytes;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::launch::LaunchSpec;
use crate::live_worker::Budget;
use crate::watch::Members;

/// How long one compilation may take; a skill that takes longer is read from source each time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most compiled code of one skill, in MiB, as base64.
const MAX_OUTPUT_MB: u64 = 64;

impl Inner {
    /// Makes compiled code for the next start of this skill, unless that already happens.
    pub(crate) fn compile_in_background(self: &Arc<Self>, launch: Arc<LaunchSpec>) {
        let key = launch.bytecode_key;
        if !self
            .compiling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key)
        {
            return;
        }
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = inner.compile(&launch).await {
                // The skill runs from source; nothing is lost but some milliseconds.
                tracing::debug!(skill = %launch.policy.skill, %error, "code was not compiled");
            }
            inner
                .compiling
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&key);
        });
    }

    async fn compile(self: &Arc<Self>, launch: &LaunchSpec) -> Result<(), ErrorReport> {
        let mut policy = SandboxPolicy {
            paths: Vec::new(),
            sealed: Vec::new(),
            network: mycelium_policy::NetworkPolicy::default(),
            bytecode: None,
            certificates: None,
            data: None,
            ..launch.policy.clone()
        };
        policy.limits.frame_mb = MAX_OUTPUT_MB;
        let mut roots = vec![policy.skill_root.clone()];
        roots.extend(
            policy
                .dependency_layer
                .is_some()
                .then(|| PathBuf::from(DEPENDENCIES_PATH)),
        );
        let (mut worker, _) = {
            let supervisor = Arc::clone(&self.supervisor);
            let policy = policy.clone();
            blocking(move || supervisor.start(&policy, Members::Alone, None, None)).await?
        };
        let budget = Budget {
            deadline: Instant::now() + PATIENCE,
            cpu: PATIENCE,
            output_bytes: megabytes(1),
        };
        let answer = worker
            .request(
                Request::Compile(CompileParams { policy, roots }),
                budget,
                None,
                &mut |_| {},
            )
            .await
            .map_err(|failure| ErrorReport::internal(format!("{failure:?}")))?;
        let compiled: Compiled =
            serde_json::from_str(answer.get()).map_err(ErrorReport::internal)?;
        let pack = STANDARD
            .decode(compiled.bytecode)
            .map_err(ErrorReport::internal)?;
        let inner = Arc::clone(self);
        let key = launch.bytecode_key;
        let digest = launch.skill.digest();
        let request = LoadRequest {
            source: launch.skill.source().clone(),
            origin: launch.skill.origin(),
            signatures: SignatureRule::Optional,
        };
        blocking(move || {
            // What was compiled may be newer than what the key names.
            if inner.launches.loader.load(&request)?.digest() != digest {
                return Ok(());
            }
            inner
                .launches
                .bytecode()
                .keep(key, &pack)
                .map_err(ErrorReport::internal)
        })
        .await
    }
}
