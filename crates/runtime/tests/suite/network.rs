//! The network of the embedded engine: real workers, a host on this machine, and Node.js for comparison.

mod host;
mod tables;

use std::time::Duration;

use mycelium_protocol::Event;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

use self::host::Host;
use super::world::World;

/// A world with a skill that evaluates what it is given and may use the network as `permissions` say.
async fn world(permissions: Value) -> World {
    let world = World::new();
    add_client(&world, permissions).await;
    world
}

async fn add_client(world: &World, permissions: Value) {
    let permissions = if permissions.is_null() {
        json!([])
    } else {
        json!([permissions])
    };
    world.skill(
        "client",
        json!({"exports": ["run"], "permissions": permissions}),
        "const AsyncFunction = (async () => {}).constructor;
         exports.run = (text, ...args) => new AsyncFunction('require', 'args', text)(require, args);",
    );
    world.trust("client").await;
}

fn network(hosts: &[String]) -> Value {
    json!({"type": "network", "hosts": hosts})
}

fn violations(world: &World) -> Vec<Violation> {
    let heard = world.heard().into_iter();
    heard
        .filter_map(|event| match event {
            Event::Violation(violation) => Some(violation),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_ends_with_its_skill() {
    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let world = world(network(std::slice::from_ref(&place))).await;
    // The beginning of an answer that never ends, and whether anything more is heard of whoever asked.
    let mut server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        let length = stream.read(&mut head).await.unwrap();
        assert!(length > 0);
        let begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        stream.write_all(begun).await.unwrap();
        matches!(stream.read(&mut head).await, Ok(0) | Err(_))
    });
    let read = "globalThis.reader = (await fetch(args[0])).body.getReader();
                return new TextDecoder().decode((await reader.read()).value)";
    let url = format!("http://{place}/");
    let begun = world.value("client", "run", json!([read, url])).await;
    assert_eq!(begun, json!("hello"));
    let still = tokio::time::timeout(Duration::from_millis(300), &mut server).await;
    assert!(still.is_err(), "the connection ended with the call");
    let (context, name) = (world.context("shell"), "client".parse().unwrap());
    let unloaded = world.runtime.unload(&context, &name, &world.events()).await;
    assert!(unloaded.unwrap().changed);
    let ended = tokio::time::timeout(Duration::from_secs(120), server).await;
    assert!(ended.unwrap().unwrap(), "it sent more");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_on_record_or_counted_there() {
    let world = world(network(&["granted.test".to_owned()])).await;
    let ask =
        "for (let i = 0; i < args[0]; i++) { try { await fetch('http://other.test/') } catch {} }
               return args[0]";
    let mut made = 0;
    // After the flood, one at a time: the first that is on record again has the number of those that are not.
    for count in std::iter::once(390).chain(std::iter::repeat_n(1, 200)) {
        let value = world.value("client", "run", json!([ask, count])).await;
        assert_eq!(value, json!(count));
        made += count;
        let entries = world.entries("request");
        let counts = entries.iter().map(|entry| &entry.detail["omitted"]);
        let recorded: u64 = counts.map(|count| 1 + count.as_u64().unwrap_or(0)).sum();
        if count == 1 && recorded == made {
            world.runtime.shutdown().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("some of {made} requests are not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_host_is_reached_and_another_one_is_not() {
    let host = Host::start();
    let other = Host::start();
    let world = world(network(&[host.place()])).await;
    let get = "return (await fetch(args[0])).status";
    let args = |url: String| json!([get, url]);
    let granted = format!("{}/status/201", host.url());
    assert_eq!(
        world.value("client", "run", args(granted)).await,
        json!(201)
    );
    assert!(violations(&world).is_empty());

    let report = world
        .exec("shell", "client", "run", args(other.url()))
        .await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SecurityViolation);
    assert_eq!(error.context["operation"], "connect");
    assert_eq!(error.context["path"], other.place());
    let found = violations(&world);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].operation, Operation::Connect);
    assert_eq!(found[0].attempted, format!("GET {}", other.place()));
    assert_eq!(found[0].allowed, [host.place()]);
    assert_eq!(
        serde_json::to_value(&found[0].permission).unwrap(),
        network(&[other.place()])
    );
    assert!(other.seen().is_empty());

    // Who gets over a refusal has not failed.
    let caught =
        "return fetch(args[0]).catch((e) => [e.name, e.message, e.cause.code, e.cause.message])";
    let told = world
        .value("client", "run", json!([caught, other.url()]))
        .await;
    assert_eq!(told[0], "TypeError");
    assert_eq!(told[2], "SECURITY_VIOLATION");
    assert!(told[3].as_str().unwrap().contains(&other.place()), "{told}");
    let http = "return new Promise((resolve) => require('http').get(args[0]).on('error', (e) => resolve(e.code)))";
    let told = world
        .value("client", "run", json!([http, other.url()]))
        .await;
    assert_eq!(told, "SECURITY_VIOLATION");
    assert_eq!(violations(&world).len(), 2);
    world.runtime.shutdown().await;
}

/// The worker's own network would be a namespace; what it asks the runtime for needs none.
#[tokio::test(flavor = "multi_thread")]
async fn without_namespaces_a_granted_host_is_reached_and_another_one_is_not() {
    let host = Host::start();
    let other = Host::start();
    let world = World::without_namespaces();
    world.configure_person(&json!({"security": {"requiredRung": "reduced"}}));
    add_client(&world, network(&[host.place()])).await;
    let get = "return (await fetch(args[0])).status";
    let granted = json!([get, format!("{}/status/201", host.url())]);
    assert_eq!(world.value("client", "run", granted).await, json!(201));
    let made = world.heard().into_iter().find_map(|event| match event {
        Event::SandboxCreated { notes, .. } => Some(notes.join("\n")),
        _ => None,
    });
    assert!(made.unwrap().contains("no namespaces: "));
    let code = world.code("client", "run", json!([get, other.url()])).await;
    assert_eq!(code, ErrorCode::SecurityViolation);
    assert_eq!(violations(&world).len(), 1);
    assert!(other.seen().is_empty());
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_without_the_permission_reaches_nothing() {
    let host = Host::start();
    let world = world(Value::Null).await;
    for text in [
        "return (await fetch(args[0])).status",
        "await new Promise((resolve, reject) => require('http').get(args[0], resolve).on('error', reject))",
        "await new Promise((resolve, reject) => require('https').get(args[0].replace('http:', 'https:'), resolve).on('error', reject))",
    ] {
        let code = world.code("client", "run", json!([text, host.url()])).await;
        assert_eq!(code, ErrorCode::SecurityViolation, "{text}");
    }
    assert!(host.seen().is_empty());
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_redirect_is_judged_for_itself() {
    let host = Host::start();
    let other = Host::start();
    let world = world(network(&[host.place()])).await;
    let url = format!("{}/redirect/302?{}/echo", host.url(), other.url());
    let get = "return (await fetch(args[0])).status";
    let code = world.code("client", "run", json!([get, url])).await;
    assert_eq!(code, ErrorCode::SecurityViolation);
    assert_eq!(host.seen().len(), 1);
    assert!(other.seen().is_empty());
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_names_are_limited() {
    let host = Host::start();
    let world =
        world(json!({"type": "network", "hosts": [host.place()], "methods": ["GET"]})).await;
    let post = "return (await fetch(args[0], { method: 'POST', body: 'x' })).status";
    let code = world.code("client", "run", json!([post, host.url()])).await;
    assert_eq!(code, ErrorCode::SecurityViolation);
    let permission = serde_json::to_value(&violations(&world)[0].permission).unwrap();
    assert_eq!(permission["methods"], json!(["GET", "POST"]));

    // A name that leads to this machine needs the name, and a request must be for the host it is sent to.
    let named = format!("http://localhost:{}/", host.port());
    let get = "return (await fetch(args[0])).status";
    let code = world.code("client", "run", json!([get, named])).await;
    assert_eq!(code, ErrorCode::SecurityViolation);
    let fronted = "await new Promise((resolve, reject) => require('http').get(args[0], { headers: { host: 'other.test' } }, resolve).on('error', reject))";
    let code = world
        .code("client", "run", json!([fronted, host.url()]))
        .await;
    assert_eq!(code, ErrorCode::SecurityViolation);
    assert!(host.seen().is_empty());
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_larger_than_every_buffer_pass_both_ways() {
    let host = Host::start();
    let world = world(network(&[host.place()])).await;
    let megabytes = 6;
    let upload = "let left = args[1] * 16;
        const body = new ReadableStream({ pull(c) { if (left-- > 0) c.enqueue(new Uint8Array(65536)); else c.close(); } });
        return Number(await (await fetch(args[0] + '/count', { method: 'POST', duplex: 'half', body })).text())";
    let sent = world
        .value("client", "run", json!([upload, host.url(), megabytes]))
        .await;
    assert_eq!(sent, json!(megabytes << 20));
    let download = "const { body } = await fetch(args[0] + '/bytes/' + args[1]);
        let got = 0; for await (const part of body) got += part.length; return got";
    let got = world
        .value(
            "client",
            "run",
            json!([download, host.url(), megabytes << 20]),
        )
        .await;
    assert_eq!(got, json!(megabytes << 20));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_than_exchanges_wait_their_turn() {
    let host = Host::start();
    let world = world(network(&[host.place()])).await;
    let text = "const all = Array.from({ length: 150 }, (_, n) => fetch(args[0] + '/echo?' + n).then((r) => r.json()));
        return (await Promise.all(all)).filter(({ target }, n) => target === '/echo?' + n).length";
    let answered = world
        .value("client", "run", json!([text, host.url()]))
        .await;
    assert_eq!(answered, json!(150));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_waits_for_ends_with_its_skill() {
    let host = Host::start();
    let world = world(network(&[host.place()])).await;
    let text =
        "const { body } = await fetch(args[0] + '/endless'); globalThis.reader = body.getReader();
        return (await reader.read()).value.length > 0";
    assert_eq!(
        world
            .value("client", "run", json!([text, host.url()]))
            .await,
        json!(true)
    );
    // A later call goes on where the first one stopped.
    let more = "return (await reader.read()).value.length > 0";
    assert_eq!(
        world.value("client", "run", json!([more])).await,
        json!(true)
    );
    world.runtime.end_session("shell").await;
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_and_sockets_name_the_engine_that_has_them() {
    let world = world(Value::Null).await;
    // Each in a session of its own: the breaker counts failures.
    for (index, use_of) in [
        "require('http').createServer()",
        "new (require('https').Server)()",
        "require('net').connect(1)",
    ]
    .into_iter()
    .enumerate()
    {
        let session = index.to_string();
        let report = world.exec(&session, "client", "run", json!([use_of])).await;
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SkillExecutionError, "{error:?}");
        assert_eq!(error.context["error_code"], "ERR_UNSUPPORTED_BY_ENGINE");
        assert!(error.context["reason"].contains("\"engine\": \"node\""));
    }
    world.runtime.shutdown().await;
}
