//! A client's side of the wire, against the real loop.

use mycelium_protocol::control::SHELL_SESSION;
use mycelium_protocol::control::ServerHello;
use mycelium_runtime::Folders;
use mycelium_runtime::RuntimeOptions;
use mycelium_runtime::SkillRuntime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;
use tokio::task::JoinHandle;

use super::*;

/// A client and the daemon it talks to, which starts no process.
struct Scene {
    daemon: Arc<Daemon>,
    stream: UnixStream,
    served: JoinHandle<Result<(), ClientError>>,
    folder: tempfile::TempDir,
}

impl Scene {
    /// A client that has been welcomed.
    async fn welcomed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("no-program");
        let runtime = SkillRuntime::new(RuntimeOptions {
            program: program.clone(),
            folders: Folders::below(folder.path()),
            system_config: folder.path().join("no-file"),
        });
        let daemon = Arc::new(Daemon::new(
            runtime.unwrap(),
            &program,
            folder.path().join("state"),
        ));
        let (stream, theirs) = UnixStream::pair().unwrap();
        let served = tokio::spawn(serve(Arc::clone(&daemon), theirs));
        let mut scene = Self {
            daemon,
            stream,
            served,
            folder,
        };
        let hello = ClientHello {
            protocol: CONTROL_PROTOCOL,
            version: "1.0.0".to_owned(),
            build: String::new(),
            owned_session: None,
        };
        scene.send(&hello).await.unwrap();
        assert!(scene.receive::<ServerHello>().await.unwrap().accepting);
        scene
    }

    fn request(&self, id: u64, command: Value) -> Value {
        let root = self.folder.path();
        let context = json!({
            "workspace": root, "home": root, "session": SHELL_SESSION, "environment": {}, "offline": true,
        });
        json!({"id": id, "context": context, "command": command})
    }

    async fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut frame = Vec::new();
        encode_frame(message, &mut frame).unwrap();
        self.stream.write_all(&frame).await
    }

    /// The next message; nothing when the daemon has closed the connection.
    async fn receive<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut header = [0; 4];
        if self.stream.read_exact(&mut header).await.is_err() {
            return None;
        }
        let mut content = vec![0; u32::from_le_bytes(header) as usize];
        self.stream.read_exact(&mut content).await.unwrap();
        Some(serde_json::from_slice(&content).unwrap())
    }

    /// The next answer: its number, and the code if it is a failure.
    async fn answer(&mut self) -> Option<(u64, Option<ErrorCode>)> {
        loop {
            match self.receive().await? {
                ServerMessage::Event { .. } => {}
                ServerMessage::Reply { id, result } => {
                    return Some((id, result.err().map(|error| error.code)));
                }
            }
        }
    }
}

#[tokio::test]
async fn what_was_asked_before_the_daemon_stops_is_answered_and_nothing_is_taken_afterwards() {
    let mut scene = Scene::welcomed().await;
    let status = json!({"command": "status"});
    let (first, second) = (
        scene.request(1, status.clone()),
        scene.request(2, status.clone()),
    );
    scene.send(&first).await.unwrap();
    scene.send(&second).await.unwrap();
    scene.daemon.stop();
    assert_eq!(scene.answer().await, Some((1, None)));
    assert_eq!(scene.answer().await, Some((2, None)));
    assert_eq!(scene.answer().await, None);
    scene.served.await.unwrap().unwrap();
    let late = json!({"id": 3, "context": {}, "command": status});
    let mut frame = Vec::new();
    encode_frame(&late, &mut frame).unwrap();
    let error = scene.stream.write_all(&frame).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_request_that_panics_is_answered_and_the_next_one_works() {
    let mut scene = Scene::welcomed().await;
    let listener: mycelium_runtime::EventSink = Arc::new(|_| panic!("a listener's defect"));
    scene.daemon.runtime.add_listener(listener);
    let activate = json!({"command": "activate", "params": "skill-infrastructure-demo"});
    let request = scene.request(7, activate);
    scene.send(&request).await.unwrap();
    assert_eq!(scene.answer().await, Some((7, Some(ErrorCode::Internal))));
    let request = scene.request(8, json!({"command": "status"}));
    scene.send(&request).await.unwrap();
    assert_eq!(scene.answer().await, Some((8, None)));
    // Or it would write to the folder while that is removed.
    scene.daemon.runtime.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_understood_is_answered_if_it_has_a_number() {
    let mut scene = Scene::welcomed().await;
    let request = scene.request(1, json!({"command": "no-such-command"}));
    scene.send(&request).await.unwrap();
    assert_eq!(scene.answer().await, Some((1, Some(ErrorCode::Usage))));
    // Nested deeper than any reader of JSON follows.
    let text = scene.request(2, json!({"command": "list", "params": "HERE"}));
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let text = text.to_string().replace("\"HERE\"", &deep);
    let raw = serde_json::value::RawValue::from_string(text).unwrap();
    scene.send(&raw).await.unwrap();
    assert_eq!(scene.answer().await, Some((2, Some(ErrorCode::Usage))));
    scene.send(&json!(["no number"])).await.unwrap();
    assert_eq!(scene.answer().await, None);
    let ended = scene.served.await.unwrap();
    assert!(matches!(ended, Err(ClientError::Message(_))), "{ended:?}");
}
