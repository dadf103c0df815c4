//! Resources that change: a server is asked to tell for as long as somebody waits.

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use rmcp::model::ServerNotification;
use rmcp::model::SubscribeRequestParams;
use rmcp::model::SubscriptionFilter;
use tokio::sync::broadcast::error::RecvError;

use super::connection::Connection;
use super::failure;
use super::failure::Asked;

/// The most resources that one connection is told of.
const MAX_SUBSCRIPTIONS: usize = 256;

impl Connection {
    /// Waits until the server says that a resource has changed.
    pub(super) async fn changed(&self, uri: &str) -> Result<(), ErrorReport> {
        let info = self.peer().peer_info();
        let has_sessions = info.is_some_and(|info| info.protocol_version.has_initialize());
        match has_sessions {
            true => self.changed_in_session(uri).await,
            false => self.changed_on_stream(uri).await,
        }
    }

    /// As 2026-07-28 has it: a stream of what was asked for.
    async fn changed_on_stream(&self, uri: &str) -> Result<(), ErrorReport> {
        let filter = SubscriptionFilter::builder().resource_subscriptions([uri]);
        let mut stream = match self.peer().listen(filter.build()).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.failed(Asked::Resource(uri), &error).await),
        };
        let granted = stream.acknowledged().resource_subscriptions.as_ref();
        if !granted.is_some_and(|granted| granted.iter().any(|one| one == uri)) {
            return Err(self.does_not_tell());
        }
        loop {
            match stream.next().await {
                Ok(Some(ServerNotification::ResourceUpdatedNotification(update)))
                    if update.params.uri == uri =>
                {
                    return Ok(());
                }
                Ok(Some(_)) => {}
                Ok(None) => return Err(failure::ended(self.name(), "it tells no more")),
                Err(error) => return Err(self.failed(Asked::Resource(uri), &error).await),
            }
        }
    }

    /// As before 2026-07-28: the session has subscriptions.
    async fn changed_in_session(&self, uri: &str) -> Result<(), ErrorReport> {
        let info = self.peer().peer_info();
        let resources = info.and_then(|info| info.capabilities.resources.clone());
        if resources.and_then(|resources| resources.subscribe) != Some(true) {
            return Err(self.does_not_tell());
        }
        // Heard before it is asked for: nothing is lost between.
        let mut updates = self.updates();
        self.subscribe_to(uri).await?;
        loop {
            match updates.recv().await {
                Ok(changed) if changed == uri => return Ok(()),
                Ok(_) => {}
                // Whatever was missed may have been it.
                Err(RecvError::Lagged(_)) => return Ok(()),
                Err(RecvError::Closed) => {
                    return Err(failure::ended(self.name(), "it tells no more"));
                }
            }
        }
    }

    /// Subscribes once, for as long as the connection lasts: to take it back could take it from somebody else who waits.
    async fn subscribe_to(&self, uri: &str) -> Result<(), ErrorReport> {
        let mut subscribed = self.subscribed().await;
        if subscribed.contains(uri) {
            return Ok(());
        }
        if subscribed.len() >= MAX_SUBSCRIPTIONS {
            return Err(ErrorReport::new(ErrorCode::Overloaded).with("skill", self.name()));
        }
        let params = SubscribeRequestParams::new(uri);
        #[expect(deprecated, reason = "servers of before 2026-07-28 know nothing else")]
        if let Err(error) = self.peer().subscribe(params).await {
            return Err(self.failed(Asked::Resource(uri), &error).await);
        }
        subscribed.insert(uri.to_owned());
        Ok(())
    }

    fn does_not_tell(&self) -> ErrorReport {
        let reason = format!(
            "the MCP server `{}` does not tell when this resource changes",
            self.name()
        );
        ErrorReport::new(ErrorCode::HostCallInvalid).with("reason", reason)
    }
}
