//! Where traces, metrics and logs go, Apex's own log included, as the layer file says it; the usual variables of
//! OpenTelemetry beat it elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

/// Where what is observed of a run goes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Telemetry {
    /// To a collector that speaks OTLP.
    pub otlp: Otlp,
    /// File for metrics as text, relative to the project root; none without one.
    pub metrics_file: Option<String>,
    /// Apex's own log.
    pub logs: LogFiles,
    /// What is looked at of machine, jobs and services.
    pub resources: ResourceSamples,
}

/// `telemetry.resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceSamples {
    /// Time between two looks; none when nobody looks.
    pub interval: Option<Duration>,
}

/// `telemetry.logs`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFiles {
    /// Folder of the files, relative to the project root; that of the state without one.
    pub dir: Option<String>,
    /// How much is said: `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Size from which on a file is put aside, in mebibytes.
    pub rotate_mb: u32,
    /// Age from which on it is, in days.
    pub rotate_days: u32,
    /// Files that are kept beside the newest.
    pub keep: u32,
}

/// `telemetry.otlp`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Otlp {
    /// URL of the collector; nothing is sent without one.
    pub endpoint: Option<String>,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
    /// Headers of every request.
    pub headers: BTreeMap<String, String>,
    /// Whether requests are packed with gzip.
    pub gzip: bool,
    /// PEM file of authorities, relative to the project root; those of the system without one.
    pub certificate: Option<String>,
    /// Folder for lines of OTLP JSON, relative to the project root.
    pub folder: Option<String>,
    /// Whether traces are sent.
    pub traces: bool,
    /// Whether metrics are sent.
    pub metrics: bool,
    /// Whether logs are sent.
    pub logs: bool,
    /// How long the end of a run may wait for the collector.
    pub exit_limit: Duration,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// Protocol buffers over HTTP.
    HttpProtobuf,
    /// JSON over HTTP.
    HttpJson,
}
