//! Requests that are read one way only, and those that are not passed on.

use proptest::prelude::*;

use super::*;
use crate::Method;
use crate::opening::Opening;
use crate::secrets::Revealed;

#[path = "../../../../fuzz/mutation.rs"]
mod mutation;

fn read(text: &str) -> Result<Option<(RequestHead, usize)>, BadHead> {
    request(text.as_bytes())
}

fn head(text: &str) -> RequestHead {
    read(text).unwrap().unwrap().0
}

#[test]
fn a_request_is_written_anew_for_the_host_it_was_checked_for() {
    let text = "POST /a?b HTTP/1.1\r\nhost: Evil.test\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\
                Keep-Alive: 5\r\nUpgrade: h2c\r\nTE: trailers\r\nProxy-Authorization: x\r\n\
                Content-Length: 3\r\nX-Kept: yes\r\n\r\nabc";
    let (head, length) = read(text).unwrap().unwrap();
    assert_eq!(length, text.len() - 3);
    let bytes = head.to_bytes(
        &"api.test".parse().unwrap(),
        Some(8080),
        &Revealed::default(),
    );
    assert_eq!(
        String::from_utf8(bytes.to_vec()).unwrap(),
        "POST /a?b HTTP/1.1\r\nHost: api.test:8080\r\nConnection: close\r\n\
         Content-Length: 3\r\nX-Kept: yes\r\n\r\n"
    );
    assert_eq!(head.host, Some(("evil.test".parse().unwrap(), None)));
    assert_eq!(head.body, Body::Length(3));
}

#[test]
fn what_says_how_long_a_request_is_cannot_be_named_away() {
    let head = head(
        "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: Content-Length\r\nContent-Length: 3\r\n\r\n",
    );
    let bytes = head.to_bytes(&"a.test".parse().unwrap(), None, &Revealed::default());
    assert!(
        String::from_utf8(bytes.to_vec())
            .unwrap()
            .contains("Content-Length: 3")
    );
}

#[test]
fn targets_are_paths_or_for_proxies() {
    let target =
        |line: &str| read(&format!("{line} HTTP/1.1\r\n\r\n")).map(|head| head.unwrap().0.target);
    let address = |host: &str, port, path: &str| {
        Ok(Target::Address {
            host: host.parse().unwrap(),
            port,
            path: path.to_owned(),
        })
    };
    assert_eq!(target("GET /x"), Ok(Target::Path("/x".to_owned())));
    assert_eq!(target("GET http://A.test"), address("a.test", 80, "/"));
    assert_eq!(
        target("GET HTTP://a.test:81/x?y"),
        address("a.test", 81, "/x?y")
    );
    assert_eq!(
        target("GET http://[::1]:81?y#z"),
        address("[::1]", 81, "/?y")
    );
    assert_eq!(
        target("CONNECT a.test:443"),
        Ok(Target::Connect {
            host: "a.test".parse().unwrap(),
            port: 443
        })
    );
    assert_eq!(target("OPTIONS *"), Ok(Target::Server));
    for line in [
        "GET *",
        "GET a.test",
        "GET https://a.test/",
        "GET http://user@a.test/",
        "GET http://a.test:0/",
        "GET http://a.test:+80/",
        "GET http://0x7f.1/",
        "CONNECT a.test",
        "CONNECT /",
        "CONNECT ::1:443",
    ] {
        assert!(target(line).is_err(), "{line}");
    }
}

#[test]
fn requests_that_two_programs_could_read_differently_are_refused() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: 0x3",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999",
        "Content-Length:",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\r\n chunked",
        "Host: b.test",
        "X: a\rHost: b.test",
        "X: a\nContent-Length: 3",
        "Host : b.test",
        " X: folded",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n\r\n");
        let outcome = read(&text);
        assert!(
            matches!(outcome, Err(BadHead::Ambiguous(_))),
            "{fields:?} {outcome:?}"
        );
    }
    for text in [
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test b.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    ] {
        assert!(read(text).is_err(), "{text:?}");
    }
}

#[test]
fn another_protocol_is_refused_but_for_an_offer_that_may_be_ignored() {
    let ask = |protocol: &str| {
        read(&format!(
            "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
        ))
    };
    assert_eq!(
        ask("websocket"),
        Err(BadHead::Upgrade("websocket".to_owned()))
    );
    assert!(ask("h2c, websocket").is_err());
    assert!(ask("h2c").is_ok());
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(40 << 10));
    assert!(read(&long).is_err());
    let many = format!("GET / HTTP/1.1\r\n{}", "X: a\r\n".repeat(129));
    assert!(read(&many).is_err());
}

/// The body's bytes in pieces of `size`, and how many of them are the body's.
fn passed(mut body: Body, bytes: &[u8], size: usize) -> Result<(usize, bool), BadHead> {
    let mut all = 0;
    for piece in bytes.chunks(size) {
        let passed = body.advance(piece)?;
        all += passed;
        if passed < piece.len() {
            break;
        }
    }
    Ok((all, body.is_done()))
}

fn chunked() -> Body {
    head("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n").body
}

#[test]
fn chunks_end_where_they_say_however_they_are_cut() {
    let body = "5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: a\r\n\r\n";
    let after = format!("{body}GET /smuggled HTTP/1.1\r\n");
    for size in 1..after.len() {
        assert_eq!(
            passed(chunked(), after.as_bytes(), size),
            Ok((body.len(), true)),
            "{size}"
        );
    }
    for end in 0..body.len() {
        assert_eq!(
            passed(chunked(), &body.as_bytes()[..end], 7),
            Ok((end, false))
        );
    }
}

#[test]
fn chunks_that_two_programs_could_read_differently_are_refused() {
    let endless = format!("1{}", ";x".repeat(200));
    let long_trailer = format!("0\r\n{}", "A: b\r\n".repeat(2000));
    for body in [
        "5\nhello\r\n",
        "5\r\nhelloX\r\n",
        "5\r\nhello\n",
        "+5\r\n",
        "0x5\r\n",
        "-1\r\n",
        " 5\r\n",
        "\r\n",
        ";\r\n",
        "5\rX\r\n",
        "ffffffffffffffff\r\n",
        "0\r\nA: b\n\r\n",
        &endless,
        &long_trailer,
    ] {
        for size in [1, 1000] {
            let outcome = passed(chunked(), body.as_bytes(), size);
            assert!(outcome.is_err(), "{body:?} {outcome:?}");
        }
    }
}

#[test]
fn an_answer_ends_where_it_says_and_so_does_its_connection() {
    let get: Method = "GET".parse().unwrap();
    let read =
        |text: &str, method: &Method| answer(text.as_bytes(), method).map(|head| head.unwrap().0);
    let one = read(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nContent-Length: 2\r\n\r\nab",
        &get,
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(one.bytes).unwrap(),
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    );
    assert_eq!((one.status, one.body), (200, Body::Length(2)));
    let body = |text: &str, method: &Method| read(text, method).map(|head| head.body);
    assert_eq!(body("HTTP/1.0 200 OK\r\n\r\n", &get), Ok(Body::UntilEnd));
    let head_method = "HEAD".parse().unwrap();
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(body(long, &head_method), Ok(Body::Length(0)));
    assert_eq!(
        body("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", &get),
        Ok(Body::Length(0))
    );
    assert!(body("HTTP/1.1 101 Switching\r\n\r\n", &get).is_err());
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(body(both, &get).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = request(&bytes);
        let _ = answer(&bytes, &"GET".parse().unwrap());
        let _ = chunked().advance(&bytes);
    }

    /// However the bytes are cut, the same of them are the body's.
    #[test]
    fn cuts_do_not_matter(bytes in "[0-9a-f;\r\n]{0,60}", size in 1_usize..10) {
        let whole = passed(chunked(), bytes.as_bytes(), 1000);
        prop_assert_eq!(passed(chunked(), bytes.as_bytes(), size), whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_connections(bytes in mutation::changed(mutation::seeds("connection"))) {
        if let Opening::Http(head, length) = Opening::of(&bytes) {
            prop_assert!(length <= bytes.len());
            let rest = &bytes[length..];
            // What follows the head is the body's as far as it goes, or cannot be read.
            if let Ok(passed) = head.body.clone().advance(rest) {
                prop_assert!(passed <= rest.len());
            }
        }
        let _ = answer(&bytes, &"GET".parse().unwrap());
    }
}
