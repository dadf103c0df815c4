//! Measures what the broker adds to a request on this machine, beside the same request without it.
//!
//! Prints one line of JSON for each thing measured; `cargo xtask bench` makes a table of them.

use std::error::Error;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use mycelium_network::Broker;
use mycelium_network::BrokerLimits;
use mycelium_network::Gate;
use mycelium_network::RequestRecord;
use mycelium_network::SystemResolver;
use mycelium_network::WorkerSockets;
use mycelium_policy::NetworkGrant;
use mycelium_policy::NetworkPolicy;

/// How often each request is made.
const RUNS: usize = 500;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The output may be gone; the status still tells.
            let _ = writeln!(std::io::stderr(), "request: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let server = serve()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let _entered = runtime.enter();
    let place = format!("127.0.0.1:{}", server.port());
    let gate = Gate::compile(&NetworkPolicy {
        allow: vec![NetworkGrant {
            hosts: vec![place.clone()],
            methods: vec!["GET".to_owned()],
        }],
        deny: Vec::new(),
        secrets: Vec::new(),
    })?;
    let limits = BrokerLimits {
        // What is measured is the way, not the waiting.
        attempts_per_second: u64::from(u32::MAX),
        ..BrokerLimits::with_bandwidth(1 << 30)
    };
    let broker = Broker::new(
        gate,
        limits,
        Arc::new(SystemResolver),
        Arc::new(|_: RequestRecord| {}),
    );
    let proxy = TcpListener::bind("127.0.0.1:0")?;
    let through = proxy.local_addr()?;
    broker.serve(WorkerSockets {
        lookups: UdpSocket::bind("127.0.0.1:0")?,
        proxy,
        direct: Vec::new(),
    })?;

    let (mut direct, mut added) = (Vec::new(), Vec::new());
    for run in 0..RUNS + RUNS / 20 {
        let alone = ask(server, "/")?;
        let brokered = ask(through, &format!("http://{place}/"))?;
        // The first few are slower: pages are touched for the first time.
        if run >= RUNS / 20 {
            direct.push(alone);
            added.push(brokered.saturating_sub(alone));
        }
    }
    report("request-direct", &direct)?;
    report("broker", &added)
}

/// A server that answers one request on each connection.
fn serve() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let mut length = 0;
            while !request[..length].ends_with(b"\r\n\r\n") {
                match stream.read(&mut request[length..]) {
                    Ok(read @ 1..) => length += read,
                    Ok(0) | Err(_) => break,
                }
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            if stream.write_all(answer).is_err() {
                continue;
            }
        }
    });
    Ok(address)
}

/// Makes one request on a connection of its own.
fn ask(server: SocketAddr, target: &str) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {server}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let taken = start.elapsed();
    if !answer.ends_with("\r\n\r\nhello") {
        return Err(answer.into());
    }
    Ok(taken)
}

fn report(what: &str, times: &[Duration]) -> Result<(), Box<dyn Error>> {
    let milliseconds: Vec<_> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let line = serde_json::json!({ "measured": what, "milliseconds": milliseconds });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
