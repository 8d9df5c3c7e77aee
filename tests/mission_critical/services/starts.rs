//! Services whose port opens before they can answer, started again and again: no test ever meets
//! one that does not answer.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use apex_agents::services::{ServiceAgent, ServiceReport, ServiceSettings};
use apex_config::model::{
    CommandLine, Preset, ReadinessCheck, Service, ServiceName, ServiceSource,
};
use apex_core::id::ServiceIx;
use apex_tests::tool::tool;
use tokio::time::Instant;

/// How many starts; more where the environment variable `APEX_TEST_STARTS` says so.
const STARTS: u32 = 24;

/// How many at once.
const AT_ONCE: u32 = 4;

/// A server that listens at once, closes the first connections without a word, keeps others
/// waiting or says that it loads, and answers in earnest only a while later.
const SERVER: &str = r#"
import socket, sys, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
begin = time.monotonic()
ready = begin + 0.02 + (int(sys.argv[1]) % 7) * 0.02
count = 0
while True:
    connection, _ = server.accept()
    connection.settimeout(5)
    count += 1
    try:
        if time.monotonic() < ready and count % 3 == 1:
            connection.close()
            continue
        if connection.recv(64):
            late = time.monotonic() < ready
            connection.sendall(b"-LOADING not yet\r\n" if late else b"+PONG\r\n")
        connection.close()
    except OSError:
        pass
"#;

fn starts() -> u32 {
    std::env::var("APEX_TEST_STARTS").ok().and_then(|text| text.parse().ok()).unwrap_or(STARTS)
}

fn server() -> Service {
    let words = ["python3", "-S", "-E", "-c", SERVER, "{port}"];
    let command = CommandLine::Arguments(words.map(str::to_owned).to_vec());
    let source = ServiceSource::Process { command, working_directory: None };
    let mut service = Service::new(ServiceName::new("early").unwrap(), source);
    service.ports.insert("main".to_owned(), 0);
    let port = "main".to_owned();
    service.readiness.checks = vec![ReadinessCheck::Preset { preset: Preset::Redis, port }];
    service
}

/// What a test asks first, as soon as it may.
fn ask(address: &str) -> Result<(), String> {
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.write_all(b"PING\r\n").map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    if answer.starts_with("+PONG") { Ok(()) } else { Err(format!("it said {answer:?}")) }
}

/// Starts it so often; the answer is every question that was not answered.
async fn failures(times: u32) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var("PATH").unwrap();
    let (mut agent, mut reports) = ServiceAgent::new(ServiceSettings {
        root: folder.path().to_owned(),
        logs: folder.path().join("logs"),
        base_env: BTreeMap::from([("PATH".to_owned(), path)]).into(),
        grace: Duration::from_millis(200),
        run: "starts".to_owned(),
        engine: None,
        keeps: false,
    });
    let mut failures = Vec::new();
    for number in 0..times {
        let ix = ServiceIx(number);
        agent.start(ix, &server(), &BTreeMap::new());
        while let Some((_, report)) = reports.recv().await {
            match report {
                ServiceReport::Ready { addresses, .. } => {
                    let address = addresses[0].1.clone();
                    let asked = tokio::task::spawn_blocking(move || ask(&address)).await.unwrap();
                    failures.extend(asked.err());
                    agent.kill(ix);
                }
                ServiceReport::Stopped => break,
                other => {
                    failures.push(format!("{other:?}"));
                    break;
                }
            }
        }
    }
    assert_eq!(agent.shutdown(Instant::now() + Duration::from_secs(10)).await, [""; 0]);
    failures
}

#[tokio::test(flavor = "multi_thread")]
async fn no_test_meets_a_service_that_listens_and_does_not_answer_yet() {
    if tool("python3").is_none() {
        return;
    }
    let share = starts().div_ceil(AT_ONCE);
    let tasks: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(failures(share))).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), [""; 0]);
    }
}
