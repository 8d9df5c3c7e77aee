//! Every variable of the process environment that Apex reads or sets, declared once: the code
//! takes the names from here, and the page of the reference is made from here.
//!
//! It knows names and meanings; reading and setting them is the business of others.

use std::fmt::Write as _;

/// The layer file.
pub const CONFIG: &str = "APEX_CONFIG";
/// The project folder.
pub const PROJECT_ROOT: &str = "APEX_PROJECT_ROOT";
/// Where the records of runs go.
pub const STATE_DIR: &str = "APEX_STATE_DIR";
/// How much Apex's own log says.
pub const LOG: &str = "APEX_LOG";
/// The same, older name: set, it says everything.
pub const ORCHESTRATION_DEBUG: &str = "ORCHESTRATION_DEBUG";
/// The variables that name the environment, the stronger first.
pub const ENVIRONMENT_NAMES: [&str; 5] =
    ["APEX_ENV", "TEST_ENVIRONMENT", TEST_ENV, ENVIRONMENT, "NETRA_ENVIRONMENT"];
/// What variables that are configuration begin with.
pub const CONFIG_PREFIX: &str = "TEST_CONFIG_";
/// Whether this is a pipeline.
pub const CI: &str = "CI";
/// The variables in which a CI system names the branch that a change is meant for, the stronger
/// first.
pub const TARGET_BRANCHES: [&str; 4] = [
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CHANGE_TARGET",
];
/// In which variables a CI system says which of how many nodes this is, and the number of its
/// first node: name of the number, name of the count, first number.
pub const NODES: [(&str, &str, u32); 3] = [
    ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
];
/// Says that this is a job of GitHub Actions.
pub const GITHUB_ACTIONS: &str = "GITHUB_ACTIONS";
/// Says that this is a job of GitLab CI.
pub const GITLAB_CI: &str = "GITLAB_CI";
/// Asks for colour, by the word of Node and others.
pub const FORCE_COLOR: &str = "FORCE_COLOR";
/// Whether pytest and its like use colour.
pub const PY_COLORS: &str = "PY_COLORS";
/// Whether cargo uses colour.
pub const CARGO_TERM_COLOR: &str = "CARGO_TERM_COLOR";
/// The folder for temporary files.
pub const TMPDIR: &str = "TMPDIR";
/// Which language model tests meet.
pub const TEST_LLM_MODE: &str = "TEST_LLM_MODE";
/// Limit of one request to it.
pub const TEST_LLM_TIMEOUT: &str = "TEST_LLM_TIMEOUT";
/// Whether it is a real one, by the names of older suites.
pub const REAL_LLM: [&str; 4] =
    ["NETRA_REAL_LLM_ENABLED", "ENABLE_REAL_LLM_TESTING", "USE_REAL_LLM", "TEST_USE_REAL_LLM"];
/// The file for the summary of a step of GitHub Actions.
pub const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// Forbids colour.
pub const NO_COLOR: &str = "NO_COLOR";
/// Asks for colour anywhere.
pub const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";
/// The sort of terminal.
pub const TERM: &str = "TERM";
/// The variables that name the locale, the stronger first.
pub const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];
/// The folders that programs are looked for in.
pub const PATH: &str = "PATH";
/// Where the container engine is.
pub const DOCKER_HOST: &str = "DOCKER_HOST";
/// The context of the Docker command.
pub const DOCKER_CONTEXT: &str = "DOCKER_CONTEXT";
/// Whether a container engine at `tcp://` is spoken to with TLS.
pub const DOCKER_TLS_VERIFY: &str = "DOCKER_TLS_VERIFY";
/// The folder with the certificates for that.
pub const DOCKER_CERT_PATH: &str = "DOCKER_CERT_PATH";
/// The folder of the Docker command.
pub const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
/// The profiles of compose files that are active.
pub const COMPOSE_PROFILES: &str = "COMPOSE_PROFILES";
/// The folder for sockets of a user.
pub const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// The active virtual environment of Python.
pub const VIRTUAL_ENV: &str = "VIRTUAL_ENV";

/// The span that a process was called in, in both directions: what called Apex, and the job.
pub const TRACEPARENT: &str = "TRACEPARENT";
/// What tracing systems on the way said, in both directions.
pub const TRACESTATE: &str = "TRACESTATE";
/// What is passed on with a trace, in both directions.
pub const BAGGAGE: &str = "BAGGAGE";
/// That each test has a span of its own below the one of its job.
pub const TEST_SPANS: &str = "APEX_TEST_SPANS";

/// The run.
pub const RUN_ID: &str = "APEX_RUN_ID";
/// The job.
pub const JOB_ID: &str = "APEX_JOB_ID";
/// Marks everything that a program of Apex started, wherever it goes.
pub const JOB_COOKIE: &str = "APEX_JOB_COOKIE";
/// The category.
pub const CATEGORY: &str = "APEX_CATEGORY";
/// The layer.
pub const LAYER: &str = "APEX_LAYER";
/// The attempt.
pub const ATTEMPT: &str = "APEX_ATTEMPT";
/// The shard.
pub const SHARD: &str = "APEX_SHARD";
/// What the layer says under `custom_config`.
pub const CUSTOM_CONFIG: &str = "APEX_CUSTOM_CONFIG";
/// What the variables of a service begin with.
pub const SERVICE_PREFIX: &str = "APEX_SERVICE_";
/// The environment.
pub const TEST_ENV: &str = "TEST_ENV";
/// The environment, by its older name.
pub const ENVIRONMENT: &str = "ENVIRONMENT";
/// That tests run.
pub const TESTING: &str = "TESTING";
/// That Apex runs them.
pub const TEST_ORCHESTRATOR_ACTIVE: &str = "TEST_ORCHESTRATOR_ACTIVE";
/// Whether they run in layers.
pub const TEST_LAYER_EXECUTION: &str = "TEST_LAYER_EXECUTION";
/// That Python writes at once.
pub const PYTHONUNBUFFERED: &str = "PYTHONUNBUFFERED";
/// That Python writes UTF-8.
pub const PYTHONUTF8: &str = "PYTHONUTF8";

/// A variable, or a family of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name; a part in `<>` stands for any word.
    pub name: &'static str,
    /// What it means, for people.
    pub about: &'static str,
}

/// Variables of one sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common, as a title.
    pub title: &'static str,
    /// A sentence about all of them.
    pub about: &'static str,
    /// The variables.
    pub variables: &'static [Declared],
}

const fn of(name: &'static str, about: &'static str) -> Declared {
    Declared { name, about }
}

/// Every variable that Apex reads or sets.
#[rustfmt::skip]
pub static GROUPS: [Group; 8] = [
    Group {
        title: "What Apex is asked",
        about: "A flag beats the variable; a variable of the process beats a line of a `.env` file, and \
                of those files only the names of the environment, `TEST_CONFIG_...` and `${...}` are read.",
        variables: &[
            of(PROJECT_ROOT, "the project folder, as `--project`"),
            of(CONFIG, "the layer file, as `--config`"),
            of(STATE_DIR, "folder for the records of runs, in place of `.apex` in the project; relative to its root"),
            of(LOG, "how much Apex's own log says, in place of `telemetry.logs.level`: `off`, `error`, `warn`, `info`, `debug` or `trace`, and for single parts `ResourceManagement=debug`, separated by commas"),
            of(ORCHESTRATION_DEBUG, "set to anything but nothing, `0` and `false`: the log says `debug`; `APEX_LOG` beats it"),
            of(ENVIRONMENT_NAMES[0], "the environment, as `--env`; of these five the first that names a known one counts"),
            of(ENVIRONMENT_NAMES[1], "the same, older name"),
            of(TEST_ENV, "the same, older name"),
            of(ENVIRONMENT, "the same, older name"),
            of(ENVIRONMENT_NAMES[4], "the same, older name"),
        ],
    },
    Group {
        title: "Values of the configuration",
        about: "They beat every file. A value that begins with `[` or `{` is read as YAML; names are written in \
                capitals. One that names no field is told with the nearest field that exists.",
        variables: &[
            of("TEST_CONFIG_EXECUTION_<FIELD>", "a field of `execution` or `execution_config`"),
            of("TEST_CONFIG_CATEGORY_<NAME>_<FIELD>", "a field of a category; the longest known name counts"),
            of("TEST_CONFIG_<FIELD>", "a field of the top level"),
        ],
    },
    Group {
        title: "Where Apex runs",
        about: "`--color` and `--progress-mode` beat these. Set means: to anything but nothing, `0` and `false`.",
        variables: &[
            of(TARGET_BRANCHES[0], "the branch that a change is meant for: the base of `--affected`; the first of these four that is set and known counts"),
            of(TARGET_BRANCHES[1], "the same in GitLab"),
            of(TARGET_BRANCHES[2], "the same in Buildkite"),
            of(TARGET_BRANCHES[3], "the same in Jenkins"),
            of(NODES[0].0, "for `--shard auto`: which node of Buildkite this is, from 0; the first of these three pairs that is set counts"),
            of(NODES[0].1, "of how many"),
            of(NODES[1].0, "the same in CircleCI, from 0"),
            of(NODES[1].1, "of how many"),
            of(NODES[2].0, "the same in GitLab, from 1"),
            of(NODES[2].1, "of how many"),
            of(GITHUB_STEP_SUMMARY, "with a report `github`: the file that the summary of the step is added to"),
            of(CI, "set: plain lines, nothing is redrawn"),
            of(GITHUB_ACTIONS, "`true`: plain lines are grouped by layer, so that they fold in the log"),
            of(GITLAB_CI, "the same, in the form of GitLab"),
            of(NO_COLOR, "set: no colour"),
            of(CLICOLOR_FORCE, "set: colour where there is no terminal too"),
            of("CLICOLOR", "`0`: no colour in help pages"),
            of(TERM, "`dumb` or nothing: plain lines without colour"),
            of(LOCALE[0], "the locale: symbols beyond ASCII where it is UTF-8; the first of these three that is set counts"),
            of(LOCALE[1], "the same"),
            of(LOCALE[2], "the same"),
            of("TMPDIR", "folder for the private files of jobs while they run"),
            of(PATH, "where programs are looked for"),
            of(VIRTUAL_ENV, "the environment of Python, after `.venv` and `venv` of the project"),
            of("GIT_DIR", "set: git is asked for the commit wherever the project lies, not only below a `.git`"),
            of(DOCKER_HOST, "where the container engine is: `unix://` or `tcp://`; else the context of the Docker command, else the usual sockets of Docker and podman"),
            of(DOCKER_CONTEXT, "the context, in place of the one that `docker context use` chose"),
            of(DOCKER_TLS_VERIFY, "set to anything: an engine at `tcp://` is spoken to with TLS"),
            of(DOCKER_CERT_PATH, "folder with `ca.pem`, `cert.pem` and `key.pem` for that, in place of `~/.docker`"),
            of(DOCKER_CONFIG, "folder of the files of the Docker command, in place of `~/.docker`"),
            of(COMPOSE_PROFILES, "profiles of compose files that are active, separated by commas"),
            of(XDG_RUNTIME_DIR, "folder in which a user's own podman has its socket"),
            of("PYENV_VERSION", "set: the start scripts of pyenv choose the version of Python"),
            of("RUST_TEST_THREADS", "tests that a test program of Rust runs at once"),
        ],
    },
    Group {
        title: "Where telemetry goes",
        about: "The variables of OpenTelemetry; they beat `telemetry.otlp` of the layer file. `<SIGNAL>_` may be \
                left out, or is `TRACES_`, `METRICS_` or `LOGS_`; the variable of one signal beats the one of all. \
                What CI systems say of repository and change is sent too: the table is in `ci_systems.rs`.",
        variables: &[
            of("OTEL_SDK_DISABLED", "`true`: nothing is sent"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_ENDPOINT", "URL of the collector; with a signal it is taken as it is, else `/v1/traces` and so on are added for HTTP"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_PROTOCOL", "`http/protobuf`, `http/json` or `grpc`"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_HEADERS", "headers of every request: `name=value,name=value`, other signs as `%41`"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_TIMEOUT", "how long one request may take, in milliseconds; 10000 when not set"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_COMPRESSION", "`gzip` or `none`"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_CERTIFICATE", "PEM file of the authorities that are trusted, in place of those of the system"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_CLIENT_CERTIFICATE", "PEM file of an own certificate"),
            of("OTEL_EXPORTER_OTLP_<SIGNAL>_CLIENT_KEY", "PEM file of its key"),
            of("OTEL_<SIGNAL>_EXPORTER", "`otlp`: the signal is sent, to this machine when no endpoint is named; `none`: it is not"),
            of("OTEL_SERVICE_NAME", "`service.name`; `apex` when not set"),
            of("OTEL_RESOURCE_ATTRIBUTES", "further facts about everything that is sent: `name=value,name=value`"),
            of("OTEL_TRACES_SAMPLER", "which traces are recorded: `always_on`, `always_off`, `traceidratio`, or one of them behind `parentbased_`"),
            of("OTEL_TRACES_SAMPLER_ARG", "the share for `traceidratio`, 0 to 1"),
            of("OTEL_BSP_SCHEDULE_DELAY", "milliseconds between two batches; 5000 when not set"),
            of("OTEL_METRIC_EXPORT_INTERVAL", "milliseconds between two looks at the metrics; 60000 when not set"),
            of("GITHUB_<NAME>", "what GitHub says of repository, change, pipeline and job"),
            of(GITLAB_CI, "set: GitLab says the same in `CI_<NAME>`"),
            of("BUILDKITE_<NAME>", "what Buildkite says"),
            of("JENKINS_URL", "set: Jenkins says the same in `GIT_<NAME>`, `CHANGE_<NAME>`, `JOB_NAME`, `BUILD_<NAME>` and others"),
            of("CIRCLE_<NAME>", "what CircleCI says"),
            of(TRACEPARENT, "the span that Apex was called in: the run hangs below it"),
            of(TRACESTATE, "what tracing systems said of it"),
            of(BAGGAGE, "what is passed on"),
        ],
    },
    Group {
        title: "The earlier command line",
        about: "Read when Apex is called without a subcommand, and set for its tests then, where they are not set already.",
        variables: &[
            of("APEX_BIN", "the program that the script of the earlier runner's name calls; found on PATH when not set"),
            of("APEX_COMPAT", "`strict`: the older way also where it was wrong, as `--compat strict`"),
            of("APEX_EXIT_CODES", "`fine`: the exit codes of `apex run`, as `--exit-codes fine`"),
            of("APEX_ALLOW_EMPTY", "a selection without tests is no failure, as `--allow-empty`"),
            of("TEST_MODE", "set: `real` with real services and a real language model, else `mock`"),
            of("USE_TEST_DATABASE", "set: `false` in production"),
            of("ALLOW_PROD_TESTS", "set: whether `--allow-prod` was given"),
            of("COVERAGE_ENABLED", "set: whether coverage is measured"),
            of("USE_REAL_SERVICES", "set: whether real services are meant"),
            of("SKIP_MOCKS", "set: the same"),
            of("USE_DOCKER_SERVICES", "set: whether containers may be used"),
            of("TEST_NO_SERVICES", "set: whether `--no-services` was given"),
            of("TEST_NO_DOCKER", "read: containers are not used"),
            of("TEST_USE_PRODUCTION_IMAGES", "set: whether `--docker-production` was given"),
            of("RUN_E2E_TESTS", "set: whether the category is end to end"),
            of("TEST_LLM_MODEL", "set: what `--llm-model` said"),
            of("DOCKER_PULL_POLICY", "set: what `--docker-pull-policy` said"),
        ],
    },
    Group {
        title: "What tests get",
        about: "Tests get the whole environment that Apex was called in, over it these, over these `env` of their \
                category. Services get the environment of the call and their own `env`.",
        variables: &[
            of(RUN_ID, "the run: a name that sorts by time"),
            of(JOB_ID, "the job: its number in the plan"),
            of(JOB_COOKIE, "a mark by which Apex finds what the job started, wherever it went; not to be changed"),
            of(CATEGORY, "the category"),
            of(LAYER, "the layer; `selection` when categories run without layers"),
            of(ATTEMPT, "the attempt of the job, from 1"),
            of(SHARD, "the shard as `n/m`; `1/1` for work that is not cut"),
            of(CUSTOM_CONFIG, "`custom_config` of the layer as JSON, where it has one"),
            of("APEX_SERVICE_<NAME>_HOST", "where a service answers; its name in capitals"),
            of("APEX_SERVICE_<NAME>_PORT", "its main port"),
            of("APEX_SERVICE_<NAME>_URL", "its address as a URL"),
            of("DATABASE_URL", "of the service `postgresql`: its address with user, password and name of the database; like the next ones only where it is not set already"),
            of("POSTGRES_<PART>", "`HOST` and `PORT` of the service `postgresql`; `USER`, `PASSWORD` and `DB` of its own `env` are part of `DATABASE_URL`"),
            of("TEST_POSTGRES_PORT", "its main port, older name"),
            of("REDIS_URL", "of the service `redis`: its address"),
            of("REDIS_HOST", "where it answers"),
            of("REDIS_PORT", "its main port"),
            of("TEST_REDIS_PORT", "the same, older name"),
            of("BACKEND_URL", "of the service `backend_service`: its address"),
            of("AUTH_SERVICE_URL", "of the service `auth_service`: its address"),
            of("FRONTEND_URL", "of the service `frontend_service`: its address"),
            of(TEST_ENV, "the environment"),
            of(ENVIRONMENT, "the same; `local` for `test` and `ci`"),
            of(TESTING, "always `1`"),
            of(TEST_ORCHESTRATOR_ACTIVE, "always `1`"),
            of(TEST_LAYER_EXECUTION, "`true` when layers run, `false` when categories run without them"),
            of(CI, "`1`, unless it is set outside"),
            of(TMPDIR, "an empty folder that no other attempt has meanwhile; what is left in it goes with the attempt, or stays with `keep_temporary` of the category"),
            of(TEST_LLM_MODE, "`real` or `mock`: `llm_requirements` of the layer, else `llm` of the category, else `execution.use_real_llm`"),
            of(TEST_LLM_TIMEOUT, "seconds for one request to the language model"),
            of(REAL_LLM[0], "`true` or `false`: the same as `TEST_LLM_MODE`"),
            of(REAL_LLM[1], "the same"),
            of(REAL_LLM[2], "the same"),
            of(REAL_LLM[3], "the same"),
            of(NO_COLOR, "with `colour: never` of the category `1`, with `always` empty"),
            of(FORCE_COLOR, "with `colour: always` `1`, with `never` empty"),
            of(CLICOLOR_FORCE, "with `colour: always` `1`, with `never` `0`"),
            of(PY_COLORS, "the same"),
            of(CARGO_TERM_COLOR, "with `colour` the same word"),
            of(PYTHONUNBUFFERED, "always `1`: what Python prints is seen at once"),
            of(PYTHONUTF8, "always `1`"),
            of(TRACEPARENT, "where traces are sent: the span of the job; of each single test in pytest"),
            of(TRACESTATE, "what it was, where traces are sent below a span that Apex was called in"),
            of(BAGGAGE, "where traces are sent: what it was, and `cicd.pipeline.run.id`, the run"),
        ],
    },
    Group {
        title: "What frameworks are told",
        about: "Between Apex and its plug-ins, a framework, or a tool that it asks; nothing for tests to rely on.",
        variables: &[
            of("APEX_EVENTS", "where a plug-in writes what happens"),
            of("APEX_ORDERS", "where a process of pytest that may run further jobs reads what to do; not handed on to tests"),
            of("APEX_SELECTION", "which tests a plug-in lets run, as JSON"),
            of("APEX_ONLY_<N>", "the tests of a retry, in parts"),
            of(TEST_SPANS, "where traces are sent: that a plug-in may tell each test its own span"),
            of("APEX_PART_<N>", "which part of its files a program of Python runs, in parts"),
            of("APEX_PART_<N>", "a file of tests that is cut over several jobs, in parts"),
            of("PYTEST_XDIST_WORKER", "read: inside of a worker of pytest-xdist the plug-in reports nothing itself"),
            of("PYTHONPATH", "the folder of the plug-in, then what it was"),
            of("PW_TEST_REPORTER", "the reporter of Apex, which Playwright adds to those of the project"),
            of("CARGO_TERM_COLOR", "`never`: the text of cargo is read"),
            of("CARGO_TERM_PROGRESS_WHEN", "`never`, for the same reason"),
            of("CARGO_MANIFEST_DIR", "as cargo sets it, for test programs that Apex starts itself"),
            of("CARGO_PKG_NAME", "the same"),
            of("GIT_OPTIONAL_LOCKS", "`0`: git is asked for the state of the project and writes nothing"),
            of("NEXTEST_EXPERIMENTAL_LIBTEST_JSON", "`1`: nextest reports test by test"),
        ],
    },
    Group {
        title: "Named in a layer file",
        about: "Values of `services`, `env`, `alerts` and `telemetry` may hold variables.",
        variables: &[
            of("${<NAME>}", "the value of a variable of the process or of a `.env` file; an error where it is not set"),
            of("${<NAME>:-<TEXT>}", "the same, with a text to take when it is not set or empty"),
        ],
    },
];

/// The page of the reference, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("# Environment variables\n");
    for group in &GROUPS {
        // Writing to a `String` cannot fail, here and below.
        let _ = write!(text, "\n## {}\n\n{}\n\n", group.title, group.about);
        text.push_str("| variable | meaning |\n|---|---|\n");
        for variable in group.variables {
            let _ = writeln!(text, "| `{}` | {} |", variable.name, variable.about);
        }
    }
    text
}
