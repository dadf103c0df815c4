//! The client's side of the wire, against scripted daemons.

use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use mycelium_protocol::FrameError;
use mycelium_protocol::control::CONTROL_PROTOCOL;
use mycelium_types::ErrorCode;

use super::*;

/// Listens on a socket and hands the first connection to `script`.
fn daemon<T: Send + 'static>(
    socket: &Path,
    script: impl FnOnce(UnixStream) -> T + Send + 'static,
) -> JoinHandle<T> {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || script(listener.accept().unwrap().0))
}

fn read<T: DeserializeOwned>(stream: &mut UnixStream) -> T {
    let mut header = [0; 4];
    stream.read_exact(&mut header).unwrap();
    let mut content = vec![0; u32::from_le_bytes(header) as usize];
    stream.read_exact(&mut content).unwrap();
    serde_json::from_slice(&content).unwrap()
}

fn write(stream: &mut UnixStream, message: &impl Serialize) {
    let mut bytes = Vec::new();
    encode_frame(message, &mut bytes).unwrap();
    stream.write_all(&bytes).unwrap();
}

fn context() -> RequestContext {
    RequestContext {
        workspace: "/w".into(),
        home: "/h".into(),
        session: "shell".into(),
        environment: Default::default(),
        overrides: Default::default(),
        offline: false,
        package: None,
    }
}

fn ours() -> ClientHello {
    ClientHello {
        protocol: CONTROL_PROTOCOL,
        version: "1.0.0".into(),
        build: "7".into(),
        owned_session: None,
    }
}

fn note(key: &str) -> Event {
    Event::Note {
        skill: None,
        key: key.into(),
        args: Default::default(),
    }
}

#[test]
fn nobody_there_is_no_error_and_neither_is_a_stale_socket() {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("daemon.sock");
    assert!(Connection::open(&socket).unwrap().is_none());
    drop(UnixListener::bind(&socket).unwrap());
    assert!(Connection::open(&socket).unwrap().is_none());
    let below_a_file = socket.join("daemon.sock");
    assert!(matches!(
        Connection::open(&below_a_file),
        Err(ClientError::Connect { .. })
    ));
}

#[test]
fn hello_request_events_and_answer() {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("daemon.sock");
    let server = daemon(&socket, |mut stream| {
        let hello: ClientHello = read(&mut stream);
        assert_eq!(
            (hello.protocol, hello.build.as_str()),
            (CONTROL_PROTOCOL, "7")
        );
        write(
            &mut stream,
            &ServerHello {
                protocol: CONTROL_PROTOCOL,
                version: "1.0.0".into(),
                build: "7".into(),
                pid: std::process::id(),
                accepting: true,
            },
        );
        for id in 1..=2 {
            let request: Request = read(&mut stream);
            assert_eq!((request.id, request.command), (id, Command::List));
            let event = note("late");
            write(&mut stream, &ServerMessage::Event { id: id - 1, event });
            let event = note("now");
            write(&mut stream, &ServerMessage::Event { id, event });
            let result = match id {
                1 => Ok(Reply::Skills(Vec::new())),
                _ => Err(ErrorReport::new(ErrorCode::Overloaded)),
            };
            write(&mut stream, &ServerMessage::Reply { id, result });
        }
    });

    let (interrupt, _raise) = Interrupt::scripted();
    let mut connection = Connection::open(&socket).unwrap().unwrap();
    assert_eq!(connection.peer(), rustix::process::getpid());
    let hello = connection.hello(&ours(), &interrupt).unwrap();
    assert_eq!(hello.version, "1.0.0");
    let mut events = Vec::new();
    let mut ask = || {
        connection
            .request(context(), Command::List, &interrupt, &mut |event| {
                events.push(event);
            })
            .unwrap()
    };
    assert_eq!(ask(), Ok(Reply::Skills(Vec::new())));
    assert_eq!(ask().unwrap_err().code, ErrorCode::Overloaded);
    assert_eq!(events, [note("now"), note("now")]);
    server.join().unwrap();
}

#[test]
fn a_daemon_that_ends_or_talks_nonsense_is_a_coded_error() {
    let root = tempfile::tempdir().unwrap();
    let (interrupt, _raise) = Interrupt::scripted();
    let answer = |name: &str, bytes: &'static [u8]| {
        let socket = root.path().join(name);
        let server = daemon(&socket, move |mut stream| {
            let _: ClientHello = read(&mut stream);
            stream.write_all(bytes).unwrap();
        });
        let mut connection = Connection::open(&socket).unwrap().unwrap();
        let error = connection.hello(&ours(), &interrupt).unwrap_err();
        server.join().unwrap();
        error
    };
    assert!(matches!(answer("ends", b""), ClientError::Lost));
    assert!(matches!(answer("cut", b"\x09\0\0\0{"), ClientError::Lost));
    assert!(matches!(
        answer("nonsense", b"\x02\0\0\0{}"),
        ClientError::Nonsense { .. }
    ));
    assert!(matches!(
        answer("huge", b"\xff\xff\xff\xff"),
        ClientError::Frame(FrameError::TooLarge { .. })
    ));
    let report = ErrorReport::from(answer("again", b""));
    assert_eq!(report.code, ErrorCode::DaemonUnavailable);
    assert!(report.retryable);
}

#[test]
fn an_interrupt_closes_the_connection() {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("daemon.sock");
    let (interrupt, mut raise) = Interrupt::scripted();
    let server = daemon(&socket, move |mut stream| {
        let _: Request = read(&mut stream);
        raise.write_all(b"x").unwrap();
        // The end of the stream is how the daemon knows.
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    });
    let mut connection = Connection::open(&socket).unwrap().unwrap();
    let outcome = connection.request(context(), Command::Metrics, &interrupt, &mut |_| {});
    assert!(matches!(outcome, Err(ClientError::Interrupted)));
    drop(connection);
    server.join().unwrap();
    let report = ErrorReport::from(ClientError::Interrupted);
    assert_eq!(report.code, ErrorCode::Interrupted);
}

#[test]
fn a_path_longer_than_an_address_is_reached_through_its_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("long".repeat(40));
    fs_err::create_dir(&folder).unwrap();
    let socket = folder.join("daemon.sock");
    assert!(Connection::open(&socket).unwrap().is_none());
    let address = SocketAddress::of(&socket).unwrap();
    let _listener = UnixListener::bind(address.path()).unwrap();
    assert!(Connection::open(&socket).unwrap().is_some());
}

#[test]
fn a_request_that_a_stopping_daemon_does_not_read_was_not_taken() {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("daemon.sock");
    let (interrupt, _raise) = Interrupt::scripted();
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = daemon(&socket, move |stream| {
        stream.shutdown(std::net::Shutdown::Read).unwrap();
        closed.send(()).unwrap();
        // Kept open for writing, as a daemon that finishes other requests does.
        stream
    });
    let mut connection = Connection::open(&socket).unwrap().unwrap();
    is_closed.recv().unwrap();
    let outcome = connection.request(context(), Command::Metrics, &interrupt, &mut |_| {});
    assert!(matches!(outcome, Err(ClientError::NotTaken)), "{outcome:?}");
    server.join().unwrap();
}
