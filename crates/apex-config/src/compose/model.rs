//! What a compose file says, as values.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::Ulimit;
use crate::place::Place;
use crate::problem::Problem;

/// The wanted services of a compose file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComposeFile {
    /// The services by name: those that were wanted and everything they depend on.
    pub services: BTreeMap<String, ComposeService>,
    /// Warnings and notes, sorted by place; what Apex does not carry out is among them.
    pub notes: Vec<Problem>,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ComposeService {
    /// Where it is written.
    pub place: Place,
    /// The image that it runs; with [`ComposeService::build`] the name that the build gets.
    pub image: Option<String>,
    /// How its image is made.
    pub build: Option<Build>,
    /// The argument vector in place of the image's command.
    pub command: Option<Vec<String>>,
    /// The argument vector in place of the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// Its environment: that of the files of `env_file`, over it `environment`.
    pub environment: BTreeMap<String, String>,
    /// Ports that are reached from the host.
    pub ports: Vec<PortMapping>,
    /// Ports that other services reach.
    pub expose: Vec<u16>,
    /// What is mounted into it.
    pub mounts: Vec<Mount>,
    /// What has to be before it starts.
    pub depends_on: Vec<Dependency>,
    /// How its health is seen.
    pub health: Option<HealthCheck>,
    /// Networks that it joins; empty for the default one.
    pub networks: Vec<NetworkUse>,
    /// Further names of hosts: name and address.
    pub extra_hosts: Vec<(String, String)>,
    /// Its own name as a host.
    pub hostname: Option<String>,
    /// The user, `name` or `uid:gid`.
    pub user: Option<String>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// Limits of its processes by name (`nofile`).
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Size of `/dev/shm` in bytes.
    pub shm_size: Option<u64>,
    /// Limits of the container.
    pub limits: Limits,
    /// Whether a small init runs as process 1.
    pub init: bool,
    /// Whether it has the rights of the host.
    pub privileged: bool,
    /// Whether its own files cannot be changed.
    pub read_only: bool,
    /// Capabilities that it gets beyond the usual ones.
    pub cap_add: Vec<String>,
    /// Capabilities that it does not get.
    pub cap_drop: Vec<String>,
    /// Settings of the kernel.
    pub sysctls: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The signal that asks it to end (`SIGINT`).
    pub stop_signal: Option<String>,
    /// How long it may take to end after that.
    pub stop_grace_period: Option<Duration>,
}

/// How an image is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The folder that is handed to the engine, relative to the folder of the compose file.
    pub context: String,
    /// The recipe, relative to the context; none for `Dockerfile`.
    pub dockerfile: Option<String>,
    /// The stage of the recipe that is wanted.
    pub target: Option<String>,
    /// Arguments of the recipe.
    pub args: BTreeMap<String, String>,
}

/// A port that is reached from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// The port inside.
    pub container: u16,
    /// The port on the host; none for any free one.
    pub host: Option<u16>,
    /// The address on the host; none when the file names none.
    pub host_ip: Option<String>,
    /// Whether it is a port of UDP and not of TCP.
    pub is_udp: bool,
}

/// Something that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is written.
    pub place: Place,
    /// What.
    pub source: MountSource,
    /// Where to, an absolute path inside.
    pub target: String,
    /// Whether it cannot be changed from inside.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountSource {
    /// A file or folder of the host, relative to the folder of the compose file, or absolute.
    Bind(String),
    /// A volume that is shared under this name.
    Volume(String),
    /// A volume of the service alone.
    Anonymous,
    /// Memory, of at most so many bytes.
    Memory(Option<u64>),
}

/// Something that has to be before a service starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The other service.
    pub service: String,
    /// What it has to be.
    pub condition: Condition,
    /// Whether the service starts without it when it cannot be had.
    pub is_optional: bool,
}

/// What a dependency has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Started.
    Started,
    /// Healthy.
    Healthy,
    /// Ended with exit code 0.
    Completed,
}

/// How the health of a service is seen. What is not written is the engine's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is run.
    pub test: HealthTest,
    /// Pause between two checks.
    pub interval: Option<Duration>,
    /// Limit of one check.
    pub timeout: Option<Duration>,
    /// Failures in a row after which it is unhealthy.
    pub retries: Option<u32>,
    /// Time after the start in which failures do not count.
    pub start_period: Option<Duration>,
    /// Pause between two checks in that time.
    pub start_interval: Option<Duration>,
}

/// What a health check runs inside of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthTest {
    /// What the image says.
    Inherit,
    /// Nothing, whatever the image says.
    Disabled,
    /// A line for the shell of the container.
    Shell(String),
    /// An argument vector.
    Exec(Vec<String>),
}

/// A network that a service joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkUse {
    /// Its name in the file.
    pub name: String,
    /// Further names of the service in it.
    pub aliases: Vec<String>,
}

/// Limits of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Processors; 0.5 is half of one.
    pub cpus: Option<f64>,
    /// Processes and threads.
    pub pids: Option<u32>,
}
