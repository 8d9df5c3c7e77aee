//! The smallest HTTP request that can tell whether a server answers (RFC 9112).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::addresses::Endpoint;

/// Bytes of an answer that are looked at: a status line is far shorter.
const ANSWER_LIMIT: u64 = 1024;

/// Asks for a path; the answer is the status.
///
/// # Errors
/// A text for people: no connection, or an answer that is not HTTP.
pub(super) async fn get(at: &Endpoint, path: &str) -> Result<u16, String> {
    let mut stream = TcpStream::connect((at.host.as_str(), at.port))
        .await
        .map_err(|error| format!("{at} does not accept connections: {error}"))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {at}\r\nUser-Agent: apex\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    let broke = |error: std::io::Error| format!("{at} broke the connection: {error}");
    stream.write_all(request.as_bytes()).await.map_err(broke)?;
    let mut answer = Vec::new();
    let mut limited = stream.take(ANSWER_LIMIT);
    while !answer.contains(&b'\n') {
        if limited.read_buf(&mut answer).await.map_err(broke)? == 0 {
            break;
        }
    }
    status_of(&answer).ok_or_else(|| format!("{at} does not answer in HTTP"))
}

/// The status in the first line of an answer.
#[must_use]
pub fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}
