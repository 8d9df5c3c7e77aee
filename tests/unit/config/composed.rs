//! Services of compose files in a layer file: what they become, and what counts more.

use std::fs;
use std::path::Path;
use std::time::Duration;

use apex_config::model::{
    CommandLine, Container, ImageSource, Mount, Preset, ReadinessCheck, Service, ServiceSource,
};
use apex_config::{LoadRequest, Loaded, Overlay, load};

const COMPOSE: &str = "\
services:
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: '${PASSWORD:-secret}', LEVEL: file}
    ports: ['5433:5432', '9000:9000/udp']
    healthcheck: {test: pg_isready, interval: 2s, retries: 50}
    volumes: ['data:/var/lib', './seed:/seed:ro', '../shared:/shared']
    ulimits: {nofile: 1024}
    mem_limit: 100m
    stop_grace_period: 7s
  migrate:
    build: ../app
    command: alembic upgrade 'the head'
    depends_on: {db: {condition: service_healthy}}
  api:
    image: api
    expose: [8000, 8001]
    healthcheck: {test: [CMD, check, it]}
    depends_on: {migrate: {condition: service_completed_successfully}, mail: {condition: service_started}}
    networks: {default: {aliases: [api.internal]}}
  mail: {image: mail, healthcheck: {disable: true}, ports: ['25']}
  unused: {image: [broken]}
volumes: {data: }
";

fn project(layers: &str) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    };
    write(
        "apex.yaml",
        &format!(
            "apex: 1\nlayers: {{one: {{categories: [{{name: unit, services: [shop_api]}}]}}}}\n{layers}"
        ),
    );
    write("deploy/compose.yaml", COMPOSE);
    write("deploy/.env", "PASSWORD=from the file\n");
    load(&LoadRequest {
        project: Some(folder.path()),
        start: Path::new("/"),
        config: None,
        environment: None,
        variables: &std::collections::BTreeMap::new(),
        today: None,
        flags: Overlay::flags(),
    })
    .map_err(|failure| {
        failure.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    })
}

const LAYERS: &str = "services: {shop_api: {compose: {file: deploy/compose.yaml, service: api}}}";

fn container(service: &Service) -> &Container {
    match &service.source {
        ServiceSource::Container(container) => container,
        other => panic!("{}: {other:?}", service.name),
    }
}

fn needs(service: &Service) -> Vec<&str> {
    service.depends_on.iter().map(|name| name.as_str()).collect()
}

#[test]
fn a_service_comes_with_everything_that_it_depends_on() {
    let loaded = project(LAYERS).expect("a configuration");
    let services = &loaded.config.services;
    let defined = services.iter().filter(|(_, one)| one.source != ServiceSource::Undefined);
    let mut names: Vec<&str> = defined.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["db", "mail", "migrate", "shop_api"]);
    let service = |name: &str| loaded.config.service(name).expect(name);

    let backend = service("shop_api");
    assert_eq!(needs(backend), ["migrate", "mail"]);
    assert!(backend.aliases.iter().any(|alias| alias == "api"), "{:?}", backend.aliases);
    let mut networks = container(backend).details.networks.iter();
    assert!(networks.any(|network| network.aliases == ["api.internal"]));
    assert_eq!(backend.ports["main"], 8000);
    assert_eq!(backend.ports["8001"], 8001);
    let check = CommandLine::Arguments(vec!["check".to_owned(), "it".to_owned()]);
    assert_eq!(backend.readiness.checks, [ReadinessCheck::Inside(check)]);

    let migrate = service("migrate");
    assert!(migrate.oneshot && migrate.readiness.checks.is_empty());
    assert_eq!(
        container(migrate).command,
        Some(CommandLine::Arguments(
            ["alembic", "upgrade", "the head"].map(str::to_owned).to_vec()
        ))
    );
    assert!(
        matches!(&container(migrate).image, ImageSource::Built { context, .. } if context == "app")
    );

    let db = service("db");
    assert_eq!(db.env["POSTGRES_PASSWORD"], "from the file");
    assert_eq!((db.ports["main"], db.host_ports["main"]), (5432, 5433));
    // The protocol is asked, and the service may take as long as its health check lets it.
    let preset = ReadinessCheck::Preset { preset: Preset::Postgres, port: "main".to_owned() };
    assert_eq!(db.readiness.checks, [preset]);
    assert_eq!(db.readiness.timeout, Duration::from_secs(100));
    let inner = container(db);
    assert_eq!(inner.limits.memory_mb, Some(100));
    assert_eq!(inner.details.ulimits["nofile"].hard, 1024);
    assert_eq!(inner.details.stop_grace, Some(Duration::from_secs(7)));
    let path = |source: &str, target: &str, read_only| Mount::Path {
        source: source.to_owned(),
        target: target.to_owned(),
        read_only,
    };
    assert_eq!(inner.mounts[1], path("deploy/seed", "/seed", true));
    assert_eq!(inner.mounts[2], path("shared", "/shared", false), "inside of the project");

    let mail = service("mail");
    assert_eq!(mail.readiness.checks, [ReadinessCheck::Tcp { port: "main".to_owned() }]);
    let notes: Vec<String> = loaded.notes.iter().map(ToString::to_string).collect();
    assert!(
        notes.iter().any(|note| note.contains("deploy/compose.yaml:2:3")
            && note.contains("port 9000 of UDP is not reached from the host")),
        "{notes:?}"
    );
}

#[test]
fn the_layer_file_counts_more() {
    let layers = "\
services:
  shop_api:
    compose: {file: deploy/compose.yaml, service: api}
    ports: {http: 8000}
    readiness: {http: {port: http, path: /health}}
  store: {compose: {file: deploy/compose.yaml, service: db}, env: {LEVEL: layer}, ports: {main: 5432}}
  mail: {external: {url: 'http://mail.example:25'}}
";
    let loaded = project(layers).expect("a configuration");
    let service = |name: &str| loaded.config.service(name).expect(name);
    let backend = service("shop_api");
    assert_eq!(backend.ports.len(), 1);
    assert!(matches!(backend.readiness.checks[..], [ReadinessCheck::Http { .. }]));
    let store = service("store");
    assert_eq!(store.env["LEVEL"], "layer");
    assert!(store.host_ports.is_empty(), "a port of the layer file is a free one");
    assert_eq!(needs(service("migrate")), ["store"], "the name of the layer file holds");
    assert!(matches!(service("mail").source, ServiceSource::External { .. }));
    assert!(!loaded.config.services.contains_key("db"));
}

#[test]
fn what_reaches_beyond_the_project_needs_consent() {
    let compose = "deploy/compose.yaml";
    let table = [
        ("volumes: ['/etc:/etc']", "outside_mounts", "outside of the project"),
        ("volumes: ['../../secrets:/s']", "outside_mounts", "outside of the project"),
        ("volumes: ['/var/run/docker.sock:/x']", "engine_socket", "socket of the engine"),
        ("privileged: true", "privileged", "every right"),
        ("cap_add: [sys_admin]", "privileged", "every right"),
        ("cap_add: [CAP_ALL]", "privileged", "every right"),
    ];
    for (line, consent, part) in table {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("deploy")).expect("a folder");
        let text = format!("services:\n  db:\n    image: x\n    {line}\n");
        fs::write(folder.path().join(compose), text).expect("a file");
        let load_with = |agreed: &str| {
            let layers = format!(
                "apex: 1\nlayers: {{one: {{categories: [{{name: unit, services: [db]}}]}}}}\n\
                 services: {{db: {{compose: {{file: {compose}, service: db}}{agreed}}}}}\n"
            );
            fs::write(folder.path().join("apex.yaml"), layers).expect("a file");
            load(&LoadRequest {
                project: Some(folder.path()),
                start: Path::new("/"),
                config: None,
                environment: None,
                variables: &std::collections::BTreeMap::new(),
                today: None,
                flags: Overlay::flags(),
            })
        };
        let refused = load_with("").expect_err(line).to_string();
        assert!(refused.contains(part) && refused.contains(compose), "{line}: {refused}");
        assert!(refused.contains(&format!("consent: [{consent}]")), "{line}: {refused}");
        load_with(&format!(", consent: [{consent}]")).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
}

#[test]
fn mistakes_say_which_file_and_what_to_do() {
    let table = [
        ("{file: none.yaml, service: api}", "apex.yaml:3:", "there is no such file"),
        ("{file: deploy/compose.yaml, service: apy}", "deploy/compose.yaml", "did you mean `api`"),
        (
            "{file: deploy/compose.yaml, service: unused}",
            "deploy/compose.yaml:22:",
            "not a single value",
        ),
    ];
    for (written, place, part) in table {
        let message =
            project(&format!("services: {{shop_api: {{compose: {written}}}}}")).expect_err(written);
        assert!(message.contains(place) && message.contains(part), "{written}: {message}");
    }
    let circle = "services: {shop_api: {compose: {file: deploy/compose.yaml, service: api}}, mail: {external: {url: 'http://x:1'}, depends_on: [shop_api]}}";
    let message = project(circle).expect_err("a circle");
    assert!(message.contains("mail -> shop_api -> mail"), "{message}");
}
