//! An OTLP receiver: takes traces, metrics and logs over gRPC, HTTP with protocol buffers and HTTP
//! with JSON, and keeps them; or behaves as badly as a test wants.
//!
//! It reads with the published message types and writes the few bytes of gRPC itself, so that it
//! shares no code with what it checks but those types.

use std::convert::Infallible;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard};

use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes everything.
    Takes,
    /// Takes a connection and never answers.
    Hangs,
    /// Closes every connection at once.
    Resets,
    /// Answers with something that is not HTTP.
    Garbage,
    /// Answers 200 with a page.
    Page,
    /// Answers 200 with more than anybody wants.
    Huge,
    /// Answers with this status.
    Status(u16),
    /// Answers 503 and wants to be left alone for an hour.
    RetryAfter,
    /// Sends everybody on to somewhere else.
    Redirects,
    /// Takes a request and refuses one span of it.
    Partial,
}

/// What was received.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Facts about everything, of the latest request.
    pub resource: Vec<KeyValue>,
    /// Spans, in order.
    pub spans: Vec<Span>,
    /// The metrics of the latest request.
    pub metrics: Vec<Metric>,
    /// Log records, in order.
    pub logs: Vec<LogRecord>,
    /// Headers of every request.
    pub headers: Vec<HeaderMap>,
}

/// A receiver on a free port; it ends with the test.
pub struct Collector {
    port: u16,
    received: Arc<Mutex<Received>>,
}

impl Collector {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no port or no thread.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let received = Arc::new(Mutex::new(Received::default()));
        let kept = Arc::clone(&received);
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address").port()).expect("a test");
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    tokio::spawn(serve(stream, manner, Arc::clone(&kept)));
                }
            });
        });
        Self { port: told.recv().expect("a port"), received }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it has received so far.
    ///
    /// # Panics
    /// When the receiver panicked.
    pub fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().expect("a receiver that did not panic")
    }
}

/// The value of an attribute as text.
#[must_use]
pub fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, kept: Arc<Mutex<Received>>) {
    match manner {
        Manner::Resets => return,
        Manner::Hangs => {
            std::future::pending::<()>().await;
        }
        Manner::Garbage => {
            let _ = stream.write_all(b"\x16\x03\x01 what is this\r\n\r\n").await;
            return;
        }
        _ => {}
    }
    let service = service_fn(move |request| {
        let kept = Arc::clone(&kept);
        async move { Ok::<_, Infallible>(answer(request, manner, &kept).await) }
    });
    // A client that goes away is no failure of the receiver.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn answer(
    request: Request<Incoming>,
    manner: Manner,
    kept: &Mutex<Received>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let is_grpc = header(&head.headers, "content-type") == "application/grpc";
    let plain = |status: u16, body: Vec<u8>| {
        let response = Response::builder().status(status).header("content-type", "text/html");
        response.body(Full::new(Bytes::from(body)).boxed()).expect("a response")
    };
    match manner {
        Manner::Page => return plain(200, b"<html>welcome</html>".to_vec()),
        Manner::Huge => return plain(200, vec![0; 64 * 1024 * 1024]),
        Manner::Status(status) => return plain(status, Vec::new()),
        Manner::RetryAfter => {
            let mut response = plain(503, Vec::new());
            response.headers_mut().insert("retry-after", HeaderValue::from_static("3600"));
            return response;
        }
        Manner::Redirects => {
            let mut response = plain(307, Vec::new());
            let place = HeaderValue::from_static("http://127.0.0.1:9/v1/traces");
            response.headers_mut().insert("location", place);
            return response;
        }
        _ => {}
    }
    keep(&head.headers, head.uri.path(), &body, &mut kept.lock().expect("no panic"));
    let mut said = ExportTraceServiceResponse::default();
    if manner == Manner::Partial && head.uri.path().ends_with("traces") {
        let error_message = "one is enough".to_owned();
        said.partial_success = Some(ExportTracePartialSuccess { rejected_spans: 1, error_message });
    }
    if !is_grpc {
        let is_json = header(&head.headers, "content-type") == "application/json";
        let bytes =
            if is_json { serde_json::to_vec(&said).expect("JSON") } else { said.encode_to_vec() };
        return plain(200, bytes);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let framed = Bytes::from_static(&[0, 0, 0, 0, 0]);
    let body = Full::new(framed).with_trailers(std::future::ready(Some(Ok(trailers))));
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(body.boxed()).expect("a response")
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn keep(headers: &HeaderMap, path: &str, body: &[u8], received: &mut Received) {
    received.headers.push(headers.clone());
    let is_grpc = header(headers, "content-type") == "application/grpc";
    let message = if is_grpc { &body[5..] } else { body };
    let is_packed = header(headers, "content-encoding") == "gzip" || (is_grpc && body[0] == 1);
    let mut unpacked = Vec::new();
    if is_packed {
        GzDecoder::new(message).read_to_end(&mut unpacked).expect("gzip");
    } else {
        unpacked.extend_from_slice(message);
    }
    let is_json = header(headers, "content-type") == "application/json";
    if path.ends_with("/v1/traces") || path.contains("TraceService") {
        for one in read::<ExportTraceServiceRequest>(&unpacked, is_json).resource_spans {
            received.resource = one.resource.unwrap_or_default().attributes;
            received.spans.extend(one.scope_spans.into_iter().flat_map(|scoped| scoped.spans));
        }
    } else if path.ends_with("/v1/metrics") || path.contains("MetricsService") {
        for one in read::<ExportMetricsServiceRequest>(&unpacked, is_json).resource_metrics {
            received.metrics =
                one.scope_metrics.into_iter().flat_map(|scoped| scoped.metrics).collect();
        }
    } else if path.ends_with("/v1/logs") || path.contains("LogsService") {
        for one in read::<ExportLogsServiceRequest>(&unpacked, is_json).resource_logs {
            received.logs.extend(one.scope_logs.into_iter().flat_map(|scoped| scoped.log_records));
        }
    }
}

fn read<M: Message + Default + serde::de::DeserializeOwned>(bytes: &[u8], is_json: bool) -> M {
    if is_json {
        serde_json::from_slice(bytes).expect("OTLP JSON")
    } else {
        M::decode(bytes).expect("a message")
    }
}
