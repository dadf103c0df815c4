//! Requests to the network, as the runtime sees them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_protocol::worker::BodyLength;
use mycelium_protocol::worker::EXCHANGE_WINDOW;
use mycelium_protocol::worker::ExchangeBody;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::ExchangeCredit;
use mycelium_protocol::worker::ExchangeEnd;
use mycelium_protocol::worker::ExchangeFailed;
use mycelium_protocol::worker::ExchangeFailure;
use mycelium_protocol::worker::ExchangeHead;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::MAX_EXCHANGES;
use mycelium_protocol::worker::OpenExchange;
use mycelium_protocol::worker::Request;
use serde_json::Value;
use serde_json::json;

use super::fixture::Fixture;
use super::fixture::value;

/// Evaluates what it is called with.
const EVALUATE: &str = "const AsyncFunction = (async () => {}).constructor;
    exports.run = (text) => new AsyncFunction('require', text)(require);";

fn start(text: &str) -> Fixture {
    let mut fixture = Fixture::skill(EVALUATE, &["run"]);
    let call = Fixture::call_request("run", &json!([text]));
    fixture.send(Request::Call(call));
    fixture
}

fn opened(fixture: &mut Fixture) -> OpenExchange {
    match fixture.receive_call() {
        ExchangeCall::Open(open) => open,
        other => panic!("{other:?}"),
    }
}

fn finish(mut fixture: Fixture) -> Value {
    let (_, result) = fixture.receive();
    let result = result.map_err(|error| error.message);
    let value = value(&result.unwrap());
    fixture.close();
    value
}

fn head(exchange: u32, status: u16) -> ExchangeReply {
    ExchangeReply::Head(ExchangeHead {
        exchange,
        minor_version: 1,
        status,
        reason: "Told".to_owned(),
        headers: vec![("X-A".to_owned(), "\u{e9}".to_owned())],
    })
}

fn body(exchange: u32, bytes: &[u8]) -> ExchangeReply {
    ExchangeReply::Body(ExchangeBody {
        exchange,
        data: BASE64_STANDARD.encode(bytes),
        last: false,
    })
}

fn end(exchange: u32) -> ExchangeReply {
    ExchangeReply::End(ExchangeEnd {
        exchange,
        trailers: Vec::new(),
    })
}

#[test]
fn a_fetch_is_an_exchange() {
    let mut fixture = start(
        "const r = await fetch('https://a.test:8443/p?q#f', { headers: { b: 'c' } });
         return [r.status, r.statusText, r.headers.get('x-a'), await r.text()]",
    );
    let open = opened(&mut fixture);
    assert!(open.secure);
    assert_eq!((open.host.as_str(), open.port), ("a.test", 8443));
    assert_eq!(
        (open.method.as_str(), open.target.as_str()),
        ("GET", "/p?q")
    );
    assert_eq!(
        open.headers[0],
        ("host".to_owned(), "a.test:8443".to_owned())
    );
    assert_eq!(open.headers[1], ("b".to_owned(), "c".to_owned()));
    assert_eq!(open.length, BodyLength::None);
    fixture.reply(&head(open.exchange, 200));
    fixture.reply(&body(open.exchange, b"ab"));
    fixture.reply(&body(open.exchange, b"c"));
    fixture.reply(&end(open.exchange));
    assert_eq!(finish(fixture), json!([200, "Told", "\u{e9}", "abc"]));
}

#[test]
fn no_more_is_sent_than_was_asked_for() {
    let mut fixture = start(
        "const r = await fetch('http://a.test/', { method: 'POST', body: new Uint8Array(600000) }); return r.status",
    );
    let open = opened(&mut fixture);
    assert_eq!(open.length, BodyLength::Bytes(600_000));
    let mut sent = 0;
    while sent < EXCHANGE_WINDOW as usize {
        sent += part(&mut fixture).0;
    }
    assert_eq!(sent, EXCHANGE_WINDOW as usize);
    // Nothing more until this, and then only this.
    for bytes in [10, 600_000] {
        fixture.reply(&ExchangeReply::Credit(ExchangeCredit {
            exchange: open.exchange,
            bytes,
        }));
        let (length, last) = part(&mut fixture);
        assert_eq!((length, last), ((bytes as usize).min(64 << 10), false));
        sent += length;
    }
    loop {
        let (length, last) = part(&mut fixture);
        sent += length;
        if last {
            break;
        }
    }
    assert_eq!(sent, 600_000);
    fixture.reply(&head(open.exchange, 201));
    fixture.reply(&end(open.exchange));
    assert_eq!(finish(fixture), json!(201));
}

/// The next part of a body: its length, and whether it is the last.
fn part(fixture: &mut Fixture) -> (usize, bool) {
    match fixture.receive_call() {
        ExchangeCall::Body(body) => (BASE64_STANDARD.decode(body.data).unwrap().len(), body.last),
        other => panic!("{other:?}"),
    }
}

#[test]
fn credit_is_given_for_what_is_used_and_not_for_what_arrives() {
    let mut fixture = start(
        "const r = await fetch('http://a.test/'); console.log('head');
         await new Promise((resolve) => setTimeout(resolve, 20));
         let length = 0; for await (const part of r.body) length += part.length; return length",
    );
    let open = opened(&mut fixture);
    fixture.reply(&head(open.exchange, 200));
    let mut granted = 0;
    let total = EXCHANGE_WINDOW * 3;
    let mut sent = 0;
    while sent < total {
        if sent - granted < EXCHANGE_WINDOW {
            fixture.reply(&body(open.exchange, &[0; 32 << 10]));
            sent += 32 << 10;
        } else {
            // The loop waits until the program has read something.
            match fixture.receive_call() {
                ExchangeCall::Credit(credit) => granted += credit.bytes,
                other => panic!("{other:?}"),
            }
        }
        assert!(granted <= sent);
    }
    fixture.reply(&end(open.exchange));
    loop {
        // What is left of the credit may still come.
        let frame = fixture.next_frame();
        if frame.id.is_some() {
            let result = frame.result.unwrap();
            assert_eq!(value(&result), json!(total));
            break;
        }
    }
    fixture.close();
}

#[test]
fn an_aborted_request_is_told_and_rejects_with_the_reason() {
    let mut fixture = start(
        "const c = new AbortController(); const p = fetch('http://a.test/', { signal: c.signal });
         setTimeout(() => c.abort(), 1); return p.catch((e) => [e.name, e.code])",
    );
    let open = opened(&mut fixture);
    match fixture.receive_call() {
        ExchangeCall::Abort(number) => assert_eq!(number.exchange, open.exchange),
        other => panic!("{other:?}"),
    }
    // Too late, and no harm.
    fixture.reply(&head(open.exchange, 200));
    assert_eq!(finish(fixture), json!(["AbortError", 20]));
}

#[test]
fn exchanges_beyond_the_most_wait_for_one_to_end() {
    let count = MAX_EXCHANGES + 1;
    let mut fixture = start(&format!(
        "const all = Array.from({{ length: {count} }}, (_, n) => fetch('http://a.test/' + n).then((r) => r.status));
         return (await Promise.all(all)).length"
    ));
    let numbers: Vec<_> = (0..MAX_EXCHANGES)
        .map(|_| opened(&mut fixture).exchange)
        .collect();
    fixture.reply(&head(numbers[0], 200));
    fixture.reply(&end(numbers[0]));
    let last = opened(&mut fixture);
    assert_eq!(last.target, format!("/{MAX_EXCHANGES}"));
    for number in numbers[1..].iter().copied().chain([last.exchange]) {
        fixture.reply(&head(number, 200));
        fixture.reply(&end(number));
    }
    assert_eq!(finish(fixture), json!(count));
}

#[test]
fn a_failure_is_the_error_that_node_would_give() {
    let text = "const told = (e) => [e.message, e.code, e.syscall ?? null];
         const viaFetch = await fetch('http://a.test:81/').catch((e) => [e.message, ...told(e.cause)]);
         const viaHttp = await new Promise((resolve) => require('http').get('http://a.test:81/').on('error', (e) => resolve(told(e))));
         return [viaFetch, viaHttp]";
    for (code, fetch, http) in [
        (
            ExchangeFailure::SecurityViolation,
            json!(["fetch failed", "the reason", "SECURITY_VIOLATION", null]),
            json!(["the reason", "SECURITY_VIOLATION", null]),
        ),
        (
            ExchangeFailure::NameNotFound,
            json!([
                "fetch failed",
                "getaddrinfo ENOTFOUND a.test",
                "ENOTFOUND",
                "getaddrinfo"
            ]),
            json!(["getaddrinfo ENOTFOUND a.test", "ENOTFOUND", "getaddrinfo"]),
        ),
        (
            ExchangeFailure::ConnectionRefused,
            json!([
                "fetch failed",
                "connect ECONNREFUSED a.test:81",
                "ECONNREFUSED",
                "connect"
            ]),
            json!(["connect ECONNREFUSED a.test:81", "ECONNREFUSED", "connect"]),
        ),
        (
            ExchangeFailure::HungUp,
            json!(["fetch failed", "other side closed", "UND_ERR_SOCKET", null]),
            json!(["socket hang up", "ECONNRESET", null]),
        ),
        (
            ExchangeFailure::HeadTooLarge,
            json!([
                "fetch failed",
                "Headers Overflow Error",
                "UND_ERR_HEADERS_OVERFLOW",
                null
            ]),
            json!(["the reason", "HPE_HEADER_OVERFLOW", null]),
        ),
    ] {
        let mut fixture = start(text);
        for _ in 0..2 {
            let open = opened(&mut fixture);
            fixture.reply(&ExchangeReply::Failed(ExchangeFailed {
                exchange: open.exchange,
                code,
                message: "the reason".to_owned(),
                host: "a.test".to_owned(),
                port: 81,
            }));
        }
        assert_eq!(finish(fixture), json!([fetch, http]), "{code:?}");
    }
}
