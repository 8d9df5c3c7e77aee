//! The wire of a gRPC call with one message and one answer, after its
//! [protocol over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): a
//! message is a byte for compression, four for the length, and its bytes; how the call ended
//! stands in the trailers.

use http::HeaderMap;

use crate::otlp::Signal;

/// Bytes before a message.
const PREFIX: usize = 5;

/// The path of the call that takes a signal.
pub(super) const fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// A message with what stands before it.
pub(super) fn framed(message: &[u8], is_packed: bool) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.push(u8::from(is_packed));
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// The message of an answer; none when it is not whole, or packed, which was not offered.
pub(super) fn message(body: &[u8]) -> Option<&[u8]> {
    let (prefix, message) = body.split_at_checked(PREFIX)?;
    let [0, length @ ..] = prefix else { return None };
    let length = u32::from_be_bytes(length.try_into().ok()?);
    message.get(..usize::try_from(length).ok()?)
}

/// How a call ended.
pub(super) struct Status {
    /// Its code; 0 is success.
    pub(super) code: u32,
    /// What the server says.
    pub(super) message: String,
}

impl Status {
    /// Reads trailers, or the headers of an answer that has nothing else.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let code = text("grpc-status")?.parse().ok()?;
        Some(Self { code, message: text("grpc-message").unwrap_or_default().to_owned() })
    }

    /// Whether the call may be made again, after the
    /// [specification](https://opentelemetry.io/docs/specs/otlp/#failures) of OTLP: cancelled,
    /// deadline exceeded, resource exhausted, aborted, out of range, unavailable, data loss.
    pub(super) const fn may_be_repeated(&self) -> bool {
        matches!(self.code, 1 | 4 | 8 | 10 | 11 | 14 | 15)
    }
}
