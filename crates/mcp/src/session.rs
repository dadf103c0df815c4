//! One agent's connection: as long as it lasts, so does its session.

use std::io;
use std::pin::pin;

use mycelium_protocol::control::RequestContext;
use rmcp::ServiceExt as _;
use rmcp::service::QuitReason;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;

use crate::server::SkillServer;
use crate::tools::AgentTools;

/// The longest message an agent may send, in bytes.
const MAX_MESSAGE: usize = 16 << 20;

/// Speaks MCP, one JSON message a line, until the agent goes away. Both the stateless revision and the
/// ones with a handshake are spoken, as the agent begins.
///
/// The session of `context` is the agent's; ending its instances afterwards is the caller's business.
/// When `stop` is done, the calls that run are finished, and the connection is closed.
///
/// # Errors
/// When the connection fails, or the agent does not speak MCP.
pub async fn serve(
    tools: AgentTools,
    context: RequestContext,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let transport = AsyncRwTransport::new(read, write).with_max_line_length(MAX_MESSAGE);
    let server = SkillServer::new(tools, context);
    let mut stopped = pin!(async {
        stop.await;
        server.idle().await;
    });
    let service = tokio::select! {
        service = server.clone().serve(transport) => service.map_err(io::Error::other)?,
        () = &mut stopped => return Ok(()),
    };
    let end = service.cancellation_token();
    let mut ended = pin!(service.waiting());
    let reason = tokio::select! {
        reason = &mut ended => reason,
        () = &mut stopped => {
            end.cancel();
            ended.await
        }
    };
    match reason.map_err(io::Error::other)? {
        QuitReason::JoinError(error) => Err(io::Error::other(error)),
        reason => {
            tracing::debug!(?reason, "an agent's connection ended");
            Ok(())
        }
    }
}
