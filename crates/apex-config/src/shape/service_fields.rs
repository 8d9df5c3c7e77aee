//! The fields of services, in their own and in the older form.

use super::{
    COMMAND,
    Fallback::{EmptyList, EmptyMap, Flag, Number, Unset, Word},
    Field, Form, Kind, LAYERS, PATH, Record, SERVICES, TEXT, TEXT_MAP, TEXTS,
};

/// `service_dependencies.<name>`.
pub(crate) static SERVICE_DEPENDENCY: Record = Record {
    name: "service_dependency",
    extends: None,
    fields: &[
        Field::new("startup_timeout_seconds", Kind::Integer(1, 600), Number(30.0), "limit until it is ready"),
        Field::new("depends_on", SERVICES, EmptyList, "services that are ready before it starts"),
        Field::new("build_required", Kind::Boolean, Flag(false), "it is built first").without_effect(),
        Field::new("required_for_layers", LAYERS, EmptyList, "layers that need it"),
        Field::new("health_check_endpoint", TEXT, Unset, "`/path`, `host:port[/path]` or a URL that answers when it is ready"),
        Field::new("health_check_command", COMMAND, Unset, "ends with 0 when it is ready"),
    ],
};

/// `services.<name>`.
pub(crate) static SERVICE: Record = Record {
    name: "service",
    extends: None,
    fields: &[
        Field::new("image", Kind::OneOf(&[TEXT, Kind::Record(&IMAGE)]), Unset, "container image"),
        Field::new("build", Kind::OneOf(&[PATH, Kind::Record(&BUILD)]), Unset, "image to build"),
        Field::new("compose", Kind::Record(&COMPOSE), Unset, "service of a compose file"),
        Field::new("process", Kind::Record(&PROCESS), Unset, "program that Apex starts and ends"),
        Field::new("external", Kind::Record(&EXTERNAL), Unset, "already running somewhere"),
        Field::new("ports", PORTS, EmptyMap, "label and port inside the container, or port that is wanted"),
        Field::new("host_ports", PORTS, EmptyMap, "label and fixed port on this machine"),
        Field::new("env", TEXT_MAP, EmptyMap, "its environment"),
        Field::new("secrets", SECRETS, EmptyMap, "variables of its environment that are never shown, and where their values are"),
        Field::new("pull", Kind::Word(&["missing", "always", "never"]), Word("missing"), "when its image is fetched"),
        Field::new("entrypoint", Kind::List(&TEXT), Unset, "in place of the entry point of the image"),
        Field::new("command", COMMAND, Unset, "in place of the command of the image"),
        Field::new("user", TEXT, Unset, "user that its container runs as"),
        Field::new("working_directory", TEXT, Unset, "where it runs, inside of the container"),
        Field::new("volumes", TEXTS, EmptyList, "what is mounted: `./path:/inside`, `name:/inside` or `/inside`, with `:ro` to forbid writing"),
        Field::new("tmpfs", TEXTS, EmptyList, "memory that is mounted: `/inside` or `/inside:size=64m`"),
        Field::new("privileged", Kind::Boolean, Flag(false), "every right over the machine; needs `consent`"),
        Field::new("consent", CONSENT, EmptyList, "what may reach beyond the project"),
        Field::new("memory_mb", Kind::Integer(16, 1_048_576), Unset, "memory it may use"),
        Field::new("cpus", Kind::Number(0.01, 1024.0), Unset, "processors it may use"),
        Field::new("pids", Kind::Integer(1, 1_000_000), Unset, "processes it may have"),
        Field::new("aliases", TEXTS, EmptyList, "other names it is known by"),
        Field::new("readiness", Kind::Record(&READINESS), EmptyMap, "when it counts as ready"),
        Field::new("depends_on", SERVICES, Unset, "services that are ready before it starts"),
        Field::new("oneshot", Kind::Boolean, Flag(false), "ready means ended with 0"),
        Field::new("scope", Kind::Word(&["run", "layer", "category", "keep"]), Word("run"), "how long it lives"),
        Field::new("ttl_minutes", Kind::Number(0.1, 100_000.0), Number(120.0), "how long a kept one is used"),
        Field::new("restart", Kind::Integer(0, 100), Number(0.0), "restarts after a crash"),
        Field::new("remote_url", TEXT, Unset, "where it answers in staging and production"),
        Field::new("exports", TEXT_MAP, EmptyMap, "variables for tests, with {host}, {port} and {url}"),
    ],
};

const CONSENT: Kind = Kind::List(&Kind::Word(&["outside_mounts", "privileged", "engine_socket", "unverified_tls"]));

const PORTS: Kind = Kind::Map(Form::Length(1, 64), &Kind::Integer(0, 65535));

const SECRETS: Kind = Kind::Map(Form::Length(1, 256), &Kind::Record(&SECRET));

static SECRET: Record = Record {
    name: "secret",
    extends: None,
    fields: &[
        Field::new("file", PATH, Unset, "file that holds the value"),
        Field::new("variable", TEXT, Unset, "variable of the environment of Apex that holds it"),
    ],
};

static IMAGE: Record = Record {
    name: "image",
    extends: None,
    fields: &[
        Field::new("default", TEXT, Unset, "the usual image"),
        Field::new("alpine", TEXT, Unset, "the small one"),
        Field::new("production", TEXT, Unset, "the one of production"),
    ],
};

static BUILD: Record = Record {
    name: "build",
    extends: None,
    fields: &[
        Field::new("context", PATH, Unset, "folder with what is built"),
        Field::new("dockerfile", PATH, Unset, "its recipe"),
        Field::new("target", TEXT, Unset, "its stage"),
        Field::new("args", TEXT_MAP, EmptyMap, "arguments of the build"),
    ],
};

static COMPOSE: Record = Record {
    name: "compose",
    extends: None,
    fields: &[
        Field::required("file", PATH, "the compose file"),
        Field::required("service", TEXT, "the service in it"),
    ],
};

static PROCESS: Record = Record {
    name: "process",
    extends: None,
    fields: &[
        Field::required("command", COMMAND, "the program; {port} and {port.LABEL} are filled in"),
        Field::new("working_directory", PATH, Unset, "where it runs, relative to the project root"),
    ],
};

static EXTERNAL: Record = Record {
    name: "external",
    extends: None,
    fields: &[Field::required("url", TEXT, "where it answers")],
};

/// `services.<name>.readiness`.
static READINESS: Record = Record {
    name: "readiness",
    extends: None,
    fields: &[
        Field::new("tcp", TEXT, Unset, "label of a port that accepts a connection"),
        Field::new("http", Kind::Record(&HTTP), Unset, "a GET that is answered"),
        Field::new("command", COMMAND, Unset, "ends with 0"),
        Field::new("command_on", Kind::Word(&["service", "host"]), Word("service"), "where that command runs: inside of the container, or on this machine"),
        Field::new("log", TEXT, Unset, "regular expression for a line of its output"),
        Field::new("file", PATH, Unset, "a file that exists"),
        Field::new("healthcheck", Kind::Boolean, Flag(false), "what the image says about its health"),
        Field::new("preset", Kind::Word(&["postgres", "redis", "mysql", "rabbitmq"]), Unset, "it answers in the language of this sort of server"),
        Field::new("interval_seconds", Kind::Number(0.01, 60.0), Number(0.25), "pause between two looks"),
        Field::new("timeout_seconds", Kind::Number(0.1, 600.0), Number(30.0), "limit from its start"),
    ],
};

static HTTP: Record = Record {
    name: "http",
    extends: None,
    fields: &[
        Field::new("port", TEXT, Word("main"), "label of the port"),
        Field::new("path", TEXT, Word("/"), "path with its leading slash"),
        Field::new("status", Kind::Integer(100, 599), Unset, "wanted status; 200 to 399 when not written"),
        Field::new("contains", TEXT, Unset, "text in the first 64 KiB of what is answered"),
        Field::new("tls", Kind::Boolean, Flag(false), "it is asked by https"),
        Field::new("ca_file", PATH, Unset, "file of certificates (PEM) that are trusted beside those of the system; means `tls`"),
        Field::new("insecure", Kind::Boolean, Flag(false), "any certificate is taken; means `tls`, and needs `consent: [unverified_tls]`"),
    ],
};
