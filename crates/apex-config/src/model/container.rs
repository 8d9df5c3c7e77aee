//! A container that a service comes up as.

use std::collections::BTreeMap;

use super::CommandLine;

/// Everything about a container that the engine has to be told, and that is not true of every
/// service (ports, environment and readiness are in [`Service`](super::Service)).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Container {
    /// Where its image comes from.
    pub image: ImageSource,
    /// When an image is fetched.
    pub pull: PullPolicy,
    /// What runs in place of the entry point of the image.
    pub entrypoint: Option<Vec<String>>,
    /// What runs in place of the command of the image.
    pub command: Option<CommandLine>,
    /// User (and group) that it runs as, as the engine reads it.
    pub user: Option<String>,
    /// Where it runs, inside.
    pub working_directory: Option<String>,
    /// What is mounted.
    pub mounts: Vec<Mount>,
    /// What it may use.
    pub limits: ContainerLimits,
    /// Whether it gets every right over the machine.
    pub privileged: bool,
    /// What the configuration agrees to.
    pub consent: Consent,
    /// How the engine looks whether it is healthy; none means what the image says.
    pub health: Option<HealthTest>,
    /// Further entries of its hosts file, `name:address`.
    pub extra_hosts: Vec<String>,
    /// Size of its shared memory in bytes; none means the engine's default.
    pub shared_memory: Option<u64>,
    /// What few services say, mostly those of compose files.
    pub details: ContainerDetails,
}

impl Container {
    /// A container of this image, without anything else.
    #[must_use]
    pub fn new(image: ImageSource) -> Self {
        Self {
            image,
            pull: PullPolicy::Missing,
            entrypoint: None,
            command: None,
            user: None,
            working_directory: None,
            mounts: Vec::new(),
            limits: ContainerLimits::default(),
            privileged: false,
            consent: Consent::default(),
            health: None,
            extra_hosts: Vec::new(),
            shared_memory: None,
            details: ContainerDetails::default(),
        }
    }
}

/// A network that a container names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerNetwork {
    /// Its name; empty for the usual one.
    pub name: String,
    /// What the container is called in it beside its own name.
    pub aliases: Vec<String>,
}

/// What few services say about their container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerDetails {
    /// Networks that it is in; empty means the usual one.
    pub networks: Vec<ContainerNetwork>,
    /// Its own name as a host; none means the name of the service.
    pub host_name: Option<String>,
    /// Limits of its processes by name (`nofile`).
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Settings of the kernel.
    pub sysctls: BTreeMap<String, String>,
    /// Labels beside those of Apex.
    pub labels: BTreeMap<String, String>,
    /// Capabilities beyond the usual ones.
    pub capabilities_added: Vec<String>,
    /// Capabilities that are taken away.
    pub capabilities_dropped: Vec<String>,
    /// Whether a small init runs as process 1.
    pub init: bool,
    /// Whether its own files cannot be changed.
    pub read_only: bool,
    /// The signal that asks it to end; none means what the image says.
    pub stop_signal: Option<String>,
    /// How long it may take to end; none means the grace of the run.
    pub stop_grace: Option<std::time::Duration>,
}

/// A limit of processes; -1 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// Up to which a process may raise it itself.
    pub soft: i64,
    /// The most.
    pub hard: i64,
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// It has this name.
    Named(String),
    /// It is built.
    Built {
        /// Folder with what is built, relative to the project root.
        context: String,
        /// Its recipe, relative to the context; none means `Dockerfile`.
        dockerfile: Option<String>,
        /// Its stage; none means the last.
        target: Option<String>,
        /// Arguments of the build.
        arguments: BTreeMap<String, String>,
    },
}

/// When an image is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// When it is not on this machine.
    #[default]
    Missing,
    /// Before every start.
    Always,
    /// Never.
    Never,
}

/// What is mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// A path of this machine.
    Path {
        /// Relative to the project root, or absolute.
        source: String,
        /// Absolute, inside.
        target: String,
        /// Whether it may not be written.
        read_only: bool,
    },
    /// Space that the engine keeps, made for the service and removed with it.
    Volume {
        /// Its name within the run; none for one that nobody shares.
        name: Option<String>,
        /// Absolute, inside.
        target: String,
        /// Whether it may not be written.
        read_only: bool,
    },
    /// Memory.
    Memory {
        /// Absolute, inside.
        target: String,
        /// Options as the engine reads them, such as `size=64m`.
        options: String,
    },
}

/// What a container may use; none means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ContainerLimits {
    /// Memory in MiB; there is no swap beyond it.
    pub memory_mb: Option<u32>,
    /// Processors.
    pub cpus: Option<f64>,
    /// Processes.
    pub pids: Option<u32>,
}

/// What a configuration agrees to that reaches beyond the project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Paths outside of the project may be mounted.
    pub outside_mounts: bool,
    /// A container may be privileged.
    pub privileged: bool,
    /// The socket of a container engine may be mounted.
    pub engine_socket: bool,
}

/// How an engine looks whether a container is healthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthTest {
    /// What runs inside and ends with 0.
    pub command: CommandLine,
    /// Pause between two looks.
    pub interval: std::time::Duration,
    /// How long one look may take.
    pub timeout: std::time::Duration,
    /// Looks that fail in a row until it is unhealthy.
    pub retries: u32,
    /// Time after the start in which failures do not count.
    pub start_period: std::time::Duration,
}
