//! An engine behind TLS, and services that are asked by https.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use apex_tests::certificates;
use apex_tests::docker::{assert_nothing_left, has_engine};
use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;

use super::scene::{project, run};

/// Hands connections with a certificate of the authority on to the engine.
const GATE: &str = r#"
import socket, ssl, sys, threading
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
context.load_cert_chain("server.pem", "server-key.pem")
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
def copy(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    for end in (one, other):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(connection):
    try:
        client = context.wrap_socket(connection, server_side=True)
    except OSError:
        return
    engine = socket.socket(socket.AF_UNIX)
    engine.connect("/var/run/docker.sock")
    threading.Thread(target=copy, args=(engine, client), daemon=True).start()
    copy(client, engine)
while True:
    connection, _ = server.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
"#;

/// A server of https that greets.
const SERVER: &str = r#"
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"all is well")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server-key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

/// A gate to the engine, ended when dropped.
struct Gate(Child, String);

impl Gate {
    fn open(folder: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", GATE]).current_dir(folder).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self(child, format!("tcp://localhost:{}", port.trim()))
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_engine_behind_tls_is_spoken_to_with_the_certificates_that_are_named() {
    if !has_engine() || tool("openssl").is_none() || tool("python3").is_none() {
        return;
    }
    let (own, strange) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates::make(own.path());
    certificates::make(strange.path());
    let gate = Gate::open(own.path());
    for (folder, code, words) in [
        (own.path(), 0, "demo: ready"),
        (strange.path(), 3, "give Apex the certificates of that engine"),
    ] {
        let project = project("demo: {image: '{image}', command: 'sleep 60'}", "true");
        let folder = folder.to_str().unwrap();
        let env = [
            ("DOCKER_HOST", gate.1.as_str()),
            ("DOCKER_TLS_VERIFY", "1"),
            ("DOCKER_CERT_PATH", folder),
        ];
        let answer = finish(run(&project, &env));
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "no {words:?} in {said}");
        assert_nothing_left(project.root());
    }
}

#[test]
fn a_service_is_asked_by_https_and_its_certificate_counts() {
    if tool("openssl").is_none() || tool("python3").is_none() {
        return;
    }
    let consent = ", consent: [unverified_tls]";
    for (http, more, code, words) in [
        ("ca_file: ca.pem, contains: is well", "", 0, "demo: ready"),
        ("ca_file: ca.pem, contains: is broken", "", 3, "answered without `is broken`"),
        ("tls: true", "", 3, "is not trusted"),
        ("insecure: true", "", 2, "consent: [unverified_tls]"),
        ("insecure: true", consent, 0, "demo: ready"),
    ] {
        let text = format!(
            "apex: 1\nlayers:\n  a:\n    categories: [{{name: probe, services: [demo], command: \
             'true'}}]\nservices:\n  demo: {{process: {{command: [python3, server.py, \
             '{{port}}']}}, ports: {{main: 0}}, readiness: {{http: {{path: /, {http}}}, \
             timeout_seconds: 3}}{more}}}\n"
        );
        let project = Project::new(&[("apex.yaml", &text), ("server.py", SERVER)]);
        certificates::make(project.root());
        let answer = finish(run(&project, &[]));
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.status.code(), Some(code), "{http}: {said}");
        assert!(said.contains(words), "{http}: no {words:?} in {said}");
    }
}
