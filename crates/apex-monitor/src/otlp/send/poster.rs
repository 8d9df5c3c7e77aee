//! A place that takes JSON by HTTP: one message, one answer. Redirects are not followed, and of the
//! answer only the status is read. It relies on a tokio runtime with I/O and time.

use std::time::Duration;

use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::collector::cause;
use super::tls;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It arrived.
    Taken,
    /// It did not arrive, and may later.
    Later(String),
    /// It will not arrive.
    Never(String),
}

/// The way to one place.
pub(crate) struct Poster {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    limit: Duration,
}

impl Poster {
    /// Prepares it; nothing is sent. A message may take this long.
    ///
    /// # Errors
    /// What is wrong with the URL, or with TLS on this machine.
    pub(crate) fn to(url: &str, limit: Duration) -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::plain_client(url)?)
            .https_or_http()
            .enable_all_versions()
            .build();
        let uri = url.parse().map_err(|error| format!("its URL cannot be used: {error}"))?;
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), uri, limit })
    }

    /// Sends a message.
    pub(crate) async fn post(&self, message: &[u8]) -> Posted {
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("apex/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::copy_from_slice(message)));
        let request = match request {
            Ok(request) => request,
            Err(error) => return Posted::Never(format!("no request can be made: {error}")),
        };
        match tokio::time::timeout(self.limit, self.client.request(request)).await {
            Err(_) => Posted::Later(format!("no answer within {} s", self.limit.as_secs_f64())),
            Ok(Err(error)) => Posted::Later(cause(&error)),
            Ok(Ok(response)) => of_status(response.status()),
        }
    }
}

fn of_status(status: StatusCode) -> Posted {
    let reason = format!("it answered {status}");
    if status.is_success() {
        Posted::Taken
    } else if status.is_server_error()
        || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status)
    {
        Posted::Later(reason)
    } else {
        Posted::Never(reason)
    }
}
