//! The fields of categories: in a layer, in the category table, and lists of them.

use super::fields::FLAKY;
use super::{
    CATEGORIES, COMMAND, ENVIRONMENTS,
    Fallback::{EmptyList, EmptyMap, Flag, Number, Unset, Word, Words},
    Field, Form, Kind, PATH, PATHS, Record, SERVICES, TEXT, TEXT_MAP, TEXTS,
};

/// An entry of `layers.<id>.categories`, or a value of `categories`: one vocabulary for both.
pub(crate) static CATEGORY: Record = Record {
    name: "category",
    extends: None,
    fields: &[
        Field::new("name", Kind::Text(Form::CategoryName), Unset, "its name; required in a layer"),
        Field::new("summary", TEXT, Word(""), "one line for people"),
        Field::new("timeout_seconds", Kind::Number(1.0, 7200.0), Number(300.0), "limit for all its jobs together"),
        Field::new("max_parallel_instances", Kind::Integer(1, 64), Number(2.0), "jobs of it at the same time in its layer"),
        Field::new("priority_order", Kind::Integer(1, 99), Unset, "order in the layer, groups of a hybrid one; its position when not written"),
        Field::new("grace_seconds", Kind::Integer(0, 300), Unset, "time between the request to end and the kill; as the layer when not written"),
        Field::new("runner", Kind::Word(&["pytest", "unittest", "cargo", "nextest", "go", "maven", "gradle", "jest", "vitest", "mocha", "node", "playwright", "cypress", "command"]), Unset, "the framework that runs it"),
        Field::new("command", COMMAND, Unset, "the program that is the category; a list runs without a shell"),
        Field::new("discover", COMMAND, Unset, "the program that lists its tests, one id a line; a command with `{tests}` or `{file}` then gets the ids"),
        Field::new("paths", TEXTS, EmptyList, "where its tests are, globs relative to `working_directory`"),
        Field::new("working_directory", PATH, Unset, "where it runs, relative to the project root"),
        Field::new("inputs", PATHS, EmptyList, "files whose change concerns it"),
        Field::new("report", PATH, Unset, "JUnit, TAP, CTRF or event files that a command writes; `stdout` for TAP there, `events` for lines appended to the path in `APEX_EVENTS`"),
        Field::new("env", TEXT_MAP, EmptyMap, "environment of its jobs"),
        Field::new("services", SERVICES, EmptyList, "services that are ready before its first job"),
        Field::new("shards", Kind::OneOf(&[Kind::Integer(1, 64), Kind::Word(&["auto"])]), Unset, "into how many jobs it is cut; `auto`: by what starting a program costs against what its tests take, for tests that do not depend on other files; when not written like `auto` for Node, which runs each file in a program of its own; tests of Python by whole files as long as earlier runs let trust that they do not depend on each other, where a failure counts after all ran in one program; else one"),
        Field::new("retries", Kind::Integer(0, 10), Number(0.0), "how often a failed test is tried again"),
        Field::new("retry_when", Kind::Word(&["at_once", "at_end"]), Word("at_end"), "when failed tests are tried again: at once, or after the other jobs of the layer and alone in the category"),
        Field::new("retry_on", Kind::List(&Kind::Word(&["failed", "errored", "timed_out", "out_of_memory", "environment", "usage"])), Words(&["failed", "errored", "timed_out"]), "what is worth another try; `out_of_memory`: the system killed its process, `environment`: its process never started, `usage`: its framework refused to run or its result contradicts itself"),
        Field::new("checks", Kind::Map(Form::Length(1, 64), &COMMAND), EmptyMap, "commands for lint, type-check and build").without_effect(),
        Field::new("llm", Kind::Word(&["real", "mock", "auto"]), Word("auto"), "which language model its tests meet"),
        Field::new("flaky", FLAKY, Unset, "what a flaky test counts as; as the layer when not written"),
        Field::new("resource_requirements", Kind::Record(&RESOURCE_REQUIREMENTS), EmptyMap, "what it needs to start"),
        Field::new("filters", Kind::Record(&FILTERS), EmptyMap, "which of the tests found belong to it"),
        Field::new("priority", Kind::Word(&["critical", "high", "medium", "low", "optional"]), Word("medium"), "how much it matters"),
        Field::new("type", Kind::Word(&["functional", "technical", "quality", "integration", "performance", "security", "e2e"]), Word("functional"), "what sort of tests it holds"),
        Field::new("estimate_minutes", Kind::Number(0.0, 1440.0), Number(5.0), "expected duration before anything was measured"),
        Field::new("depends_on", CATEGORIES, EmptyList, "categories that come before it in a run without layers"),
        Field::new("conflicts_with", CATEGORIES, EmptyList, "categories that it never runs beside"),
        Field::new("parallel_safe", Kind::Boolean, Flag(true), "whether it may run beside others at all"),
        Field::new("serial", Kind::OneOf(&[Kind::Boolean, SERIAL_NAME, Kind::List(&SERIAL_NAME)]), Flag(false), "names that its jobs hold alone: no two jobs with a name in common run at the same time, in whatever category or layer; true is the name `serial`"),
        Field::new("max_instances", Kind::Integer(1, 64), Number(8.0), "jobs of it at the same time in a run without layers"),
        Field::new("requires", Kind::List(&Kind::Word(&["real_services", "real_llm", "frontend", "backend", "database", "staging"])), EmptyList, "what it is meant to meet").without_effect(),
        Field::new("load", Kind::List(&Kind::Word(&["memory", "cpu", "database", "network"])), EmptyList, "what it loads; two with the same mark do not pair"),
        Field::new("docker", Kind::Word(&["never", "needed", "if_available"]), Word("needed"), "whether it is a reason to start containers").without_effect(),
        Field::new("only_in", ENVIRONMENTS, EmptyList, "environments it is bound to; empty means every one"),
        Field::new("layer", Kind::Text(Form::LayerId), Unset, "the standard layer that holds it"),
        Field::new("optional_layer", Kind::Text(Form::LayerId), Unset, "the standard layer that it joins on request"),
        Field::new("success_rate", Kind::Number(0.0, 1.0), Number(0.95), "wanted share of passed tests").without_effect(),
        Field::new("split", Kind::Record(&SPLIT), EmptyMap, "window for automatic splitting"),
        Field::new("output_limit_mb", Kind::Integer(1, 65536), Number(128.0), "output of one job that is kept in its file; of more, the beginning and the end"),
        Field::new("test_output_limit_kb", Kind::Integer(1, 64), Number(64.0), "message, traceback and output of one test that are kept, each; of more, the beginning and the end"),
        Field::new("slow_after_seconds", Kind::Number(0.1, 7200.0), Number(60.0), "a test that runs longer is said to be slow, once"),
        Field::new("quiet_after_seconds", Kind::Number(0.1, 7200.0), Number(60.0), "a job that wrote nothing for so long, and whose framework said nothing, is said to be quiet"),
        Field::new("no_output_timeout_seconds", Kind::Number(0.1, 7200.0), Unset, "a job that is quiet for so long is ended as timed out; never when not written"),
        Field::new("keep_temporary", Kind::Boolean, Flag(false), "keeps the folder that jobs get as TMPDIR, beside their output in the record of the run; else it goes with the job"),
        Field::new("colour", Kind::Word(&["inherit", "always", "never"]), Word("inherit"), "whether its programs are asked for colours, by NO_COLOR, FORCE_COLOR and the variables like them; `inherit`: as they are outside"),
        Field::new("arguments", TEXTS, EmptyList, "further arguments of its framework; a command has its own"),
        Field::new("tags", TEXTS, EmptyList, "free words for selection"),
    ],
};

/// What a job may hold alone.
const SERIAL_NAME: Kind = Kind::Text(Form::Length(1, 64));

static SPLIT: Record = Record {
    name: "split",
    extends: None,
    fields: &[
        Field::new("window_minutes", Kind::Number(0.1, 1440.0), Number(15.0), "wanted duration of one shard"),
        Field::new("max_shards", Kind::Integer(1, 64), Number(8.0), "most shards"),
    ],
};

static FILTERS: Record = Record {
    name: "filters",
    extends: None,
    fields: &[
        Field::new("include_patterns", TEXTS, EmptyList, "words or globs; empty includes everything"),
        Field::new("exclude_patterns", TEXTS, EmptyList, "words or globs"),
    ],
};

static RESOURCE_REQUIREMENTS: Record = Record {
    name: "resource_requirements",
    extends: None,
    fields: &[
        Field::new("requires_postgresql", Kind::Boolean, Flag(false), "adds service postgresql"),
        Field::new("requires_redis", Kind::Boolean, Flag(false), "adds service redis"),
        Field::new("requires_backend_service", Kind::Boolean, Flag(false), "adds service backend_service"),
        Field::new("requires_auth_service", Kind::Boolean, Flag(false), "adds service auth_service"),
        Field::new("requires_frontend_service", Kind::Boolean, Flag(false), "adds service frontend_service"),
        Field::new("requires_websocket_server", Kind::Boolean, Flag(false), "adds service websocket_server, or backend_service when that is not defined"),
        Field::new("requires_real_services", Kind::Boolean, Flag(false), "services must be real").without_effect(),
        Field::new("requires_real_llm", Kind::Boolean, Flag(false), "with `mode: hybrid` of the layer, its tests meet the real language model"),
        Field::new("requires_node_runtime", Kind::Boolean, Flag(false), "node must be there").without_effect(),
        Field::new("requires_frontend_build", Kind::Boolean, Flag(false), "the build runs first").without_effect(),
        Field::new("min_memory_mb", Kind::Integer(16, 65536), Number(64.0), "memory it needs to start"),
        Field::new("dedicated_resources", Kind::Boolean, Flag(false), "it needs the machine to itself"),
    ],
};

/// `sets`: lists of names, or groups of such lists.
pub(super) const SETS: Kind = Kind::Map(
    Form::Length(1, 64),
    &Kind::OneOf(&[
        TEXTS,
        TEXT,
        Kind::Map(Form::Length(1, 64), &Kind::OneOf(&[TEXTS, TEXT])),
    ]),
);
