//! Bytes that are passed on as they are.

use tokio::io::AsyncWriteExt;
use tokio::io::copy_bidirectional;

use crate::Connection;
use crate::serve::Door;
use crate::serve::client::Client;

impl Door {
    /// Passes on what the client has said and `greeting`, which is the host's, and then everything, until
    /// both have ended.
    pub(super) async fn tunnel(
        &self,
        mut client: Client,
        mut upstream: Connection,
        greeting: &[u8],
    ) {
        let passed = async {
            client.stream.write_all(greeting).await?;
            upstream
                .write_all(&std::mem::take(&mut client.buffer))
                .await?;
            copy_bidirectional(&mut client.stream, &mut upstream).await
        };
        if let Err(error) = passed.await {
            upstream.fail(error);
        }
    }
}
