//! The fields of the layer file but for categories and services.

use super::entries::{CATEGORY, SETS};
use super::service_fields::{SERVICE, SERVICE_DEPENDENCY};
use super::{
    Fallback::{EmptyList, EmptyMap, Flag, Number, Unset, Word, Words},
    Field, Form, Kind, LAYERS, Record, SERVICES, TEXT, TEXTS,
};
use crate::model::AlertMetric;

/// A layer file as a whole.
pub static FILE: Record = Record {
    name: "file",
    extends: None,
    fields: &[
        Field::new("apex", Kind::Integer(1, 1), Unset, "version of the format; marks a native file"),
        Field::new("metadata", Kind::Record(&METADATA), EmptyMap, "free text about the file"),
        Field::new("layers", Kind::Map(Form::LayerId, &Kind::Record(&LAYER)), EmptyMap, "the layers that exist, by id"),
        Field::new("execution_config", Kind::Record(&EXECUTION_CONFIG), EmptyMap, "what holds for a run over layers as a whole"),
        Field::new("environments", Kind::Map(Form::EnvironmentName, &Kind::Record(&ENVIRONMENT)), EmptyMap, "changes for one environment"),
        Field::new("execution", Kind::Record(&EXECUTION), EmptyMap, "what holds for a run over categories without layers"),
        Field::new("service_dependencies", Kind::Map(Form::ServiceName, &Kind::Record(&SERVICE_DEPENDENCY)), EmptyMap, "the older description of services"),
        Field::new("services", Kind::Map(Form::ServiceName, &Kind::Record(&SERVICE)), EmptyMap, "services and how they come up"),
        Field::new("categories", Kind::Map(Form::CategoryName, &Kind::Record(&CATEGORY)), EmptyMap, "categories by name, whether a layer lists them or not"),
        Field::new("supplementary", Kind::Map(Form::CategoryName, &Kind::Record(&CATEGORY)), EmptyMap, "categories that are no part of `all`"),
        Field::new("defaults", Kind::Record(&CATEGORY), EmptyMap, "what categories of this file take when they say nothing"),
        Field::new("schema", TEXT, Unset, "name of the format of a category file"),
        Field::new("sets", SETS, EmptyMap, "named lists of categories"),
        Field::new("modes", Kind::Map(Form::ModeName, &Kind::Record(&MODE)), EmptyMap, "own words for `--mode`"),
        Field::new("quarantine", Kind::List(&Kind::Record(&QUARANTINED)), EmptyList, "tests that run and are reported but do not decide"),
        Field::new("monitoring", Kind::Record(&MONITORING), EmptyMap, "progress, samples and reports").without_effect(),
        Field::new("alerts", Kind::List(&Kind::Record(&ALERT)), EmptyList, "conditions that somebody is told of"),
        Field::new("telemetry", Kind::Record(&TELEMETRY), EmptyMap, "where traces, metrics, logs and events go"),
        Field::new("retention", Kind::Record(&RETENTION), EmptyMap, "how long state on disk is kept"),
        Field::new("secrets", Kind::Record(&SECRETS), EmptyMap, "what is never shown or kept as it is"),
    ],
};

/// `secrets`.
pub(crate) static SECRETS: Record = Record {
    name: "secrets",
    extends: None,
    fields: &[
        Field::new("names", Kind::List(&VARIABLE_PATTERN), Words(SECRET_NAMES), "names of variables whose values are masked in everything that is shown or kept; `*` stands for any text, upper and lower case are the same"),
        Field::new("variables", Kind::List(&VARIABLE_PATTERN), EmptyList, "further variables whose values are masked, written as `names`"),
        Field::new("except", Kind::List(&VARIABLE_PATTERN), EmptyList, "variables that are no secrets, whatever `names` says; written as `names`"),
        Field::new("files", Kind::List(&Kind::Text(Form::Length(1, 4096))), EmptyList, "files whose lines are masked, below the project root or absolute; of `NAME=value` the value"),
    ],
};

const VARIABLE_PATTERN: Kind = Kind::Text(Form::Length(1, 256));

/// Names that usually stand for something secret.
const SECRET_NAMES: &[&str] = &["*TOKEN", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*SECRET", "*SECRET_KEY*", "*_KEY", "*APIKEY", "*CREDENTIAL", "*CREDENTIALS", "*_PAT", "*CONNECTION_STRING"];

/// An entry of `quarantine`.
pub(crate) static QUARANTINED: Record = Record {
    name: "quarantined",
    extends: None,
    fields: &[
        Field::required("test", Kind::Text(Form::Length(1, 1000)), "id of the test as reports show it; `*` stands for any text"),
        Field::new("category", Kind::Text(Form::CategoryName), Unset, "the category it belongs to; any when not written"),
        Field::required("owner", Kind::Text(Form::Length(1, 200)), "who mends it"),
        Field::required("reason", Kind::Text(Form::Length(1, 1000)), "why it may not decide, for example a link to the report"),
        Field::required("expires", Kind::Text(Form::Date), "the last day it holds; after that it is an error"),
    ],
};

/// `metadata`.
pub(crate) static METADATA: Record = Record {
    name: "metadata",
    extends: None,
    fields: &[
        Field::new("version", Kind::Text(Form::ThreePartVersion), Unset, "version of the file"),
        Field::new("description", TEXT, Unset, "what the file is for"),
        Field::new("created_at", Kind::Text(Form::Date), Unset, "when it was made"),
        Field::new("config_schema_version", Kind::Text(Form::TwoPartVersion), Unset, "version of the older schema"),
    ],
};

/// `layers.<id>`.
pub(crate) static LAYER: Record = Record {
    name: "layer",
    extends: None,
    fields: &[
        Field::new("name", Kind::Text(Form::Length(1, 80)), Unset, "its name for people; its id when not written"),
        Field::new("description", Kind::Text(Form::Length(0, 400)), Word(""), "what it is for"),
        Field::new("priority", Kind::Integer(1, 5), Unset, "order among layers that are ready; its position when not written"),
        Field::new("execution_order", Kind::Integer(1, 10), Unset, "second key of that order; its position when not written"),
        Field::new("max_duration_minutes", Kind::Number(0.1, 180.0), Number(60.0), "the time it may take"),
        Field::new("execution_mode", Kind::Word(&["sequential", "parallel", "hybrid"]), Word("parallel"), "how its categories run beside each other"),
        Field::new("fail_fast", Kind::Boolean, Flag(false), "stop at the first failed test when no strategy names the layer"),
        Field::new("background_execution", Kind::Boolean, Flag(false), "it never holds up others"),
        Field::new("dependencies", LAYERS, EmptyList, "layers that come before it"),
        Field::new("conflicts", Kind::List(&TEXT), EmptyList, "layers or categories that it must not run beside"),
        Field::new("required_services", SERVICES, EmptyList, "services that are ready before its first job"),
        Field::new("resource_limits", Kind::Record(&RESOURCE_LIMITS), EmptyMap, "its share of the machine"),
        Field::new("categories", Kind::List(&Kind::Record(&CATEGORY)), Unset, "its categories in order, at least one"),
        Field::new("grace_seconds", Kind::Integer(0, 300), Number(10.0), "time between the request to end and the kill"),
        Field::new("success_criteria", Kind::Record(&SUCCESS_CRITERIA), EmptyMap, "when it counts as a success in spite of failures"),
        Field::new("llm_requirements", Kind::Record(&LLM_REQUIREMENTS), EmptyMap, "the language model that its tests meet"),
        Field::new("environment_overrides", Kind::Map(Form::EnvironmentName, &Kind::Record(&LAYER_OVERRIDE)), EmptyMap, "changes for one environment"),
        Field::new("timeout_multiplier", Kind::Number(0.1, 20.0), Number(1.0), "factor on its budget, its categories' timeouts and the start limits of its services"),
        Field::new("custom_config", Kind::Anything, EmptyMap, "given to children as JSON in APEX_CUSTOM_CONFIG"),
        Field::new("custom_settings", Kind::Anything, EmptyMap, "as `custom_config`, which beats it"),
        Field::new("budget_policy", Kind::Word(&["strict", "select"]), Unset, "what happens to work that does not fit the budget: `strict` starts all of it and cuts it off, `select` chooses beforehand, once there is history; when not written, `select` for fast_feedback and `strict` for others"),
        Field::new("at_least_every_runs", Kind::Integer(1, 1000), Number(10.0), "in so many runs `select` runs every test at least once"),
        Field::new("at_least_every_days", Kind::Integer(1, 365), Number(7.0), "in so many days `select` runs every test at least once"),
        Field::new("retry_budget_percent", Kind::Number(0.0, 100.0), Number(20.0), "share of the budget that retries may use"),
        Field::new("flaky", FLAKY, Word("warn"), "what a flaky test counts as"),
    ],
};

/// `pass`, `warn` or `fail`.
pub(super) const FLAKY: Kind = Kind::Word(&["pass", "warn", "fail"]);

/// A layer inside a block for an environment.
static LAYER_OVERRIDE: Record = Record {
    name: "layer_override",
    extends: Some(&LAYER),
    fields: &[
        Field::new("max_parallel_instances", Kind::Integer(1, 64), Unset, "short for `resource_limits.max_parallel_instances`"),
        Field::new("skip_performance_tests", Kind::Boolean, Flag(false), "leaves category `performance` out"),
    ],
};

static RESOURCE_LIMITS: Record = Record {
    name: "resource_limits",
    extends: None,
    fields: &[
        Field::new("max_memory_mb", Kind::Integer(128, 65536), Number(1024.0), "ceiling for the memory of its processes"),
        Field::new("max_cpu_percent", Kind::Integer(10, 100), Number(70.0), "share of the machine's processors"),
        Field::new("max_parallel_instances", Kind::Integer(1, 64), Number(4.0), "jobs of the layer at the same time"),
    ],
};

static SUCCESS_CRITERIA: Record = Record {
    name: "success_criteria",
    extends: None,
    fields: &[
        Field::new("min_pass_rate", Kind::Number(0.0, 1.0), Number(0.95), "passed / (passed + failed + errors) is at least this"),
        Field::new("max_failures", Kind::Integer(0, 100_000), Number(5.0), "at most this many failed tests"),
        Field::new("critical_tests_must_pass", Kind::Boolean, Flag(true), "no critical test may fail"),
        Field::new("allow_partial_success", Kind::Boolean, Flag(false), "criteria met with failures is exit code 0"),
    ],
};

static LLM_REQUIREMENTS: Record = Record {
    name: "llm_requirements",
    extends: None,
    fields: &[
        Field::new("mode", Kind::Word(&["real", "mock", "hybrid"]), Unset, "model mode of the layer's tests"),
        Field::new("timeout_seconds", Kind::Integer(1, 600), Number(60.0), "limit of one request to the model"),
        Field::new("fallback_to_mock", Kind::Boolean, Flag(true), "take the mocked model when the real one does not answer"),
    ],
};

/// `execution_config`.
pub(crate) static EXECUTION_CONFIG: Record = Record {
    name: "execution_config",
    extends: None,
    fields: &[
        Field::new("layer_execution_mode", Kind::Word(&["sequential", "waterfall", "waterfall_with_background", "parallel"]), Word("waterfall_with_background"), "in which order layers run"),
        Field::new("global_timeout_minutes", Kind::Number(1.0, 1440.0), Number(95.0), "limit of the whole run"),
        Field::new("layer_startup_timeout_seconds", Kind::Integer(1, 600), Number(30.0), "limit to bring services up beyond their own"),
        Field::new("inter_layer_delay_seconds", Kind::Number(0.0, 60.0), Number(0.0), "pause between layers"),
        Field::new("affected_sample_percent", Kind::Integer(0, 100), Number(5.0), "share of the categories that no change concerns and that run all the same, to check their `inputs`"),
        Field::new("max_global_parallel_tests", Kind::Integer(1, 128), Number(8.0), "jobs at the same time over all layers"),
        Field::new("max_memory_usage_mb", Kind::Integer(256, 1_048_576), Number(6144.0), "memory over all layers"),
        Field::new("max_cpu_usage_percent", Kind::Integer(10, 100), Number(90.0), "processors over all layers"),
        Field::new("fail_fast_strategy", Kind::Map(Form::LayerId, &Kind::Word(&["immediate", "category", "layer", "disabled"])), EmptyMap, "what a failure in a layer stops"),
        Field::new("resource_conflict_resolution", Kind::Word(&["priority_based", "first_come_first_serve", "round_robin"]), Word("priority_based"), "who is admitted when resources free up"),
        Field::new("background_execution", Kind::Record(&BACKGROUND), EmptyMap, "layers behind the others"),
    ],
};

static BACKGROUND: Record = Record {
    name: "background_execution",
    extends: None,
    fields: &[
        Field::new("enabled", Kind::Boolean, Flag(true), "whether layers run in the background at all"),
        Field::new("max_background_layers", Kind::Integer(0, 8), Number(1.0), "background layers at the same time"),
        Field::new("background_layers", LAYERS, EmptyList, "background layers besides those that say so themselves"),
        Field::new("monitoring_interval_seconds", Kind::Integer(1, 300), Number(30.0), "rhythm of the status").without_effect(),
        Field::new("retries", Kind::Integer(0, 10), Number(1.0), "how often a background task is tried again that could not run (exit codes 3 and 6); never because a test failed"),
        Field::new("expire_hours", Kind::Integer(1, 8_760), Number(24.0), "hours after which a background task that did not start is given up"),
    ],
};

static ENVIRONMENT: Record = Record {
    name: "environment",
    extends: None,
    fields: &[Field::new("layer_overrides", Kind::Map(Form::LayerId, &Kind::Record(&LAYER_OVERRIDE)), EmptyMap, "changes to layers")],
};

/// `execution`.
pub(crate) static EXECUTION: Record = Record {
    name: "execution",
    extends: None,
    fields: &[
        Field::new("splitting_strategy", TEXT, Unset, "how categories are cut into shards; without effect, because `shards` and `split` of each category say so").without_effect(),
        Field::new("target_window_duration_minutes", Kind::Number(0.1, 1440.0), Unset, "wanted duration of one shard; without effect, because `split` of each category says it").without_effect(),
        Field::new("max_windows", Kind::Integer(1, 1000), Unset, "most shards of one category; without effect, because `split` of each category says it").without_effect(),
        Field::new("max_parallel_workers", Kind::Integer(1, 128), Unset, "jobs at the same time, with the limit over all layers"),
        Field::new("fail_fast_mode", Kind::Word(&["disabled", "dependency_aware", "first_failure", "category_failure", "critical_failure", "threshold_based", "smart_adaptive"]), Word("dependency_aware"), "what a failure stops in a run without layers; `apex run --fail-fast` has the same words"),
        Field::new("failure_rate_threshold", Kind::Number(0.0, 1.0), Number(0.3), "failed share that stops by `threshold_based` and `smart_adaptive`, 0 to 1"),
        Field::new("critical_failure_count", Kind::Integer(1, 1000), Number(1.0), "failed critical tests that stop by `critical_failure`, `threshold_based` and `smart_adaptive`"),
        Field::new("consecutive_failures", Kind::Integer(1, 1000), Number(5.0), "failed tests in a row that stop by `threshold_based` and `smart_adaptive`"),
        Field::new("evaluation_window_minutes", Kind::Number(0.1, 1440.0), Number(5.0), "how far back the share looks"),
        Field::new("min_sample_size", Kind::Integer(1, 100_000), Number(10.0), "tests that ended within the window before `threshold_based` looks at the share; `smart_adaptive` takes the lower bound of the share instead"),
        Field::new("timeout_minutes", Kind::Number(0.1, 1440.0), Unset, "limit of a run without layers; in native files only, for older ones were written when nothing kept it"),
        Field::new("memory_limit_mb", Kind::Integer(128, 1_048_576), Unset, "memory that running jobs may need together in a run without layers"),
        Field::new("cpu_limit_percent", Kind::Integer(10, 100), Unset, "processors of a run without layers; without effect, because the number of jobs follows what the machine is doing").without_effect(),
        Field::new("environment", Kind::Text(Form::EnvironmentName), Word("test"), "environment when nobody names one"),
        Field::new("use_real_services", Kind::Boolean, Unset, "services must be real").without_effect(),
        Field::new("use_real_llm", Kind::Boolean, Unset, "whether categories that say nothing of it meet a real language model"),
        Field::new("generate_reports", Kind::Boolean, Flag(true), "reports are written").without_effect(),
        Field::new("report_formats", TEXTS, EmptyList, "which reports").without_effect(),
        Field::new("enable_progress_tracking", Kind::Boolean, Flag(true), "progress is shown").without_effect(),
        Field::new("auto_save_interval_seconds", Kind::Integer(1, 3600), Unset, "rhythm of saved progress").without_effect(),
        Field::new("enable_persistence", Kind::Boolean, Flag(true), "progress is saved").without_effect(),
        Field::new("environment_overrides", Kind::Map(Form::EnvironmentName, &Kind::Record(&EXECUTION)), EmptyMap, "changes for one environment"),
    ],
};

/// `modes.<name>`.
pub(crate) static MODE: Record = Record {
    name: "mode",
    extends: None,
    fields: &[
        Field::new("description", TEXT, Word(""), "one line for people"),
        Field::new("layers", LAYERS, Unset, "the layers it runs; all when not written"),
        Field::new("background", Kind::OneOf(&[Kind::Boolean, LAYERS]), Flag(false), "true: background layers run behind the others; or a list of layers that do"),
        Field::new("wait", Kind::Boolean, Flag(true), "whether the exit code waits for background layers"),
        Field::new("max_duration_minutes", Kind::Number(0.1, 1440.0), Unset, "limit of the run"),
        Field::new("timeout_multiplier", Kind::Number(0.1, 20.0), Number(1.0), "factor on every budget and timeout"),
        Field::new("fail_fast", Kind::Word(&["immediate", "category", "layer", "disabled"]), Unset, "what a failure stops, in place of each layer's own rule"),
        Field::new("environment", Kind::Text(Form::EnvironmentName), Unset, "the environment it asks for"),
        Field::new("set", Kind::Anything, EmptyMap, "flags and their values").without_effect(),
    ],
};

static MONITORING: Record = Record {
    name: "monitoring",
    extends: None,
    fields: &[
        Field::new("progress_tracking", Kind::Record(&PROGRESS_TRACKING), EmptyMap, "progress events and files"),
        Field::new("performance_monitoring", Kind::Record(&PERFORMANCE_MONITORING), EmptyMap, "which samples are taken"),
        Field::new("reporting", Kind::Record(&REPORTING), EmptyMap, "parts of the layer report"),
    ],
};

static PROGRESS_TRACKING: Record = Record {
    name: "progress_tracking",
    extends: None,
    fields: &[
        Field::new("enabled", Kind::Boolean, Flag(true), "whether progress is tracked"),
        Field::new("granularity", Kind::Word(&["layer", "category", "test"]), Word("category"), "how fine"),
        Field::new("persist_progress", Kind::Boolean, Flag(true), "whether it is written to disk"),
        Field::new("checkpoint_interval_seconds", Kind::Integer(1, 300), Number(30.0), "how often"),
    ],
};

static PERFORMANCE_MONITORING: Record = Record {
    name: "performance_monitoring",
    extends: None,
    fields: &[
        Field::new("enabled", Kind::Boolean, Flag(true), "whether samples are taken"),
        Field::new("memory_monitoring", Kind::Boolean, Flag(true), "of memory"),
        Field::new("cpu_monitoring", Kind::Boolean, Flag(true), "of processors"),
        Field::new("network_monitoring", Kind::Boolean, Flag(false), "of the network"),
        Field::new("disk_monitoring", Kind::Boolean, Flag(false), "of disks"),
    ],
};

static REPORTING: Record = Record {
    name: "reporting",
    extends: None,
    fields: &[
        Field::new("layer_reports", Kind::Boolean, Flag(true), "one report a layer"),
        Field::new("timing_analysis", Kind::Boolean, Flag(true), "with times"),
        Field::new("resource_usage_reports", Kind::Boolean, Flag(true), "with resources"),
        Field::new("dependency_analysis", Kind::Boolean, Flag(true), "with dependencies"),
        Field::new("report_formats", Kind::List(&Kind::Word(&["json", "html", "junit", "xml", "csv"])), Words(&["json"]), "which formats"),
        Field::new("report_output_dir", TEXT, Word("test_reports/layers"), "where to"),
    ],
};

pub(crate) static ALERT: Record = Record {
    name: "alert",
    extends: None,
    fields: &[
        Field::required("name", TEXT, "its name"),
        Field::new("metric", Kind::Word(&AlertMetric::WORDS), Unset, "what is looked at"),
        Field::new("above", Kind::Number(f64::MIN, f64::MAX), Unset, "fires above this"),
        Field::new("below", Kind::Number(f64::MIN, f64::MAX), Unset, "fires below this"),
        Field::new("when", Kind::Text(Form::Length(1, 1000)), Unset, "in place of these: comparisons with `and`, `or` and parentheses, such as `failure_rate > 0.1 and failures >= 3`"),
        Field::new("for_seconds", Kind::Number(0.0, 86400.0), Number(0.0), "only after so long"),
        Field::new("window_seconds", Kind::Number(1.0, 86400.0), Unset, "how far back rates and counts of tests look; to the beginning when not written"),
        Field::new("min_tests", Kind::Integer(1, 1_000_000), Number(10.0), "tests that must have run before a rate counts while the run goes on"),
        Field::new("layer", Kind::Text(Form::LayerId), Unset, "only in this layer"),
        Field::new("level", Kind::Word(&["low", "medium", "high", "critical"]), Word("medium"), "how bad it is"),
        Field::new("notify", TEXTS, Words(&["log"]), "`log`, `console`, `github`, the URL of a webhook, or `slack:` and the URL"),
        Field::new("command", super::COMMAND, Unset, "program that is told, as JSON on its standard input"),
        Field::new("mute", Kind::Boolean, Flag(false), "looked at, and nobody is told"),
    ],
};

pub(crate) static TELEMETRY: Record = Record {
    name: "telemetry",
    extends: None,
    fields: &[
        Field::new("otlp", Kind::Record(&OTLP), EmptyMap, "traces, metrics and logs for a collector"),
        Field::new("metrics", Kind::Record(&METRICS), EmptyMap, "metrics as text for Prometheus"),
        Field::new("websocket", Kind::Record(&WEBSOCKET), EmptyMap, "events for web clients").without_effect(),
        Field::new("logs", Kind::Record(&LOGS), EmptyMap, "Apex's own log: lines of JSON, a file for each of its parts"),
        Field::new("resources", Kind::Record(&RESOURCES), EmptyMap, "what machine, Apex, jobs and services use, as events"),
        Field::new("llm", Kind::Record(&LLM), EmptyMap, "whether the language model answers").without_effect(),
    ],
};

static OTLP: Record = Record {
    name: "otlp",
    extends: None,
    fields: &[
        Field::new("endpoint", TEXT, Unset, "URL of the collector; `/v1/traces` and so on are added for `http`"),
        Field::new("protocol", Kind::Word(&["grpc", "http", "http_json"]), Word("http"), "how it is spoken to"),
        Field::new("headers", super::TEXT_MAP, EmptyMap, "headers of every request"),
        Field::new("compression", Kind::Word(&["none", "gzip"]), Word("none"), "how requests are packed"),
        Field::new("certificate", TEXT, Unset, "PEM file of the authorities that the collector's certificate may come from; those of the system when not written"),
        Field::new("folder", TEXT, Unset, "folder for lines of OTLP JSON, one file a signal, in place of or beside a collector"),
        Field::new("traces", Kind::Boolean, Flag(true), "spans of run, layers, categories, jobs, tests and services"),
        Field::new("metrics", Kind::Boolean, Flag(true), "durations, counts, use of budgets"),
        Field::new("logs", Kind::Boolean, Flag(false), "what jobs write, below their spans"),
        Field::new("exit_seconds", Kind::Number(0.0, 60.0), Number(2.0), "how long the end of a run may wait for the collector"),
    ],
};

static METRICS: Record = Record {
    name: "metrics",
    extends: None,
    fields: &[
        Field::new("file", TEXT, Unset, "file for what a run measured, relative to the project root; written when it is over"),
        Field::new("listen", TEXT, Unset, "address to ask; `apex serve` answers at `/metrics`").without_effect(),
    ],
};

static WEBSOCKET: Record = Record {
    name: "websocket",
    extends: None,
    fields: &[
        Field::new("listen", TEXT, Word("127.0.0.1:0"), "address to connect to"),
        Field::new("token", TEXT, Unset, "what a client has to know"),
        Field::new("origins", TEXTS, EmptyList, "pages that may connect"),
        Field::new("replay", Kind::Integer(0, 1_000_000), Number(1000.0), "events kept for late clients"),
    ],
};

static LOGS: Record = Record {
    name: "logs",
    extends: None,
    fields: &[
        Field::new("dir", TEXT, Unset, "folder of the files, relative to the project root; `logs` in the state folder when not written"),
        Field::new("level", Kind::Word(&["off", "error", "warn", "info", "debug", "trace"]), Word("info"), "how much is said; `APEX_LOG` beats it, for each part by name"),
        Field::new("rotate_mb", Kind::Integer(1, 10_000), Number(100.0), "size from which on a file is put aside"),
        Field::new("rotate_days", Kind::Integer(1, 3_650), Number(30.0), "age from which on it is"),
        Field::new("keep", Kind::Integer(0, 1000), Number(10.0), "files of each part that are kept beside the newest"),
    ],
};

static RESOURCES: Record = Record {
    name: "resources",
    extends: None,
    fields: &[
        Field::new("enabled", Kind::Boolean, Flag(true), "looks from time to time; runs that are shorter than the time between two looks have none"),
        Field::new("interval_seconds", Kind::Number(0.1, 3_600.0), Number(5.0), "time between two looks"),
    ],
};

static LLM: Record = Record {
    name: "llm",
    extends: None,
    fields: &[Field::new("check", super::COMMAND, Unset, "ends with 0 when the model answers")],
};

/// `retention`.
pub(crate) static RETENTION: Record = Record {
    name: "retention",
    extends: None,
    fields: &[
        Field::new("runs", Kind::Integer(1, 100_000), Number(50.0), "newest run directories that are kept"),
        Field::new("run_days", Kind::Integer(1, 36_500), Number(90.0), "days that run directories are kept"),
        Field::new("runs_megabytes", Kind::Integer(1, 1_048_576), Number(4096.0), "size that run directories may have together"),
        Field::new("background_days", Kind::Integer(1, 36_500), Number(30.0), "days that background records are kept"),
        Field::new("history_days", Kind::Integer(1, 36_500), Number(90.0), "days that history is kept"),
        Field::new("history_megabytes", Kind::Integer(1, 1_048_576), Number(256.0), "size that history may have"),
    ],
};
