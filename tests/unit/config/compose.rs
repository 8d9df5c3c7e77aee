//! Compose files: what is read, what is filled in, what is refused.

use std::collections::BTreeMap;

use apex_config::Severity;
use apex_config::compose::{ComposeFile, ComposeSource, MountSource, read};
use apex_tests::compose::{FIXTURES, folder, read_in};

#[test]
fn ten_files_are_read_as_they_mean() {
    for (name, wanted) in FIXTURES {
        let folder = folder(name);
        let text = std::fs::read_to_string(folder.join("compose.yaml")).expect("a fixture");
        let file = read_in(&folder, &text, &BTreeMap::new(), wanted)
            .unwrap_or_else(|failure| panic!("{name}: {failure}"));
        insta::assert_snapshot!(format!("compose_{name}"), shown(&file));
    }
}

/// Services and notes, without places and without what was not written.
fn shown(file: &ComposeFile) -> String {
    let mut text = String::new();
    for (name, service) in &file.services {
        text += &format!("{name}: ");
        // The indentation of a place that is being left out.
        let mut inside: Option<usize> = None;
        for line in format!("{service:#?}").lines() {
            let indentation = line.len() - line.trim_start().len();
            match inside {
                Some(depth) if indentation == depth => inside = None,
                Some(_) => {}
                None if line.ends_with("place: Place {") => inside = Some(indentation),
                None if [": None,", ": [],", ": {},", ": false,"]
                    .iter()
                    .any(|end| line.ends_with(end)) => {}
                None => text += &format!("{line}\n"),
            }
        }
    }
    text.extend(file.notes.iter().map(|note| format!("{note}\n")));
    text
}

#[track_caller]
fn one(text: &str, variables: &[(&str, &str)]) -> Result<ComposeFile, String> {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let none = |_: &str| Ok(None);
    let source = ComposeSource { text, label: "compose.yaml", variables: &variables, read: &none };
    read(&source, &["app"]).map_err(|failure| failure.to_string())
}

#[test]
fn variables_are_filled_in_like_a_shell_does() {
    let set = [("SET", "value"), ("EMPTY", ""), ("OTHER", "other")];
    // What is written, what comes of it or a part of the message.
    let table: [(&str, Result<&str, &str>); 26] = [
        ("plain", Ok("plain")),
        ("$SET", Ok("value")),
        ("a${SET}b$SET", Ok("avaluebvalue")),
        ("$SET-x", Ok("value-x")),
        ("$$SET", Ok("$SET")),
        ("$$$SET", Ok("$value")),
        ("${UNSET}", Ok("")),
        ("${UNSET-text}", Ok("text")),
        ("${UNSET:-text}", Ok("text")),
        ("${EMPTY-text}", Ok("")),
        ("${EMPTY:-text}", Ok("text")),
        ("${UNSET:-}", Ok("")),
        ("${UNSET:-${OTHER}}", Ok("other")),
        ("${UNSET:-a ${UNSET:-b} c}", Ok("a b c")),
        ("${SET:+used}", Ok("used")),
        ("${EMPTY:+used}", Ok("")),
        ("${EMPTY+used}", Ok("used")),
        ("${UNSET+used}", Ok("")),
        ("${UNSET:-:-}", Ok(":-")),
        ("${SET:?must be}", Ok("value")),
        ("${UNSET:?must be}", Err("variable `UNSET` is not set: must be")),
        ("${EMPTY:?}", Err("variable `EMPTY` is not set: is required")),
        ("${EMPTY?}", Ok("")),
        ("costs 5$", Err("a `$` that begins no variable")),
        ("${SET", Err("a `$` that begins no variable")),
        ("${SET!x}", Err("a `$` that begins no variable")),
    ];
    for (written, expected) in table {
        let text = format!("services: {{app: {{image: x, user: '{written}'}}}}");
        let got = one(&text, &set).map(|file| file.services["app"].user.clone());
        match (expected, got) {
            (Ok(expected), Ok(got)) => assert_eq!(got.as_deref(), Some(expected), "{written}"),
            (Err(part), Err(message)) => assert!(message.contains(part), "{written}: {message}"),
            (expected, got) => panic!("{written}: expected {expected:?}, got {got:?}"),
        }
    }
}

#[test]
fn variables_that_are_not_set_are_said() {
    let file = one("services: {app: {image: 'x:${TAG}'}}", &[]).expect("a file");
    let notes: Vec<String> = file.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        ["compose.yaml:1:25: warning: variable `TAG` is not set and counts as empty; set it in \
          the environment or in `.env`, or write `${TAG:-text}`"]
    );
}

#[test]
fn ports_are_read_in_every_form() {
    let table = [
        ("80", "80"),
        ("'8080:80'", "8080->80"),
        ("'127.0.0.1:8080:80'", "127.0.0.1:8080->80"),
        ("'127.0.0.1::80'", "127.0.0.1:*->80"),
        ("'[::1]:8080:80'", "::1:8080->80"),
        ("'53:53/udp'", "53->53/udp"),
        ("'8000-8002:9000-9002'", "8000->9000 8001->9001 8002->9002"),
        ("'8000-8010:80'", "80"),
        ("'7000-7001'", "7000 7001"),
        ("{target: 80}", "80"),
        ("{target: 80, published: '8080', protocol: udp}", "8080->80/udp"),
        ("'0'", "refused"),
        ("'80:'", "refused"),
        ("'99999'", "refused"),
        ("'80/sctp'", "refused"),
        ("'8000-8002:80-81'", "refused"),
        ("'1-60000'", "refused"),
        ("{published: 80}", "refused"),
        ("[80]", "refused"),
    ];
    for (written, expected) in table {
        let text = format!("services: {{app: {{image: x, ports: [{written}]}}}}");
        let got = one(&text, &[]).map_or("refused".to_owned(), |file| {
            let ports = file.services["app"].ports.iter().map(|port| {
                let host = port.host.map(|host| host.to_string());
                let ip = port.host_ip.as_ref().map(|ip| format!("{ip}:"));
                let front = match (ip, host) {
                    (None, None) => String::new(),
                    (ip, host) => {
                        let host = host.unwrap_or_else(|| "*".to_owned());
                        format!("{}{host}->", ip.unwrap_or_default())
                    }
                };
                format!("{front}{}{}", port.container, if port.is_udp { "/udp" } else { "" })
            });
            ports.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(got, expected, "{written}");
    }
}

#[test]
fn volumes_are_read_in_every_form() {
    let table = [
        ("/data", "anonymous /data"),
        ("./here:/data", "bind ./here /data"),
        ("/host:/data:ro", "bind /host /data ro"),
        ("~/x:/data:rw,z", "bind ~/x /data"),
        ("known:/data", "volume known /data"),
        ("{type: bind, source: ./here, target: /data, read_only: true}", "bind ./here /data ro"),
        ("{type: volume, source: known, target: /data}", "volume known /data"),
        ("{type: volume, target: /data}", "anonymous /data"),
        ("{type: tmpfs, target: /data, tmpfs: {size: 1m}}", "memory 1048576 /data"),
        ("unknown:/data", "not declared"),
        ("foreign:/data", "external"),
        ("./here:relative", "absolute"),
        ("a:b:c:d", "not a volume"),
        ("./here:/data:backwards", "not a volume"),
        ("{type: npipe, target: /data}", "not a volume"),
        ("{type: bind, target: /data}", "not a volume"),
    ];
    for (written, expected) in table {
        let quoted =
            if written.starts_with('{') { written.to_owned() } else { format!("'{written}'") };
        let text = format!(
            "services: {{app: {{image: x, volumes: [{quoted}]}}}}\nvolumes: {{known: , foreign: {{external: true}}}}"
        );
        let got = one(&text, &[]).map_or_else(
            |message| message,
            |file| {
                let mount = &file.services["app"].mounts[0];
                let source = match &mount.source {
                    MountSource::Bind(path) => format!("bind {path}"),
                    MountSource::Volume(name) => format!("volume {name}"),
                    MountSource::Anonymous => "anonymous".to_owned(),
                    MountSource::Memory(size) => format!("memory {}", size.unwrap_or_default()),
                    other => format!("{other:?}"),
                };
                format!("{source} {}{}", mount.target, if mount.read_only { " ro" } else { "" })
            },
        );
        assert!(got.contains(expected), "{written}: {got}");
    }
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let text = "\
services:
  app:
    image: [x]
    imagee: x
    ports: 80
    cpus: many
    init: perhaps
    healthcheck: {test: [RUN, it], interval: 5, retries: -1}
    depends_on: {db: {condition: ready}, gone: {}}
    ulimits: {nofile: {soft: 1}}
    stop_grace_period: soon
    networks: [nowhere]
    env_file: none.env
    network_mode: host
    dns: 1.1.1.1
    restart: always
    tty: true
    deploy: {replicas: 3}
  db: {command: x}
  unused: {image: [also wrong], ports: wrong}
serivces: {}
";
    let none = |_: &str| Ok(None);
    let variables = BTreeMap::new();
    let source = ComposeSource { text, label: "compose.yaml", variables: &variables, read: &none };
    let failure = read(&source, &["app"]).expect_err("mistakes");
    let lines: Vec<String> = failure.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn files_that_are_none_are_refused() {
    let table = [
        ("", "services"),
        ("services:", "no `services`"),
        ("- a\n- b", "no `services`"),
        ("services: {web: {image: x}}", "no service `app`"),
        ("services: {app: 7}", "not a service"),
        ("services: {app: }", "not a service"),
        ("services: {app: {build: }}", "neither `image` nor `build`"),
        ("services: {app: {image: x, image: y}}", "written twice"),
        ("services: {app: {image: x, command: 'open \"quote'}}", "quote is left open"),
        ("services: {app: {image: x", "broken YAML"),
        ("services: {app: {image: x, depends_on: [app]}}", "app -> app"),
        (
            "services: {app: {image: x, depends_on: [b]}, b: {image: x, depends_on: [app]}}",
            "app -> b -> app",
        ),
        (
            "services: {app: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}",
            "profiles are not active",
        ),
    ];
    for (text, part) in table {
        let message = one(text, &[]).map(|file| format!("{file:?}")).expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn profiles_are_active_by_variable_or_by_name() {
    let text =
        "services: {app: {image: x, profiles: [a], depends_on: [b]}, b: {image: x, profiles: [P]}}";
    assert!(one(text, &[]).is_err());
    let file = one(text, &[("COMPOSE_PROFILES", "z, P")]).expect("active by variable");
    assert_eq!(file.services.len(), 2);
    let shared = text.replace("[a]", "[P]");
    assert_eq!(one(&shared, &[]).expect("active by the name of app").services.len(), 2);
}

#[test]
fn random_bytes_never_panic() {
    let base = std::fs::read_to_string(folder("newest").join("compose.yaml")).expect("a fixture");
    let mut random = apex_tests::random::Random::new(7);
    for _ in 0..2_000 {
        let mut bytes = base.clone().into_bytes();
        for _ in 0..random.within(1, 4) {
            let at = random.within(0, bytes.len() as u64 - 1) as usize;
            bytes[at] = random.pick(b"{}[]:-$\"'\n #*&!|>\x00a1");
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(file) = one(&text, &[]) {
            assert!(file.notes.iter().all(|note| note.severity != Severity::Error));
        }
    }
}
