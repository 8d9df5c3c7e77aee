//! A service that tests need.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{CommandLine, ServiceName};

/// A service that layers and categories can require.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Service {
    /// Its main name.
    pub name: ServiceName,
    /// Other names it is known by.
    pub aliases: Vec<String>,
    /// How it comes up.
    pub source: ServiceSource,
    /// Label → port: of a container its inner port, of a process the port that is wanted, 0 for
    /// any free one.
    pub ports: BTreeMap<String, u16>,
    /// Label → fixed port on the host.
    pub host_ports: BTreeMap<String, u16>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// When it counts as ready.
    pub readiness: Readiness,
    /// Services that are ready before it starts.
    pub depends_on: Vec<ServiceName>,
    /// Variables for tests, with `{host}`, `{port}` and `{url}`.
    pub exports: BTreeMap<String, String>,
}

impl Service {
    /// A service that comes up like this and has nothing else: no ports, no checks, a look every
    /// 250 milliseconds for up to 30 seconds.
    #[must_use]
    pub const fn new(name: ServiceName, source: ServiceSource) -> Self {
        Self {
            name,
            aliases: Vec::new(),
            source,
            ports: BTreeMap::new(),
            host_ports: BTreeMap::new(),
            env: BTreeMap::new(),
            readiness: Readiness {
                checks: Vec::new(),
                interval: Duration::from_millis(250),
                timeout: Duration::from_secs(30),
            },
            depends_on: Vec::new(),
            exports: BTreeMap::new(),
        }
    }
}

/// How a service comes up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceSource {
    /// Known by name only: nothing says how to start it.
    Undefined,
    /// A program that Apex starts and ends.
    Process {
        /// The program; `{port}` and `{port.LABEL}` are filled in.
        command: CommandLine,
        /// Where it runs, relative to the project root.
        working_directory: Option<String>,
    },
    /// Already running: checked, never started or stopped.
    External {
        /// Where it answers.
        url: String,
    },
    /// Needs a container engine, which this version does not drive; the text names the kind.
    Container {
        /// `image`, `build` or `compose`.
        kind: &'static str,
    },
}

/// When a service counts as ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Readiness {
    /// All of these hold; empty means "as soon as it runs".
    pub checks: Vec<ReadinessCheck>,
    /// Pause between two looks.
    pub interval: Duration,
    /// Limit from its start.
    pub timeout: Duration,
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadinessCheck {
    /// The port of that label accepts a connection.
    Tcp {
        /// Label of the port.
        port: String,
    },
    /// A GET answers with the status.
    Http {
        /// Label of the port.
        port: String,
        /// Path, with its leading `/`.
        path: String,
        /// Wanted status; none means any from 200 to 399.
        status: Option<u16>,
    },
    /// A command ends with 0.
    Command(CommandLine),
    /// A line of its output matches this regular expression.
    Log(String),
    /// A file exists, relative to the project root.
    File(String),
}
