//! TLS of a skill's own programs: opaque, unless the person lets the broker read it.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use serde_json::Value;
use serde_json::json;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::ServerConnection;
use tokio_rustls::rustls::StreamOwned;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::support::Outcome;
use crate::support::TestEnvironment;
use crate::support::missing;
use crate::support::sandbox_holds;

const VALUE: &str = "v4lu3-that-n0b0dy-else-has";

/// A server of this machine with a certificate that one authority vouches for, in `authority`.
struct Server {
    port: u16,
    authority: String,
    heard: Arc<Mutex<String>>,
}

impl Server {
    fn start() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let configuration = Arc::new(configuration);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<String>>::default();
        let log = Arc::clone(&heard);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&configuration)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !text.ends_with("\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(length @ 1..) => text += &String::from_utf8_lossy(&buffer[..length]),
                        Ok(0) | Err(_) => break,
                    }
                }
                log.lock().unwrap().push_str(&text);
                // A client may go away at any time.
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self {
            port,
            authority,
            heard,
        }
    }

    fn heard(&self) -> String {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

struct World {
    test: TestEnvironment,
    server: Server,
}

impl World {
    /// A skill that is the program `text` and may ask the server with `methods`, if there are any.
    fn new(name: &str, text: &str, methods: &[&str]) -> Self {
        let (test, server) = (TestEnvironment::new(), Server::start());
        let mut permissions = vec![
            json!({"type": "network", "hosts": [format!("127.0.0.1:{}", server.port)], "methods": methods}),
            json!({"type": "secret", "names": ["TOKEN"]}),
        ];
        if name == "curl" {
            permissions.push(json!({"type": "process", "commands": ["curl"]}));
        }
        // An ES module, for Node's sake.
        let file = if name == "node" { "run.mjs" } else { "run" };
        let manifest = json!({
            "name": name, "version": "1.0.0", "description": "Asks a server", "entrypoint": file,
            "engine": "native", "protocol": "argv", "exports": ["get"], "permissions": permissions,
            "limits": {"wallSeconds": 120, "cpuSeconds": 60},
        });
        let folder = format!("skills/{name}");
        test.executable(&test.workspace().join(folder).join(file), text);
        Self::with(test, server, &manifest)
    }

    /// A skill in the embedded engine that may ask the server with GET.
    fn embedded(name: &str, text: &str) -> Self {
        let (test, server) = (TestEnvironment::new(), Server::start());
        let manifest = json!({
            "name": name, "version": "1.0.0", "description": "Asks a server", "entrypoint": "index.js",
            "exports": ["get"],
            "permissions": [
                {"type": "network", "hosts": [format!("127.0.0.1:{}", server.port)], "methods": ["GET"]},
                {"type": "secret", "names": ["TOKEN"]},
            ],
        });
        test.file(&format!("skills/{name}/index.js"), text);
        Self::with(test, server, &manifest)
    }

    /// The skill with its manifest, and a person who trusts it and keeps the secret.
    fn with(test: TestEnvironment, server: Server, manifest: &Value) -> Self {
        let name = manifest["name"].as_str().unwrap();
        test.file(&format!("skills/{name}/skill.json"), &manifest.to_string());
        fs_err::write(test.root().join("authority.pem"), &server.authority).unwrap();
        test.run_with_input(&["config", "set", "--secret", "TOKEN"], VALUE)
            .expect(0);
        test.run(&["trust", name, "--yes"]).expect(0);
        Self { test, server }
    }

    /// What becomes of a command, where the broker trusts the server, and reads TLS of the skills `read`.
    fn run(&self, arguments: &[&str], read: &str) -> Outcome {
        let child = self
            .test
            .command(arguments)
            .env("SSL_CERT_FILE", self.test.root().join("authority.pem"))
            .env("MYCELIUM_NETWORK_READ_TLS", read)
            .spawn()
            .unwrap();
        self.test.outcome(child)
    }

    fn get(&self, name: &str, method: &str, read: &str) -> Outcome {
        let url = format!("https://127.0.0.1:{}/v1", self.server.port);
        self.run(&["--no-daemon", "exec", name, "get", &url, method], read)
    }
}

fn runs(program: &str) -> bool {
    if !Path::new(program).exists() {
        return missing(&format!("there is no {program}"));
    }
    sandbox_holds()
}

/// A program gets the answer, the server the value, and nothing else does.
fn try_program(name: &str, program: &str, text: &str) {
    if !runs(program) {
        return;
    }
    let world = World::new(name, text, &["GET"]);
    let answer = world.get(name, "GET", name).expect(0);
    assert!(answer.stdout.contains("hello"), "{answer}");
    assert!(!format!("{answer}").contains(VALUE), "{answer}");
    let heard = world.server.heard();
    assert!(
        heard
            .to_ascii_lowercase()
            .contains(&format!("authorization: bearer {VALUE}\r\n")),
        "{heard}"
    );

    let refused = world.get(name, "DELETE", name);
    assert_ne!(refused.status, 0, "{refused}");
    assert!(refused.stderr.contains("SECURITY_VIOLATION"), "{refused}");
    assert_eq!(world.server.heard(), "");

    // Without the choice nobody sees the methods.
    let refused = world.get(name, "GET", "");
    assert!(refused.stderr.contains("SECURITY_VIOLATION"), "{refused}");
    assert_eq!(world.server.heard(), "");

    let question = world
        .run(&["--no-daemon", "-v", "info", name], name)
        .expect(0);
    assert!(question.stdout.contains("network.readTls"), "{question}");
    let question = world
        .run(&["--no-daemon", "-v", "info", name], "")
        .expect(0);
    assert!(!question.stdout.contains("network.readTls"), "{question}");
    // The file is gone with the worker.
    let folder = world.test.root().join("home/.cache/mycelium/certificates");
    assert_eq!(fs_err::read_dir(folder).unwrap().count(), 0);
}

/// The embedded engine's TLS is made by the broker, so that nobody has to choose that it is read.
#[test]
fn a_skill_sends_a_secret_over_tls_that_it_never_had() {
    if !sandbox_holds() {
        return;
    }
    let fetch = "exports.get = async (url, method) => {
        const headers = { authorization: `Bearer ${process.env.TOKEN}` };
        const answer = await fetch(url, { method, headers });
        return { text: await answer.text(), own: process.env.TOKEN };
    };";
    let https = "const https = require('https');
    exports.get = (url, method) => new Promise((done, failed) => {
        const headers = { authorization: `Bearer ${process.env.TOKEN}` };
        const request = https.request(url, { method, headers }, answer => {
            let text = '';
            answer.on('data', piece => { text += piece; });
            answer.on('end', () => done({ text, own: process.env.TOKEN }));
        });
        request.on('error', failed);
        request.end();
    });";
    for (name, code) in [("fetcher", fetch), ("asker", https)] {
        let world = World::embedded(name, code);
        let answer = world.get(name, "GET", "").expect(0);
        assert!(answer.stdout.contains("hello"), "{answer}");
        assert!(!format!("{answer}").contains(VALUE), "{answer}");
        let heard = world.server.heard().to_ascii_lowercase();
        let sent = format!("authorization: bearer {VALUE}\r\n");
        assert!(heard.contains(&sent), "{heard}");
        let refused = world.get(name, "DELETE", "");
        assert!(refused.stderr.contains("SECURITY_VIOLATION"), "{refused}");
        assert_eq!(world.server.heard(), "");
    }
}

#[test]
fn curl_sends_a_secret_that_it_never_had() {
    try_program(
        "curl",
        "/usr/bin/curl",
        "#!/bin/sh\n\
         exec curl -sSf -X \"$3\" -H \"Authorization: Bearer $TOKEN\" \"$2\"\n",
    );
}

const PYTHON: &str = "#!/usr/bin/python3 -IS
import os, sys, urllib.request
print(open('/proc/self/environ').read(), os.path.exists('/mycelium/certificates.pem'))
headers = {'Authorization': 'Bearer ' + os.environ['TOKEN']}
request = urllib.request.Request(sys.argv[2], headers=headers, method=sys.argv[3])
print(urllib.request.urlopen(request).read().decode())
";

#[test]
fn python_sends_a_secret_that_it_never_had() {
    try_program("python", "/usr/bin/python3", PYTHON);
}

#[test]
fn node_sends_a_secret_that_it_never_had() {
    try_program(
        "node",
        "/usr/bin/node",
        "#!/usr/bin/node\nconst [url, method] = process.argv.slice(3);\n\
         console.log(JSON.stringify(process.env));\n\
         const headers = { Authorization: `Bearer ${process.env.TOKEN}` };\n\
         const answer = await fetch(url, { method, headers });\n\
         if (!answer.ok) throw new Error(String(answer.status));\n\
         console.log(await answer.text());\n",
    );
}

#[test]
fn without_the_choice_there_is_no_authority_and_the_error_says_what_a_secret_stayed() {
    if !runs("/usr/bin/python3") {
        return;
    }
    let world = World::new("python", PYTHON, &[]);
    // It does not trust the server, as any program would that lacks its authority.
    let failed = world.get("python", "GET", "");
    assert_ne!(failed.status, 0, "{failed}");
    assert!(
        failed.stderr.contains("TOKEN stayed a placeholder"),
        "{failed}"
    );
    assert!(failed.stderr.contains("network.readTls"), "{failed}");
    assert!(!format!("{failed}").contains(VALUE), "{failed}");

    let looking = PYTHON.split("headers =").next().unwrap();
    let world = World::new("python", looking, &[]);
    let seen = |read| {
        let seen = world.get("python", "GET", read).expect(0);
        seen.stdout.contains("/mycelium/certificates.pem") && seen.stdout.contains("True")
    };
    assert!(!seen("other"));
    assert!(seen("*"));
}
