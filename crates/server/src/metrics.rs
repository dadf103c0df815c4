//! `/metrics` on the ports that workspaces ask for, on this machine only.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use mycelium_runtime::SkillRuntime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The OpenMetrics text format's media type.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Wanted = BTreeMap<u16, BTreeSet<PathBuf>>;

/// The ports that are served.
#[derive(Debug, Default)]
pub(crate) struct MetricsPorts(Mutex<BTreeMap<u16, Served>>);

#[derive(Debug)]
struct Served {
    workspaces: Arc<Mutex<BTreeSet<PathBuf>>>,
    task: JoinHandle<()>,
}

impl MetricsPorts {
    /// The addresses served, for people.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        served
            .keys()
            .map(|port| format!("http://127.0.0.1:{port}/metrics"))
            .collect()
    }

    /// Serves the ports that workspaces want, as that changes, until the runtime is gone.
    pub(crate) async fn follow(&self, runtime: SkillRuntime) {
        let mut wanted = runtime.metrics_ports();
        loop {
            let now = wanted.borrow_and_update().clone();
            self.serve(&runtime, now).await;
            if wanted.changed().await.is_err() {
                return;
            }
        }
    }

    async fn serve(&self, runtime: &SkillRuntime, wanted: Wanted) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|port, served| {
                let keeps = wanted.contains_key(port);
                if !keeps {
                    served.task.abort();
                }
                keeps
            });
        for (port, workspaces) in wanted {
            if let Some(served) = self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&port)
            {
                *served
                    .workspaces
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = workspaces;
                continue;
            }
            let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::warn!(port, %error, "metrics are not served: the port cannot be used");
                    continue;
                }
            };
            let workspaces = Arc::new(Mutex::new(workspaces));
            let task = tokio::spawn(serve_port(
                listener,
                runtime.clone(),
                Arc::clone(&workspaces),
            ));
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(port, Served { workspaces, task });
        }
    }
}

impl Drop for MetricsPorts {
    fn drop(&mut self) {
        let served = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for port in served.values() {
            port.task.abort();
        }
    }
}

async fn serve_port(
    listener: TcpListener,
    runtime: SkillRuntime,
    workspaces: Arc<Mutex<BTreeSet<PathBuf>>>,
) {
    let page = get(move || {
        let workspaces = workspaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let text = runtime.prometheus(&workspaces);
        std::future::ready(([(CONTENT_TYPE, MEDIA_TYPE)], text))
    });
    if let Err(error) = axum::serve(listener, Router::new().route("/metrics", page)).await {
        tracing::warn!(%error, "metrics are no longer served");
    }
}
