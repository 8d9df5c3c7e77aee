//! Who is refused, each with the right code.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use apex_monitor::web::Limits;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::journal::Journal;
use super::place::{LONG, Place};

#[test]
fn every_stranger_is_refused_with_the_code_that_says_why() {
    let place = Place::new();
    let _journal = Journal::begin(place.state(), "one");
    let (port, look) = (place.address.port(), place.tokens.look().to_owned());
    let bearer = |word: &str| format!("Authorization: Bearer {word}\r\n");
    let right = bearer(&look);
    let ours = format!("127.0.0.1:{port}");
    let other_word = "0".repeat(64);
    let cases = [
        ("no token", ours.clone(), String::new(), 401),
        ("a wrong token", ours.clone(), bearer(&other_word), 401),
        ("half of the token", ours.clone(), bearer(&look[..32]), 401),
        ("the token and more", ours.clone(), bearer(&format!("{look}0")), 401),
        ("another scheme", ours.clone(), format!("Authorization: Basic {look}\r\n"), 401),
        ("a cookie of another port", ours.clone(), format!("Cookie: apex-1={look}\r\n"), 401),
        ("the name of a stranger", "evil.example".to_owned(), right.clone(), 421),
        ("our port under another name", format!("evil.example:{port}"), right.clone(), 421),
        ("our name as a part", format!("127.0.0.1:{port}.evil.example"), right.clone(), 421),
        ("no port", "127.0.0.1".to_owned(), right.clone(), 421),
        ("a foreign page", ours.clone(), format!("{right}Origin: http://evil.example\r\n"), 403),
        (
            "a page on another port",
            ours.clone(),
            format!("{right}Origin: http://127.0.0.1:1\r\n"),
            403,
        ),
        ("a page without a name", ours.clone(), format!("{right}Origin: null\r\n"), 403),
        ("two names", ours.clone(), format!("Host: {ours}\r\n{right}"), 421),
        ("the right token", ours.clone(), right.clone(), 200),
        ("the cookie", ours.clone(), format!("Cookie: a=b; apex-{port}={look}\r\n"), 200),
        ("a further name", "apex.example".to_owned(), right.clone(), 200),
        ("localhost", format!("localhost:{port}"), right.clone(), 200),
        ("a page of ours", ours.clone(), format!("{right}Origin: http://{ours}\r\n"), 200),
    ];
    for (what, host, head, status) in cases {
        for path in ["/api/runs", "/", "/ws", "/metrics"] {
            let answer = place.say(&format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}\r\n"
            ));
            // Without an upgrade, the stream is no page: it is refused behind the door only.
            let inside = [200, 400, 426].contains(&answer.status);
            let as_expected =
                if path == "/ws" && status == 200 { inside } else { answer.status == status };
            assert!(as_expected, "{what}: {path}: {answer:?}");
            if ["/api/runs", "/metrics"].contains(&path) && status != 200 {
                assert!(answer.head.contains("application/problem+json"), "{what}: {answer:?}");
            }
        }
    }
}

#[test]
fn a_foreign_page_is_refused_before_the_upgrade() {
    let place = Place::new();
    let _journal = Journal::begin(place.state(), "one");
    let refused = |head: &[(&str, &str)]| place.try_stream("run=one", head).err();
    assert_eq!(refused(&[("origin", "http://evil.example")]), Some(403));
    assert_eq!(refused(&[("host", "evil.example")]), Some(421));
    assert_eq!(refused(&[("authorization", "Bearer 12")]), Some(401));
    assert_eq!(refused(&[]), None);
}

#[test]
fn the_link_with_the_token_leaves_a_cookie_and_an_address_without_it() {
    let place = Place::new();
    let link = format!("/runs/one?token={}&before=two", place.tokens.look());
    let answer = place.ask("GET", &link, &[]);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(answer.head.contains("location: /runs/one?before=two"), "{answer:?}");
    assert!(answer.head.contains("httponly; samesite=strict"), "{answer:?}");
    assert!(answer.head.contains("referrer-policy: no-referrer"), "{answer:?}");
    let away = format!("//evil.example/?token={}", place.tokens.look());
    let answer = place.ask("GET", &away, &[]);
    assert!(answer.head.contains("location: /evil.example/"), "{answer:?}");
    assert_eq!(place.ask("GET", "/?token=abc", &[]).status, 401);
}

#[test]
fn only_the_token_to_act_stops_and_reruns() {
    let place = Place::new();
    let journal = Journal::begin(place.state(), "one");
    let act = format!("Authorization: Bearer {}", place.tokens.act());
    let cookie = format!("Cookie: apex-{}={}", place.address.port(), place.tokens.act());
    let post = |head: &[String]| place.ask("POST", "/api/runs/one/stop", head).status;
    assert_eq!(post(&[]), 401);
    assert_eq!(post(&[place.bearer()]), 403);
    assert_eq!(
        post(std::slice::from_ref(&cookie)),
        403,
        "a cookie without an origin may be a foreign form"
    );
    let stop = journal.directory.path().join("stop");
    assert!(!stop.exists());
    assert_eq!(post(&[cookie, format!("Origin: http://{}", place.address)]), 202);
    assert!(stop.exists());
    assert_eq!(post(std::slice::from_ref(&act)), 202);
    assert_eq!(place.ask("POST", "/api/runs/one/rerun", &[place.bearer()]).status, 403);
    let again = place.ask("POST", "/api/runs/one/rerun", &[act]);
    assert_eq!((again.status, again.body.contains("again")), (200, true), "{again:?}");
}

#[test]
fn pages_may_load_nothing_from_elsewhere() {
    let place = Place::new();
    for path in ["/", "/flaky", "/nowhere", "/api/status", "/assets/pages.js"] {
        let answer = place.get(path);
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.head.contains(line), "{path}: {answer:?}");
        }
    }
}

/// A message that the library would not send.
fn frame(code: OpCode, bytes: &[u8]) -> Message {
    let header = FrameHeader { is_final: true, opcode: code, ..FrameHeader::default() };
    Message::Frame(Frame::from_payload(header, Bytes::copy_from_slice(bytes)))
}

#[test]
fn clients_that_break_the_protocol_are_closed_with_the_code_that_says_why() {
    let place = Place::new();
    let _journal = Journal::begin(place.state(), "one");
    let (text, binary) = (OpCode::Data(Data::Text), OpCode::Data(Data::Binary));
    let cases: [(&str, Vec<Message>, u16); 4] = [
        ("a huge frame", vec![frame(binary, &[0; 100_000])], 1009),
        ("bad UTF-8", vec![frame(text, &[0xff, 0xfe])], 1007),
        ("a flood of pings", vec![Message::Ping(Bytes::new()); 1_000], 1008),
        ("a flood of texts", vec![Message::Text("hello".into()); 1_000], 1008),
    ];
    for (what, messages, code) in cases {
        let mut client = place.stream("run=one");
        for message in messages {
            // The server may close before everything is sent.
            if client.0.send(message).is_err() {
                break;
            }
        }
        assert_eq!(client.closed_with(), code, "{what}");
    }
}

#[test]
fn a_head_that_does_not_come_costs_a_connection_for_a_moment_only() {
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let place = Place::with(limits);
    let mut slow = TcpStream::connect(place.address).unwrap();
    slow.set_read_timeout(Some(LONG)).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let mut bytes = Vec::new();
    // The end comes although nothing more was sent.
    slow.read_to_end(&mut bytes).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("200"));
    assert_eq!(place.get("/api/health").status, 200);
}

#[test]
fn a_head_without_end_is_refused() {
    let place = Place::new();
    let long = format!("X-Long: {}", "x".repeat(100_000));
    let status = place.ask("GET", "/", &[long]).status;
    assert!([0, 431].contains(&status), "{status}");
    let many: Vec<String> = (0..500).map(|number| format!("X-{number}: 1")).collect();
    assert!([0, 431].contains(&place.ask("GET", "/", &many).status));
    assert_eq!(place.get("/api/health").status, 200);
}

#[test]
fn clients_and_connections_beyond_the_limits_are_told_to_come_later() {
    let place = Place::with(Limits { clients: 3, connections: 8, ..Limits::default() });
    let _journal = Journal::begin(place.state(), "one");
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let mut client = place.stream("run=one");
            client.next().unwrap();
            client
        })
        .collect();
    assert_eq!(place.try_stream("run=one", &[]).err(), Some(503));
    drop(clients);
    let mut idle: Vec<TcpStream> = Vec::new();
    let mut refused = None;
    for _ in 0..200 {
        let answer = place.get("/api/health");
        if answer.status == 503 {
            refused = Some(answer);
            break;
        }
        idle.push(TcpStream::connect(place.address).unwrap());
    }
    let refused = refused.expect("connections have a limit");
    assert!(refused.head.contains("retry-after: 1"), "{refused:?}");
    let problem: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(problem["status"], 503);
}

#[test]
fn a_file_of_tokens_that_others_may_read_is_refused() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let tokens = apex_monitor::web::Tokens::in_file(&path).unwrap();
    let again = apex_monitor::web::Tokens::in_file(&path).unwrap();
    assert_eq!((tokens.look(), tokens.act()), (again.look(), again.act()));
    assert_ne!(tokens.look(), tokens.act());
    assert_eq!(tokens.look().len(), 64, "256 bits");
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = apex_monitor::web::Tokens::in_file(&path).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(apex_monitor::web::Tokens::in_file(&link).is_err(), "a link leads elsewhere");
}
