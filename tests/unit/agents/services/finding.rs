//! Where an engine is, who owns what is in it, and what goes into a build.

use std::collections::BTreeMap;
use std::path::Path;

use apex_agents::services::docker::{
    Address, Labels, Owner, explain_unreachable, find, is_abandoned, labels, pack,
};

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn place(address: &Address) -> (&str, &str) {
    match address {
        Address::Socket { path, by } => (path, by),
        Address::Tcp { url, by } | Address::Encrypted { url, by, .. } => (url, by),
    }
}

#[test]
fn the_engine_is_where_docker_host_says() {
    for (host, expected, remote) in [
        ("unix:///x/docker.sock", "/x/docker.sock", None),
        ("/x/docker.sock", "/x/docker.sock", None),
        ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375", Some("10.0.0.1")),
        ("tcp://localhost:2375", "tcp://localhost:2375", None),
    ] {
        let address = find(&variables(&[("DOCKER_HOST", host)])).unwrap();
        assert_eq!(place(&address), (expected, "DOCKER_HOST"));
        assert_eq!(address.remote_host().as_deref(), remote);
    }
    let why = find(&variables(&[("DOCKER_HOST", "ssh://host")])).unwrap_err();
    assert!(why.contains("only `unix://` and `tcp://` are spoken"), "{why}");
}

#[test]
fn the_engine_is_where_the_context_says() {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(".docker").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("config.json", r#"{"currentContext": "desktop"}"#);
    write(
        "contexts/meta/0123/meta.json",
        r#"{"Name": "desktop", "Endpoints": {"docker": {"Host": "unix:///desktop.sock"}}}"#,
    );
    let home = home.path().to_str().unwrap();
    let address = find(&variables(&[("HOME", home)])).unwrap();
    assert_eq!(place(&address), ("/desktop.sock", "context `desktop`"));
    let why = find(&variables(&[("HOME", home), ("DOCKER_CONTEXT", "other")])).unwrap_err();
    assert!(why.contains("context `other`") && why.contains("docker context ls"), "{why}");
    let address = find(&variables(&[("HOME", home), ("DOCKER_CONTEXT", "default")])).unwrap();
    assert_eq!(place(&address).1, "the usual place");
}

#[test]
fn an_engine_behind_tls_is_found_with_its_certificates() {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let certificates = |folder: &str| {
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            write(&format!("{folder}/{file}"), "");
        }
    };
    certificates("own");
    certificates(".docker/contexts/tls/0123/docker");
    write(
        ".docker/contexts/meta/0123/meta.json",
        r#"{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:2376"}}}"#,
    );
    write(
        ".docker/contexts/meta/4567/meta.json",
        r#"{"Name": "blind", "Endpoints": {"docker": {"Host": "tcp://b:1", "SkipTLSVerify": true}}}"#,
    );
    let folder = home.path().to_str().unwrap();
    let own = format!("{folder}/own");
    let found = |pairs: &[(&str, &str)]| find(&variables(&[pairs, &[("HOME", folder)]].concat()));
    let host = ("DOCKER_HOST", "tcp://far:2376");

    let address = found(&[host, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &own)]).unwrap();
    let Address::Encrypted { certificates, .. } = &address else { panic!("{address:?}") };
    assert_eq!(certificates.key, home.path().join("own/key.pem"));
    assert_eq!(address.remote_host().as_deref(), Some("far"));
    assert!(matches!(found(&[host]).unwrap(), Address::Tcp { .. }));
    assert!(matches!(found(&[("DOCKER_CONTEXT", "far")]).unwrap(), Address::Encrypted { .. }));

    let why = found(&[host, ("DOCKER_TLS_VERIFY", "1")]).unwrap_err();
    assert!(why.contains("ca.pem does not exist") && why.contains("DOCKER_CERT_PATH"), "{why}");
    let why = found(&[("DOCKER_CONTEXT", "blind")]).unwrap_err();
    assert!(why.contains("takes any certificate"), "{why}");
}

#[test]
fn every_reason_why_no_engine_answers_has_a_next_step() {
    let address = Address::Socket { path: "/x".to_owned(), by: "DOCKER_HOST".to_owned() };
    for (cause, next) in [
        ("Permission denied (os error 13)", "usermod -aG docker"),
        ("No such file or directory (os error 2)", "install and start"),
        ("it gave no answer within 4 seconds", "restart it"),
        ("Connection refused (os error 111)", "start the engine"),
    ] {
        let text = explain_unreachable(&address, cause);
        assert!(text.contains(cause) && text.contains(next), "{text}");
    }
}

#[test]
fn an_owner_is_dead_only_when_that_is_certain() {
    let this = Owner::this_process();
    assert!(!this.is_dead());
    assert_eq!(Owner::parse(&this.to_string()), Some(this.clone()));
    let dead = [
        Owner { began: this.began + 1, ..this.clone() },
        // Process ids end below this number (proc(5), pid_max).
        Owner { pid: 4_194_305, ..this.clone() },
    ];
    assert!(dead.iter().all(Owner::is_dead));
    let unseen = [
        Owner { boot: "another".to_owned(), pid: 4_194_305, ..this.clone() },
        Owner { namespace: "1".to_owned(), pid: 4_194_305, ..this.clone() },
    ];
    assert!(!unseen.iter().any(Owner::is_dead));
    for text in ["", "1", "1:2:3", "x:2:3:4", "1:2:3:4:5"] {
        assert_eq!(Owner::parse(text), None, "{text}");
    }
}

#[test]
fn only_what_carries_our_labels_is_abandoned() {
    let this = Owner::this_process();
    let dead = Owner { pid: 4_194_305, ..this.clone() }.to_string();
    let this = this.to_string();
    let of = |pairs: &[(&str, &str)]| -> Labels { variables(pairs) };
    for (labels, expected) in [
        (of(&[]), false),
        (of(&[(labels::OWNER, &dead)]), false),
        (of(&[(labels::RUN, "r")]), false),
        (of(&[(labels::RUN, "r"), (labels::OWNER, "nonsense")]), false),
        (of(&[(labels::RUN, "r"), (labels::OWNER, &this)]), false),
        (of(&[(labels::RUN, "r"), (labels::OWNER, &dead)]), true),
        (of(&[(labels::RUN, "r"), (labels::OWNER, &this), (labels::EXPIRES, "99")]), true),
        (of(&[(labels::RUN, "r"), (labels::OWNER, &this), (labels::EXPIRES, "101")]), false),
        (of(&[(labels::RUN, "r"), (labels::OWNER, &dead), (labels::LIFETIME, "keep")]), false),
        (of(&[(labels::RUN, "r"), (labels::LIFETIME, "keep"), (labels::EXPIRES, "100")]), true),
    ] {
        assert_eq!(is_abandoned(&labels, 100), expected, "{labels:?}");
    }
}

#[test]
fn a_context_is_packed_in_order_and_without_what_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Dockerfile", "FROM x");
    write(".dockerignore", "# a comment\n*\n!src\nsrc/*.tmp\n/target\n");
    for path in ["src/a.txt", "src/b.tmp", "target/c", "other"] {
        write(path, path);
    }
    let archive = pack(folder.path(), "Dockerfile").unwrap();
    let text = String::from_utf8_lossy(&archive);
    for (path, is_in) in [
        ("Dockerfile", true),
        (".dockerignore", true),
        ("src/a.txt", true),
        ("src/b.tmp", false),
        ("target/c", false),
        ("other", false),
    ] {
        // Contents are the paths themselves, but for the two files that are always in.
        assert_eq!(text.contains(path), is_in, "{path}");
    }
    assert_eq!(archive, pack(folder.path(), "Dockerfile").unwrap());
    let why = pack(Path::new("/nowhere"), "Dockerfile").unwrap_err();
    assert!(why.contains("/nowhere"), "{why}");
}
