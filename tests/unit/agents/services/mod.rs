//! Addresses of services, and the answers of servers.

mod fake;
mod finding;
mod presets;

use apex_agents::services::{Addresses, status_of};
use apex_config::model::{Service, ServiceName, ServiceSource};

fn main_of(url: &str) -> Option<String> {
    Addresses::of_url(url, &Default::default()).main().map(ToString::to_string)
}

#[test]
fn host_and_port_are_read_from_a_url() {
    for (url, expected) in [
        ("http://localhost:8000/health", Some("localhost:8000")),
        ("https://example.org", Some("example.org:443")),
        ("postgresql://user:p@ss@db/x?y", Some("db:5432")),
        ("redis://[::1]:7000", Some("[::1]:7000")),
        ("localhost:9000", Some("localhost:9000")),
        ("somewhere", None),
        ("http://host:notaport", None),
        ("http://:80", None),
        ("unknown://host", None),
        ("", None),
    ] {
        assert_eq!(main_of(url).as_deref(), expected, "{url}");
    }
}

#[test]
fn words_are_filled_in_and_others_stay() {
    let mut service = Service::new(
        ServiceName::new("my-db.x").unwrap(),
        ServiceSource::External { url: String::new() },
    );
    service.exports.insert("DSN".to_owned(), "x://{host}:{port}/{name}".to_owned());
    let ports = [("admin".to_owned(), 1), ("main".to_owned(), 2)].into();
    let addresses = Addresses::of_program(&service, &ports);
    assert_eq!(addresses.fill("{port} {port.admin} {port.none}"), "2 1 {port.none}");
    let exports: Vec<String> = addresses
        .exports(&service)
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        exports,
        [
            "APEX_SERVICE_MY_DB_X_HOST=127.0.0.1",
            "APEX_SERVICE_MY_DB_X_PORT=2",
            "APEX_SERVICE_MY_DB_X_URL=tcp://127.0.0.1:2",
            "DSN=x://127.0.0.1:2/{name}",
        ]
    );
}

#[test]
fn the_status_is_in_the_first_line() {
    for (answer, status) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", Some(204)),
        ("HTTP/1.0 200", Some(200)),
        ("SSH-2.0-x 200\r\n", None),
        ("HTTP/1.1 abc", None),
        ("", None),
    ] {
        assert_eq!(status_of(answer.as_bytes()), status, "{answer:?}");
    }
}
