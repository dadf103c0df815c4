//! MCP servers in the hands of skills: what they are granted, and nothing else.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use mycelium_protocol::control::OfferedFile;
use mycelium_protocol::control::OfferedSkill;
use mycelium_protocol::control::ServerDescription;
use mycelium_protocol::control::ServerState;
use mycelium_protocol::control::ServerTool;
use mycelium_runtime::ServerClient;
use mycelium_runtime::ServerFuture;
use mycelium_runtime::ServerTarget;
use mycelium_runtime::ToolCall;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::Value;
use serde_json::json;

use super::last_use::last_uses;
use super::world::World;

/// Servers that say what they were asked; nothing is started.
#[derive(Default)]
pub(crate) struct Parrots(pub(crate) Mutex<Vec<String>>);

impl ServerClient for Parrots {
    fn state(&self, _: &ServerTarget) -> ServerState {
        ServerState::Idle
    }

    fn describe(&self, target: ServerTarget) -> ServerFuture<'_, ServerDescription> {
        let tool = |name: &str| ServerTool {
            name: name.to_owned(),
            description: None,
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: None,
        };
        Box::pin(async move {
            Ok(ServerDescription {
                server: target.name,
                tools: vec![tool("say"), tool("bite")],
                resources: vec![json!({"uri": "parrot://cage"})],
                ..ServerDescription::default()
            })
        })
    }

    fn call(&self, target: ServerTarget, call: ToolCall) -> ServerFuture<'_, Value> {
        let heard = format!(
            "{}/{} {}",
            target.name,
            call.tool,
            Value::Object(call.arguments)
        );
        self.0.lock().unwrap().push(heard);
        Box::pin(async move {
            match call.tool.as_str() {
                "say" => Ok(json!({"content": [{"type": "text", "text": "hello"}]})),
                _ => Err(ErrorReport::new(ErrorCode::ToolFailed)
                    .with("server", target.name)
                    .with("tool", call.tool)
                    .with("reason", "it hurt")),
            }
        })
    }

    fn read(&self, _: ServerTarget, uri: String) -> ServerFuture<'_, Vec<Value>> {
        Box::pin(async move { Ok(vec![json!({"uri": uri, "text": "seeds"})]) })
    }

    fn templates(&self, _: ServerTarget) -> ServerFuture<'_, Vec<Value>> {
        Box::pin(async { Ok(vec![json!({"uriTemplate": "parrot://{place}"})]) })
    }

    fn changed(&self, _: ServerTarget, uri: String, wait: Duration) -> ServerFuture<'_, bool> {
        Box::pin(async move { Ok(uri == "parrot://cage" && wait > Duration::ZERO) })
    }

    fn skills(&self, _: ServerTarget) -> ServerFuture<'_, Vec<OfferedSkill>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn skill_file(&self, _: ServerTarget, file: OfferedFile) -> ServerFuture<'_, Vec<u8>> {
        Box::pin(async { Ok(file.path.into_bytes()) })
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

const KEEPER: &str = "const { mcp } = require('mycelium');
    const tried = async (work) => { try { return await work(); } catch (error) { return error.code; } };
    exports.look = async () => [
      await mcp.servers(), (await mcp.tools('polly')).map((tool) => tool.name),
      await mcp.resources('polly'), await mcp.read('polly', 'parrot://cage'),
      await mcp.templates('polly'),
      await mcp.changed('polly', 'parrot://cage'), await mcp.changed('polly', 'parrot://tree', { seconds: 1 }),
    ];
    exports.call = (server, tool, args) => tried(() => mcp.call(server, tool, args));
    exports.relay = async () => {
      const said = await mcp.call('polly', 'say');
      return mcp.call('coco', 'say', { text: said.content[0].text });
    };";

fn keeper(permissions: Value) -> Value {
    json!({"exports": ["look", "call", "relay"], "permissions": permissions})
}

pub(crate) fn world() -> (World, Arc<Parrots>) {
    let world = World::new();
    let parrots = Arc::<Parrots>::default();
    world.runtime.use_servers(parrots.clone());
    let entry = json!({"command": "parrot"});
    let servers = json!({"mcpServers": {"polly": entry, "coco": entry, "ara": entry}});
    let home = world.context("shell").home;
    fs_err::write(home.join(".claude.json"), servers.to_string()).unwrap();
    (world, parrots)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_uses_the_tools_it_is_granted_and_no_others() {
    let (world, parrots) = world();
    let permissions = json!([
        {"type": "mcp", "servers": ["polly"], "tools": ["say"]},
        {"type": "mcp", "servers": ["coco", "gone"]},
    ]);
    world.skill("keeper", keeper(permissions), KEEPER);
    world.trust_workspace().await;
    let unanswered = world.code("keeper", "look", json!([])).await;
    assert_eq!(unanswered, ErrorCode::PermissionRequired);
    world.trust("keeper").await;
    assert_eq!(
        world.value("keeper", "look", json!([])).await,
        json!([
            [{"name": "coco", "state": "idle"}, {"name": "polly", "state": "idle"}],
            ["say"],
            [{"uri": "parrot://cage"}],
            [{"uri": "parrot://cage", "text": "seeds"}],
            [{"uriTemplate": "parrot://{place}"}],
            true,
            false,
        ])
    );
    // What one server says goes to another.
    world.value("keeper", "relay", json!([])).await;
    for (server, tool, expected) in [
        ("polly", "bite", "SECURITY_VIOLATION"),
        ("ara", "say", "SECURITY_VIOLATION"),
        ("coco", "bite", "MCP_TOOL_FAILED"),
        ("gone", "say", "MCP_SERVER_NOT_FOUND"),
    ] {
        let outcome = world
            .value("keeper", "call", json!([server, tool, {}]))
            .await;
        assert_eq!(outcome, json!(expected), "{server} {tool}");
    }
    assert_eq!(
        *parrots.0.lock().unwrap(),
        [
            "polly/say {}",
            "coco/say {\"text\":\"hello\"}",
            "coco/bite {}"
        ],
        "a server hears nothing of what was refused"
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_s_own_servers_are_as_trusted_as_the_project() {
    let (world, parrots) = world();
    let servers = json!({"mcpServers": {
        "polly": {"command": "cuckoo"}, "wild": {"command": "parrot"},
    }});
    fs_err::write(world.workspace().join(".mcp.json"), servers.to_string()).unwrap();
    let permissions = json!([{"type": "mcp", "servers": ["polly", "wild"]}]);
    world.skill("keeper", keeper(permissions), KEEPER);
    world.trust("keeper").await;
    let wild = json!(["wild", "say", {}]);
    assert_eq!(
        world.value("keeper", "call", wild.clone()).await,
        json!("MCP_SERVER_DENIED")
    );
    // The person's own goes before the project's of the same name.
    let report = world
        .runtime
        .servers(&world.context("shell"))
        .await
        .unwrap();
    let polly = report.servers.iter().find(|server| server.name == "polly");
    assert_eq!(polly.unwrap().target, "parrot");
    world.trust_workspace().await;
    assert!(world.value("keeper", "call", wild).await.is_object());
    assert_eq!(*parrots.0.lock().unwrap(), ["wild/say {}"]);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_of_a_permission_is_told_and_names_have_a_limit() {
    let (world, parrots) = world();
    let permissions = json!([
        {"type": "mcp", "servers": ["polly"]},
        {"type": "mcp", "servers": ["coco"]},
    ]);
    world.skill("keeper", keeper(permissions), KEEPER);
    world.trust("keeper").await;
    let refused = world
        .value("keeper", "call", json!(["ara", "say", {}]))
        .await;
    assert_eq!(refused, json!("SECURITY_VIOLATION"));
    assert_eq!(last_uses(&world.info("keeper").await), [false, false]);
    world
        .value("keeper", "call", json!(["polly", "say", {}]))
        .await;
    assert_eq!(last_uses(&world.info("keeper").await), [true, false]);
    for (server, tool) in [
        ("x".repeat(257), "say".to_owned()),
        ("polly".to_owned(), "x".repeat(257)),
    ] {
        let outcome = world
            .value("keeper", "call", json!([server, tool, {}]))
            .await;
        assert_eq!(outcome, json!("HOST_CALL_INVALID"));
    }
    assert_eq!(*parrots.0.lock().unwrap(), ["polly/say {}"]);
    world.runtime.shutdown().await;
}
