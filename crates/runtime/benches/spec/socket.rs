//! The daemon's control socket, without the command line before it.

use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mycelium_protocol::FrameDecoder;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::control::CONTROL_PROTOCOL;
use mycelium_protocol::control::ClientHello;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Request;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerHello;
use mycelium_protocol::control::ServerMessage;
use mycelium_protocol::encode_frame;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;
use crate::scene::Scene;

/// A connection to a daemon that runs.
pub(crate) struct Socket {
    stream: UnixStream,
    decoder: FrameDecoder,
    context: RequestContext,
    last_id: u64,
}

impl Socket {
    /// Connects to the scene's daemon, for requests about `workspace`.
    pub(crate) fn open(scene: &Scene, workspace: &Path) -> Outcome<Self> {
        let runtime_folder = &scene.environment()["XDG_RUNTIME_DIR"];
        let mut socket = Self {
            stream: UnixStream::connect(runtime_folder.join("mycelium/daemon.sock"))?,
            decoder: FrameDecoder::new(MAX_FRAME),
            context: RequestContext {
                workspace: workspace.to_owned(),
                ..scene.context()
            },
            last_id: 0,
        };
        socket.send(&ClientHello {
            protocol: CONTROL_PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: String::new(),
            owned_session: None,
        })?;
        let _: ServerHello = socket.receive()?;
        Ok(socket)
    }

    /// Asks for something, and waits until it is done.
    pub(crate) fn ask(&mut self, command: Command) -> Outcome<()> {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&Request {
            id,
            context: self.context.clone(),
            command,
        })?;
        loop {
            match self.receive()? {
                ServerMessage::Reply { id: about, result } if about == id => {
                    result?;
                    return Ok(());
                }
                ServerMessage::Event { .. } | ServerMessage::Reply { .. } => {}
            }
        }
    }

    fn send(&mut self, message: &impl Serialize) -> Outcome<()> {
        let mut bytes = Vec::new();
        encode_frame(message, &mut bytes)?;
        Ok(self.stream.write_all(&bytes)?)
    }

    fn receive<T: DeserializeOwned>(&mut self) -> Outcome<T> {
        let mut buffer = [0; 1 << 14];
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(serde_json::from_slice(frame)?);
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err("the daemon has ended".into()),
                count => self.decoder.push(&buffer[..count]),
            }
        }
    }
}
