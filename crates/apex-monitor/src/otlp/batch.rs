//! A batch of one signal, and its bytes: the request that the collector gets.

use apex_config::model::OtlpProtocol;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

/// One of the three signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Numbers.
    Metrics,
    /// Lines.
    Logs,
}

impl Signal {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The word for it in paths and file names.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What a batch of it is counted in, for people.
    pub(super) const fn counted_in(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metrics",
            Self::Logs => "log records",
        }
    }
}

/// Some of one signal.
#[derive(Clone, Debug)]
pub(super) enum Batch {
    Traces(Vec<Span>),
    Metrics(Vec<Metric>),
    Logs(Vec<LogRecord>),
}

impl Batch {
    pub(super) const fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }

    pub(super) fn count(&self) -> u64 {
        let count = match self {
            Self::Traces(spans) => spans.len(),
            Self::Metrics(metrics) => metrics.len(),
            Self::Logs(records) => records.len(),
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The request for a collector. JSON is that of the published types.
    pub(super) fn encoded(self, resource: &Resource, protocol: OtlpProtocol) -> Vec<u8> {
        let is_json = protocol == OtlpProtocol::HttpJson;
        let resource = Some(resource.clone());
        let scope = Some(scope());
        match self {
            Self::Traces(spans) => {
                let scoped = ScopeSpans { scope, spans, schema_url: String::new() };
                let request = ExportTraceServiceRequest {
                    resource_spans: vec![ResourceSpans {
                        resource,
                        scope_spans: vec![scoped],
                        schema_url: String::new(),
                    }],
                };
                if is_json { json(&request) } else { request.encode_to_vec() }
            }
            Self::Metrics(metrics) => {
                let scoped = ScopeMetrics { scope, metrics, schema_url: String::new() };
                let request = ExportMetricsServiceRequest {
                    resource_metrics: vec![ResourceMetrics {
                        resource,
                        scope_metrics: vec![scoped],
                        schema_url: String::new(),
                    }],
                };
                if is_json { json(&request) } else { request.encode_to_vec() }
            }
            Self::Logs(log_records) => {
                let scoped = ScopeLogs { scope, log_records, schema_url: String::new() };
                let request = ExportLogsServiceRequest {
                    resource_logs: vec![ResourceLogs {
                        resource,
                        scope_logs: vec![scoped],
                        schema_url: String::new(),
                    }],
                };
                if is_json { json(&request) } else { request.encode_to_vec() }
            }
        }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "apex".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// A message of plain values, which JSON can always hold.
fn json(message: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}
