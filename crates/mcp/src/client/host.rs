//! What servers may ask of this program: nothing. They may say that their tools or resources have changed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rmcp::ClientHandler;
use rmcp::RoleClient;
use rmcp::model::ClientCapabilities;
use rmcp::model::ClientConfig;
use rmcp::model::Implementation;
use rmcp::model::ProtocolVersion;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::NotificationContext;
use tokio::sync::broadcast;

/// This program, as servers see it.
pub(super) struct Host {
    /// Turns true when a server says that its tools have changed.
    pub(super) changed: Arc<AtomicBool>,
    /// Tells which resources a server says have changed.
    pub(super) updates: broadcast::Sender<String>,
}

impl ClientHandler for Host {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("mycelium", env!("CARGO_PKG_VERSION")).with_title("Mycelium"),
        )
        .with_protocol_version(ProtocolVersion::V_2025_11_25)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Release);
    }

    async fn on_resource_updated(
        &self,
        update: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        // Nobody may wait for it any more.
        let _ = self.updates.send(update.uri);
    }
}
