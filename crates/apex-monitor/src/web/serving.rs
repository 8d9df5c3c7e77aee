//! Connections: accepted up to a number, each with a limit on the time for the head of a request,
//! and ended in order when the server ends.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use super::{Shared, api, guard, page, socket};

/// Bytes of the head of a request.
const HEAD: usize = 16 * 1024;
/// Bytes of the body of a request: none of ours has one.
const BODY: usize = 1024;
/// Fields of the head of a request.
const FIELDS: usize = 64;
/// Pause after a connection could not be accepted, for example for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection beyond the limit is told.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
                      Content-Type: application/problem+json\r\nContent-Length: 108\r\n\r\n\
                      {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
                      \"detail\":\"the server has many connections\"}";

/// Serves until it is told to end.
pub(super) async fn serve(shared: Shared, listener: std::net::TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let service = TowerToHyperService::new(router(&shared));
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.head)
        .max_buf_size(HEAD)
        .max_headers(FIELDS);
    let mut closing = shared.closing.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.wait_for(|closing| *closing) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // That one connection is gone.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(counted) = Counted::of(&shared) else {
            tokio::spawn(refuse(stream));
            continue;
        };
        // Messages are gathered by us; the system must not wait for more.
        let _ = stream.set_nodelay(true);
        let (asked, service) = (Arc::new(Notify::new()), service.clone());
        let asks = Arc::clone(&asked);
        let answer = service_fn(move |request| {
            asks.notify_one();
            service.call(request)
        });
        let connection = protocol.serve_connection(TokioIo::new(stream), answer);
        let mut closing = closing.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection.with_upgrades());
            let ends = tokio::select! {
                // What a client does wrong is its own trouble.
                _ = connection.as_mut() => false,
                // Somebody who has just come is answered first; a client that asked before
                // knows that a connection may end between two requests.
                () = ending(&mut closing, &asked) => true,
            };
            if ends {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
            drop(counted);
        });
    }
    drop(listener);
    drain(&shared).await;
    Ok(())
}

/// Waits until the server ends and the connection has had a request.
async fn ending(closing: &mut watch::Receiver<bool>, asked: &Notify) {
    // Whoever could say so may be gone without a word; that is an end as well.
    let _ = closing.wait_for(|closing| *closing).await;
    asked.notified().await;
}

/// Waits until answers are finished and streams have said their last word. Those that do not end in
/// time end with the process.
async fn drain(shared: &Shared) {
    let gone = async {
        let connections = || shared.connections.load(Ordering::Relaxed);
        while connections() > 0 || api::status_answers(shared).clients > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = tokio::time::timeout(shared.limits.drain, gone).await;
}

fn router(shared: &Shared) -> Router {
    Router::new()
        .merge(api::router())
        .merge(page::router())
        .route("/ws", axum::routing::any(socket::upgrade))
        .fallback(page::not_found)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(axum::middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared.clone())
}

/// A connection that is counted.
struct Counted(Shared);

impl Counted {
    fn of(shared: &Shared) -> Option<Self> {
        let counted = Self(shared.clone());
        let before = shared.connections.fetch_add(1, Ordering::Relaxed);
        (before < shared.limits.connections).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Says that there are too many, for as long as a reader may take.
async fn refuse(mut stream: TcpStream) {
    let saying = async {
        let _ = stream.write_all(BUSY).await;
        let _ = stream.shutdown().await;
    };
    let _ = tokio::time::timeout(PAUSE, saying).await;
}
