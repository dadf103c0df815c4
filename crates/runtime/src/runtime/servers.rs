//! What a runtime does with other MCP servers: uses them, takes the skills they offer, and makes skills of them.

use mycelium_protocol::control::OfferDetails;
use mycelium_protocol::control::OfferOutcome;
use mycelium_protocol::control::OfferReport;
use mycelium_protocol::control::OfferRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerDescription;
use mycelium_protocol::control::ServersReport;
use mycelium_protocol::control::ToolReport;
use mycelium_protocol::control::ToolRequest;
use mycelium_protocol::control::UnwrapReport;
use mycelium_protocol::control::WrapReport;
use mycelium_protocol::control::WrapRequest;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use serde_json::Value;

use super::SkillRuntime;
use crate::EventSink;

impl SkillRuntime {
    /// The other MCP servers that a person has here. Asks none of them.
    ///
    /// # Errors
    /// When the configuration is invalid. A file that cannot be understood is part of the report.
    pub async fn servers(&self, context: &RequestContext) -> Result<ServersReport, ErrorReport> {
        self.inner.list_servers(context).await
    }

    /// What an MCP server says of itself, its tools and resources included. Starts it where that is needed.
    ///
    /// # Errors
    /// When there is no such server, it may not be started, or it does not answer as it should.
    pub async fn server(
        &self,
        context: &RequestContext,
        server: &str,
    ) -> Result<ServerDescription, ErrorReport> {
        self.inner.describe_server(context, server).await
    }

    /// Calls a tool of an MCP server.
    ///
    /// # Errors
    /// As [`Self::server`]; also when the arguments do not fit the tool's schema, or the tool fails.
    pub async fn call_tool(
        &self,
        context: &RequestContext,
        request: ToolRequest,
    ) -> Result<ToolReport, ErrorReport> {
        self.inner.call_tool(context, request).await
    }

    /// Reads a resource of an MCP server.
    ///
    /// # Errors
    /// As [`Self::server`]; also when there is no such resource.
    pub async fn read_resource(
        &self,
        context: &RequestContext,
        server: &str,
        uri: String,
    ) -> Result<Vec<Value>, ErrorReport> {
        self.inner.read_resource(context, server, uri).await
    }

    /// The skills that an MCP server offers. None of their files is read.
    ///
    /// # Errors
    /// As [`Self::server`].
    pub async fn offers(
        &self,
        context: &RequestContext,
        server: &str,
    ) -> Result<OfferReport, ErrorReport> {
        self.inner.offers(context, server).await
    }

    /// Looks into a skill that an MCP server offers: reads its instructions, and checks them.
    ///
    /// # Errors
    /// As [`Self::server`]; also when there is no such skill, or the server gives another text than it lists.
    pub async fn offer(
        &self,
        context: &RequestContext,
        server: &str,
        skill: &str,
    ) -> Result<OfferDetails, ErrorReport> {
        self.inner.offer(context, server, skill).await
    }

    /// Installs a skill that an MCP server offers, if it is the one that was approved, or removes it.
    ///
    /// # Errors
    /// As [`Self::offer`]; also when it is another one than was approved, and when it cannot be stored.
    pub async fn take_offer(
        &self,
        context: &RequestContext,
        request: OfferRequest,
    ) -> Result<OfferOutcome, ErrorReport> {
        self.inner.take_offer(context, request).await
    }

    /// Makes a skill of a server of MCP that somebody else wrote: starts it once in the sandbox, with what the request
    /// grants it, and pins what it offers. One of the same name is replaced.
    ///
    /// # Errors
    /// When the server is not installed, or does not start or keep to the protocol in the sandbox.
    pub async fn wrap(
        &self,
        context: &RequestContext,
        request: WrapRequest,
        events: &EventSink,
    ) -> Result<WrapReport, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.wrap(context, request, &events).await
    }

    /// Forgets a skill that was made of a server, and ends what runs of it. Its data stays.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn unwrap(
        &self,
        context: &RequestContext,
        name: SkillName,
        events: &EventSink,
    ) -> Result<UnwrapReport, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.unwrap(context, name, &events).await
    }
}
