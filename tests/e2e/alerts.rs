//! Who is told of an alert, and that nobody's answer changes a run.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use apex_tests::certificates;
use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use serde_json::Value;

const LAYERS: &str = r#"
apex: 1
layers:
  front:
    categories:
      - {name: steady, command: [sh, -c, "printf '1..2\nok 1 - one\nnot ok 2 - two\n'; exit 1"], report: stdout}
alerts:
"#;

fn project(alerts: &str) -> Project {
    Project::new(&[("apex.yaml", &format!("{LAYERS}{alerts}"))])
}

/// Answers requests with these statuses, one after the other; what was sent comes out of the channel.
fn webhook(statuses: &'static [&'static str]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            let mut part = [0; 4096];
            // The body is small and ends with its object.
            while !bytes.ends_with(b"}") {
                match stream.read(&mut part).unwrap() {
                    0 => break,
                    read => bytes.extend_from_slice(&part[..read]),
                }
            }
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
            if sender.send(body).is_err() {
                return;
            }
        }
    });
    (url, received)
}

fn next(received: &Receiver<String>) -> Value {
    let body = received.recv_timeout(Duration::from_secs(30)).unwrap();
    serde_json::from_str(&body).unwrap()
}

#[test]
fn everybody_is_told_once_when_the_verdict_stands() {
    let (generic, to_generic) = webhook(&["503 busy", "204 fine"]);
    let (slack, to_slack) = webhook(&["200 fine"]);
    let project = project(&format!(
        "  - name: too many\n    metric: failures\n    above: 0\n    level: high\n    \
         notify: [log, console, github, '{generic}', 'slack:{slack}']\n    \
         command: [sh, -c, 'cat > told.json; env > variables']\n  \
         - {{name: quiet, metric: failures, above: 0, notify: [console], mute: true}}\n"
    ));
    let answer = project.run(&["run"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    let text = &answer.stderr;
    let line = "alert too many (high): failures 1 > 0";
    assert_eq!(text.matches(&format!("\n{line}")).count(), 1, "{text}");
    assert!(text.contains("::error title=too many::alert too many"), "{text}");
    assert!(!text.contains("quiet") && !text.contains("warning: "), "{text}");
    assert!(text.find("FAILED (exit code 1").unwrap() < text.find(line).unwrap(), "{text}");
    let told: Value = serde_json::from_str(&project.read("told.json")).unwrap();
    assert_eq!((&told["alert"], &told["state"]), (&"too many".into(), &"firing".into()));
    assert!(project.read("variables").contains("PATH="));
    assert_eq!(next(&to_generic), next(&to_generic), "the try that was refused and the next one");
    assert!(next(&to_slack)["text"].as_str().unwrap().starts_with("alert too many (high)"));
    let log = project.read(".apex/logs/MasterController_production.log");
    assert_eq!(log.matches("alert.fired").count(), 3, "ours and two that come with Apex: {log}");
    assert!(log.contains("alert too many fired: failures 1 > 0"), "{log}");
}

/// Takes one message by https and answers with its body; the port is its first line.
const ENCRYPTED: &str = r#"
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["content-length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server-key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// A server that ends with its test.
struct Encrypted {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Encrypted {
    fn start(python: &Path, folder: &Path) -> Self {
        let mut program = Command::new(python);
        program.args(["-c", ENCRYPTED]).current_dir(folder).stdout(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_webhook_is_told_by_https_only_when_its_certificate_is_trusted() {
    let (Some(python), Some(_)) = (tool("python3"), tool("openssl")) else { return };
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let mut server = Encrypted::start(&python, folder.path());
    let port = server.line();
    let project = project(&format!(
        "  - {{name: one, metric: failures, above: 0, notify: ['https://localhost:{port}/secret-path']}}\n"
    ));
    let untrusted = project.run(&["run"]);
    assert_eq!(untrusted.status.code(), Some(1), "{}", untrusted.stderr);
    let warning =
        format!("warning: nobody was told of alert one by its webhook at localhost:{port}");
    assert!(untrusted.stderr.contains(&warning), "{}", untrusted.stderr);
    assert!(untrusted.stderr.contains("ertificate"), "{}", untrusted.stderr);
    assert!(!untrusted.stderr.contains("secret-path"), "{}", untrusted.stderr);
    let mut trusting = project.apex(&["run"]);
    trusting.env("SSL_CERT_FILE", folder.path().join("ca.pem"));
    let trusted = finish(trusting);
    assert_eq!(trusted.status.code(), Some(1), "{}", trusted.stderr);
    assert!(!trusted.stderr.contains("warning: "), "{}", trusted.stderr);
    let told: Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!((&told["alert"], &told["state"]), (&"one".into(), &"firing".into()));
}

#[test]
fn what_nobody_takes_is_told_without_the_address_and_changes_no_verdict() {
    let (refusing, _received) = webhook(&["403 no"]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = closed.local_addr().unwrap();
    drop(closed);
    let project = project(&format!(
        "  - {{name: one, metric: failures, above: 0, notify: ['{refusing}']}}\n  \
         - {{name: two, metric: failures, above: 0, notify: ['http://{gone}/secret-path']}}\n  \
         - {{name: three, metric: failures, above: 0, command: [sh, -c, 'echo why >&2; exit 3']}}\n  \
         - {{name: four, metric: failures, above: 0, command: [/nowhere/program]}}\n"
    ));
    let answer = project.run(&["run"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    for part in [
        "warning: nobody was told of alert one by its webhook at 127.0.0.1:",
        "it answered 403",
        "alert two by its webhook",
        ", 3 times",
        "warning: alert three: `sh` failed (exit status: 3): why",
        "warning: alert four: `/nowhere/program` could not be started",
    ] {
        assert!(answer.stderr.contains(part), "{part}: {}", answer.stderr);
    }
    assert!(!answer.stderr.contains("secret-path"), "{}", answer.stderr);
}

#[test]
fn a_recorded_run_says_what_rules_that_came_later_would_have_told() {
    let project = project("  - {name: none, metric: failures, above: 5}\n");
    assert_eq!(project.run(&["run"]).status.code(), Some(1));
    let later = format!(
        "{LAYERS}  - {{name: late, metric: failures, above: 0, notify: ['slack:http://x/secret']}}\n"
    );
    project.write("apex.yaml", &later);
    let page = project.run(&["alerts", "test"]);
    assert_eq!(page.status.code(), Some(0), "{}", page.stderr);
    assert!(
        page.stdout.starts_with("3 of 4 rules would fire\nalert late (medium): failures 1 > 0"),
        "{}",
        page.stdout
    );
    assert!(
        page.stdout.contains("\n  tells Slack\n") && !page.stdout.contains("secret"),
        "{}",
        page.stdout
    );
    let json = project.run(&["alerts", "test", "last", "--json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["alerts"][0]["alert"], "late");
    assert!(!json.stdout.contains("secret"), "{}", json.stdout);
    assert_eq!(project.run(&["alerts", "test", "nothing"]).status.code(), Some(2));
}
