//! A service that tests need.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{CommandLine, Container, ServiceName};

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
    /// Variables of its environment that are never shown, and where their values are.
    pub secrets: BTreeMap<String, SecretSource>,
    /// When it counts as ready.
    pub readiness: Readiness,
    /// Services that are ready before it starts.
    pub depends_on: Vec<ServiceName>,
    /// Variables for tests, with `{host}`, `{port}` and `{url}`.
    pub exports: BTreeMap<String, String>,
    /// Whether it does a piece of work and ends: it is ready when it ended with 0.
    pub oneshot: bool,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// How often it starts again after it ended by itself.
    pub restarts: u32,
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
            secrets: BTreeMap::new(),
            readiness: Readiness {
                checks: Vec::new(),
                interval: Duration::from_millis(250),
                timeout: Duration::from_secs(30),
            },
            depends_on: Vec::new(),
            exports: BTreeMap::new(),
            oneshot: false,
            lifetime: Lifetime::Run,
            restarts: 0,
        }
    }

    /// Says that it runs already, at this URL. What only a container or program of its own has is
    /// not asked of it: inner and fixed ports, and checks that look inside.
    pub fn move_to(&mut self, url: String) {
        self.source = ServiceSource::External { url };
        self.ports.clear();
        self.host_ports.clear();
        self.readiness.checks.retain(|check| {
            use ReadinessCheck::{Command, Http, Preset, Tcp};
            matches!(check, Command(_) | Http { .. } | Preset { .. } | Tcp { .. })
        });
    }
}

/// How long a service lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// One for the run.
    Run,
    /// A fresh one for each layer that needs it.
    Layer,
    /// A fresh one for each category that needs it.
    Category,
    /// It stays when the run is over and is used again while its definition is the same.
    Keep {
        /// How long after its start it may be used.
        for_at_most: Duration,
    },
}

/// How a service comes up.
#[derive(Clone, Debug, PartialEq)]
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
    /// A container that an engine runs.
    Container(Box<Container>),
    /// A service of a compose file.
    Compose {
        /// The file, relative to the project root.
        file: String,
        /// The service in it.
        service: String,
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
        /// Text that the body has to contain.
        body: Option<String>,
        /// How it is encrypted; none for plain http.
        tls: Option<Tls>,
    },
    /// A command on this machine ends with 0.
    Command(CommandLine),
    /// A command inside of the container ends with 0.
    Inside(CommandLine),
    /// The engine says that the container is healthy.
    Healthy,
    /// It answers in the language of its sort.
    Preset {
        /// Which language.
        preset: Preset,
        /// Label of the port.
        port: String,
    },
    /// A line of its output matches this regular expression.
    Log(String),
    /// A file exists, relative to the project root.
    File(String),
}

/// How a readiness check is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// File of certificates that are trusted beside those of the system, relative to the project
    /// root.
    pub authorities: Option<String>,
    /// Whether any certificate is taken. Only with the consent of the configuration.
    pub unverified: bool,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, relative to the project root; line ends at its end do not count.
    File(String),
    /// A variable of the environment of Apex.
    Variable(String),
}

/// Sorts of services whose language readiness checks speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// PostgreSQL answers a start of a session.
    Postgres,
    /// Redis answers `PING`.
    Redis,
    /// MySQL and MariaDB greet.
    Mysql,
    /// RabbitMQ answers the header of AMQP 0-9-1.
    Rabbitmq,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Redis, Self::Mysql, Self::Rabbitmq];

    /// Its name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Mysql => "mysql",
            Self::Rabbitmq => "rabbitmq",
        }
    }

    /// The port that services of this sort listen on.
    #[must_use]
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Redis => 6379,
            Self::Mysql => 3306,
            Self::Rabbitmq => 5672,
        }
    }

    /// The preset that a word means: its name, or another name of the same sort of server.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "postgres" | "postgresql" | "postgis" | "timescaledb" | "pgvector" => {
                Some(Self::Postgres)
            }
            "redis" | "valkey" | "keydb" => Some(Self::Redis),
            "mysql" | "mariadb" => Some(Self::Mysql),
            "rabbitmq" => Some(Self::Rabbitmq),
            _ => None,
        }
    }
}
