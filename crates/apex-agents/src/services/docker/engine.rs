//! What Apex wants of a container engine: values of its own, and the trait behind which an engine
//! is. It knows no library, no service and no label.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use apex_config::model::ContainerDetails;
use apex_core::event::Stream as OutputStream;
use apex_core::resource::Use;
use futures_util::stream::BoxStream;

/// The answer of an engine, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Pieces of what a container writes, in order; it ends when the container ends.
pub type OutputPieces = BoxStream<'static, Result<(OutputStream, Vec<u8>), EngineError>>;

/// Labels of what an engine keeps.
pub type Labels = BTreeMap<String, String>;

/// Told about every step of a longer piece of work.
pub type Progress<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Why an engine did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// There is no engine that answers; the text says why and what to do next.
    #[error("{0}")]
    Unreachable(String),
    /// What was asked for is not there.
    #[error("{0}")]
    Missing(String),
    /// It stands against something that is there.
    #[error("{0}")]
    Conflict(String),
    /// The engine refused or failed.
    #[error("{0}")]
    Refused(String),
    /// No answer in time.
    #[error("the container engine gave no answer to {what} within {} seconds", .limit.as_secs())]
    Late {
        /// What was asked.
        what: &'static str,
        /// How long the answer was waited for.
        limit: Duration,
    },
    /// The connection broke, or the answer made no sense.
    #[error("the connection to the container engine broke during {what}: {cause}")]
    Broken {
        /// What was asked.
        what: &'static str,
        /// What was seen.
        cause: String,
    },
}

/// A container engine that can be reached.
pub trait Engine: Send + Sync + fmt::Debug {
    /// The host at which published ports answer; none when that is this machine.
    fn remote_host(&self) -> Option<&str>;

    /// Whether an image is there; the answer is its id.
    fn image<'a>(&'a self, name: &'a str) -> Answer<'a, Option<String>>;

    /// Fetches an image.
    fn pull<'a>(&'a self, name: &'a str, progress: Progress<'a>) -> Answer<'a, ()>;

    /// Builds an image; the answer is its id.
    fn build<'a>(&'a self, order: BuildOrder, progress: Progress<'a>) -> Answer<'a, String>;

    /// Makes a network; the answer is its id.
    fn create_network<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, String>;

    /// Makes a volume, or finds the one of that name.
    fn create_volume<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, ()>;

    /// Makes a container; the answer is its id.
    fn create<'a>(&'a self, order: &'a ContainerOrder) -> Answer<'a, String>;

    /// Puts a container that was made into one more network, where it has these names.
    fn connect<'a>(&'a self, network: &'a str, id: &'a str, names: &'a [String]) -> Answer<'a, ()>;

    /// Starts a container.
    fn start<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;

    /// How a container is.
    fn inspect<'a>(&'a self, id: &'a str) -> Answer<'a, ContainerFacts>;

    /// What a container uses, without a rate; what the engine does not say is missing.
    fn used<'a>(&'a self, _id: &'a str) -> Answer<'a, Use> {
        Box::pin(async { Ok(Use::default()) })
    }

    /// Waits until a container has ended; the answer is its exit code. It waits without limit.
    fn wait<'a>(&'a self, id: &'a str) -> Answer<'a, i64>;

    /// What a container wrote since its start, and with `follow` what it goes on to write.
    fn output(&self, id: &str, follow: bool) -> OutputPieces;

    /// Runs a command inside of a container to its end.
    fn run_inside<'a>(&'a self, id: &'a str, command: &'a [String]) -> Answer<'a, InsideEnd>;

    /// Asks a container to end, and kills it after the grace.
    fn stop<'a>(&'a self, id: &'a str, grace: Duration) -> Answer<'a, ()>;

    /// Kills and removes a container with its anonymous volumes. One that is not there is fine.
    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;

    /// Removes a network. One that is not there is fine.
    fn remove_network<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;

    /// Removes a volume. One that is not there is fine.
    fn remove_volume<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;

    /// Everything of a kind that carries this label (`name`, or `name=value`); without a label,
    /// everything of the kind.
    fn list<'a>(&'a self, kind: ThingKind, label: &'a str) -> Answer<'a, Vec<Thing>>;
}

/// Kinds of things that Apex makes in an engine, in the order in which they are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the kinds")]
pub enum ThingKind {
    Container,
    Network,
    Volume,
}

/// Something that an engine keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What it is.
    pub kind: ThingKind,
    /// Its id; of a volume its name.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Whether it runs; never true of what is no container.
    pub runs: bool,
    /// Inner port → port on the host, of a container.
    pub ports: BTreeMap<u16, u16>,
}

/// An image to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOrder {
    /// The name that the image gets.
    pub name: String,
    /// The files, as a tar archive.
    pub archive: Vec<u8>,
    /// The recipe in the archive.
    pub dockerfile: String,
    /// The stage; none means the last.
    pub target: Option<String>,
    /// Arguments of the build.
    pub arguments: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: Labels,
}

/// A container to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerOrder {
    /// Its image.
    pub image: String,
    /// In place of the entry point of the image.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the command of the image.
    pub command: Option<Vec<String>>,
    /// Variables, `NAME=value`.
    pub env: Vec<String>,
    /// User that it runs as.
    pub user: Option<String>,
    /// Where it runs.
    pub working_directory: Option<String>,
    /// Its name in its network.
    pub host_name: String,
    /// Id of its network.
    pub network: String,
    /// Names by which others in the network find it.
    pub network_names: Vec<String>,
    /// Ports that are published.
    pub ports: Vec<PortOrder>,
    /// Paths and volumes, `source:target[:ro]`.
    pub binds: Vec<String>,
    /// Volumes without a name, by their target.
    pub anonymous_volumes: Vec<String>,
    /// Memory, target → options.
    pub memory_mounts: BTreeMap<String, String>,
    /// Memory in bytes that it may use.
    pub memory: Option<i64>,
    /// Billionths of a processor that it may use.
    pub nano_cpus: Option<i64>,
    /// Processes that it may have.
    pub pids: Option<i64>,
    /// Shared memory in bytes.
    pub shared_memory: Option<i64>,
    /// Entries of its hosts file, `name:address`.
    pub extra_hosts: Vec<String>,
    /// Whether it gets every right.
    pub privileged: bool,
    /// How the engine looks at its health; none means what the image says.
    pub health: Option<HealthOrder>,
    /// What few containers need.
    pub details: ContainerDetails,
    /// Its labels.
    pub labels: Labels,
}

/// How an engine looks at the health of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthOrder {
    /// The command in the form of the engine: `CMD …`, `CMD-SHELL …` or `NONE`.
    pub test: Vec<String>,
    /// Pause between two looks.
    pub interval: Duration,
    /// How long one look may take.
    pub timeout: Duration,
    /// Looks that fail in a row until it is unhealthy.
    pub retries: u32,
    /// Time after the start in which failures do not count.
    pub start_period: Duration,
}

/// A port of a container that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortOrder {
    /// The port inside.
    pub inner: u16,
    /// The address on the host; empty means every one.
    pub address: String,
    /// The port on the host; none means any free one.
    pub outer: Option<u16>,
}

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Whether it runs.
    pub runs: bool,
    /// Its exit code, when it has ended.
    pub exit_code: i64,
    /// Whether the kernel ended it because it used too much memory.
    pub out_of_memory: bool,
    /// What the engine says about its end.
    pub error: String,
    /// Inner port → port on the host.
    pub ports: BTreeMap<u16, u16>,
    /// Its health; none when nobody looks at it.
    pub health: Option<HealthFacts>,
}

/// The health of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthFacts {
    /// Whether it is healthy.
    pub is_healthy: bool,
    /// The word of the engine.
    pub word: String,
    /// What the last look wrote.
    pub last_output: String,
}

/// How a command inside of a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsideEnd {
    /// Its exit code.
    pub code: i64,
    /// The beginning of what it wrote, bounded.
    pub output: String,
}
