//! A collector: one request, one answer, over HTTP/1.1 or HTTP/2.
//!
//! Redirects are not followed, because headers may hold secrets; of an answer 64 KiB are read. It
//! relies on a tokio runtime with I/O and time.

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use apex_config::model::OtlpProtocol;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;

use super::grpc::{self, Status};
use super::{Answer, tls};
use crate::otlp::Signal;
use crate::otlp::settings::Endpoint;

/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Bytes of what a collector says that people are shown.
const LONGEST_WORD: usize = 300;

/// A collector, for one signal.
pub(in crate::otlp) struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    signal: Signal,
    endpoint: Endpoint,
}

impl Collector {
    pub(super) fn new(endpoint: &Endpoint, signal: Signal) -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client(endpoint)?)
            .https_or_http()
            .enable_all_versions()
            .build();
        let is_grpc = endpoint.protocol == OtlpProtocol::Grpc;
        let url = match is_grpc {
            true => format!("{}{}", endpoint.url.trim_end_matches('/'), grpc::path(signal)),
            false => endpoint.url.clone(),
        };
        let uri = url.parse().map_err(|error| format!("its URL cannot be used: {error}"))?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .http2_only(is_grpc)
            .build(connector);
        Ok(Self { client, uri, signal, endpoint: endpoint.clone() })
    }

    pub(super) const fn protocol(&self) -> OtlpProtocol {
        self.endpoint.protocol
    }

    pub(super) async fn send(&self, message: &[u8]) -> Answer {
        let limit = self.endpoint.timeout;
        match tokio::time::timeout(limit, self.exchange(message)).await {
            Ok(answer) => answer,
            Err(_) => {
                let reason = format!("no answer within {} s", limit.as_secs_f64());
                Answer::Later { after: None, reason }
            }
        }
    }

    async fn exchange(&self, message: &[u8]) -> Answer {
        let request = match self.request(message) {
            Ok(request) => request,
            Err(reason) => return Answer::Never(reason),
        };
        match self.client.request(request).await {
            Err(error) => Answer::Later { after: None, reason: cause(&error) },
            Ok(response) if self.endpoint.protocol == OtlpProtocol::Grpc => {
                self.of_grpc(response).await
            }
            Ok(response) => self.of_http(response).await,
        }
    }

    fn request(&self, message: &[u8]) -> Result<Request<Full<Bytes>>, String> {
        let gzip = self.endpoint.gzip;
        let packed = if gzip { packed(message)? } else { message.to_vec() };
        let mut request = Request::builder().method(Method::POST).uri(self.uri.clone());
        for (name, value) in &self.endpoint.headers {
            request = request.header(name, value);
        }
        request = request.header(header::USER_AGENT, concat!("apex/", env!("CARGO_PKG_VERSION")));
        let (kind, body) = match self.endpoint.protocol {
            OtlpProtocol::Grpc => ("application/grpc", grpc::framed(&packed, gzip)),
            OtlpProtocol::HttpProtobuf => ("application/x-protobuf", packed),
            OtlpProtocol::HttpJson => ("application/json", packed),
        };
        request = request.header(header::CONTENT_TYPE, kind);
        if self.endpoint.protocol == OtlpProtocol::Grpc {
            request = request.header(header::TE, "trailers");
            if gzip {
                request = request.header("grpc-encoding", "gzip");
            }
        } else if gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        let request = request.body(Full::new(Bytes::from(body)));
        request.map_err(|error| format!("no request can be made: {error}"))
    }

    async fn of_http(&self, response: Response<Incoming>) -> Answer {
        let status = response.status();
        let after = retry_after(response.headers());
        let place = response.headers().get(header::LOCATION).and_then(|text| text.to_str().ok());
        if status.is_redirection() {
            return Answer::Never(format!(
                "it redirects to {}, which is not followed; name that place as the endpoint",
                shown(place.unwrap_or("nowhere"))
            ));
        }
        if !status.is_success() {
            let reason = format!("it answered {status}");
            return match status {
                StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => Answer::Later { after, reason },
                _ => Answer::Never(reason),
            };
        }
        match Limited::new(response.into_body(), LONGEST_ANSWER).collect().await {
            Ok(body) => self.taken(&body.to_bytes()),
            Err(_) => unreadable(),
        }
    }

    async fn of_grpc(&self, response: Response<Incoming>) -> Answer {
        let (head, body) = response.into_parts();
        if head.status != StatusCode::OK {
            return Answer::Never(format!("it answered {}", head.status));
        }
        let Ok(body) = Limited::new(body, LONGEST_ANSWER).collect().await else {
            return unreadable();
        };
        let status = body.trailers().and_then(Status::of).or_else(|| Status::of(&head.headers));
        match status {
            None => unreadable(),
            Some(status) if status.code == 0 => match grpc::message(&body.to_bytes()) {
                Some(message) => self.taken(message),
                None => unreadable(),
            },
            Some(status) => {
                let said = shown(&status.message);
                let reason = format!("it answered with gRPC status {}: {said}", status.code);
                match status.may_be_repeated() {
                    true => Answer::Later { after: None, reason },
                    false => Answer::Never(reason),
                }
            }
        }
    }

    /// Reads what a collector that took a batch says about parts of it.
    fn taken(&self, body: &[u8]) -> Answer {
        macro_rules! read {
            ($response:ty, $count:ident) => {
                decoded::<$response>(body, self.endpoint.protocol).map(|answer| {
                    let partial = answer.partial_success.unwrap_or_default();
                    (partial.$count, partial.error_message)
                })
            };
        }
        let said = match self.signal {
            Signal::Traces => read!(ExportTraceServiceResponse, rejected_spans),
            Signal::Metrics => read!(ExportMetricsServiceResponse, rejected_data_points),
            Signal::Logs => read!(ExportLogsServiceResponse, rejected_log_records),
        };
        match said {
            Some((refused, said)) => {
                Answer::Taken { refused: u64::try_from(refused).unwrap_or(0), said: shown(&said) }
            }
            None => unreadable(),
        }
    }
}

fn decoded<M: prost::Message + Default + serde::de::DeserializeOwned>(
    body: &[u8],
    protocol: OtlpProtocol,
) -> Option<M> {
    match protocol {
        // Some collectors answer with nothing.
        _ if body.is_empty() => Some(M::default()),
        OtlpProtocol::HttpJson => serde_json::from_slice(body).ok(),
        OtlpProtocol::Grpc | OtlpProtocol::HttpProtobuf => M::decode(body).ok(),
    }
}

fn unreadable() -> Answer {
    Answer::Never("its answer is not that of a collector".to_owned())
}

fn packed(message: &[u8]) -> Result<Vec<u8>, String> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = packer.write_all(message).and_then(|()| packer.finish());
    packed.map_err(|error| format!("the request cannot be packed: {error}"))
}

/// The seconds of `Retry-After`; its other form, a date, counts as not said.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// Foreign text for people: one line, bounded, harmless.
fn shown(text: &str) -> String {
    let end = text.floor_char_boundary(text.len().min(LONGEST_WORD));
    crate::text::harmless_line(&text[..end])
}

/// What is at the bottom of an error: the outer ones say little.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
