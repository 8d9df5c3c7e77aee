//! The smallest HTTP request that can tell whether a server answers (RFC 9112).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::addresses::Endpoint;
use super::tls::Trust;

/// Bytes of an answer that are looked at when only its status counts: a status line is far
/// shorter.
const STATUS_LIMIT: u64 = 1024;

/// Bytes of an answer that are looked at when its body counts.
const BODY_LIMIT: u64 = 64 * 1024;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// The server.
    pub(super) at: Endpoint,
    /// The path, with its leading slash.
    pub(super) path: String,
    /// The wanted status; none means any from 200 to 399.
    pub(super) status: Option<u16>,
    /// Text that the body has to contain.
    pub(super) body: Option<String>,
    /// Encryption.
    pub(super) trust: Option<Trust>,
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.trust.is_some() { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.at, self.path)
    }
}

impl Question {
    /// Asks once.
    ///
    /// # Errors
    /// A text for people: no connection, an answer that is not HTTP, or not the wanted one.
    pub(super) async fn ask(&self) -> Result<(), String> {
        let answer = match &self.trust {
            Some(trust) => self.exchange(trust.connect(&self.at).await?).await?,
            None => {
                let at = (self.at.host.as_str(), self.at.port);
                let stream = TcpStream::connect(at).await;
                let refused = |error| format!("{} does not accept connections: {error}", self.at);
                self.exchange(stream.map_err(refused)?).await?
            }
        };
        self.judge(&answer)
    }

    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: S,
    ) -> Result<Vec<u8>, String> {
        // An older client is never answered in chunks, which could cut the text that is looked for.
        let (version, limit) =
            if self.body.is_some() { ("1.0", BODY_LIMIT) } else { ("1.1", STATUS_LIMIT) };
        let Self { at, path, .. } = self;
        let request = format!(
            "GET {path} HTTP/{version}\r\nHost: {at}\r\nUser-Agent: apex\r\nAccept: */*\r\n\
             Connection: close\r\n\r\n"
        );
        let broke = |error: std::io::Error| format!("{at} broke the connection: {error}");
        stream.write_all(request.as_bytes()).await.map_err(broke)?;
        stream.flush().await.map_err(broke)?;
        let mut answer = Vec::new();
        let mut limited = stream.take(limit);
        while self.body.is_some() || !answer.contains(&b'\n') {
            match limited.read_buf(&mut answer).await {
                Ok(0) => break,
                Ok(_) => {}
                // Many servers end TLS without saying so.
                Err(error)
                    if error.kind() == std::io::ErrorKind::UnexpectedEof && !answer.is_empty() =>
                {
                    break;
                }
                Err(error) => return Err(broke(error)),
            }
        }
        Ok(answer)
    }

    fn judge(&self, answer: &[u8]) -> Result<(), String> {
        let Some(answered) = status_of(answer) else {
            return Err(format!("{} does not answer in HTTP", self.at));
        };
        let is_good =
            self.status.map_or((200..400).contains(&answered), |wanted| wanted == answered);
        if !is_good {
            let wanted = self.status.map_or("200 to 399".to_owned(), |wanted| wanted.to_string());
            return Err(format!("{self} answered with status {answered}, wanted is {wanted}"));
        }
        let Some(wanted) = &self.body else { return Ok(()) };
        let text = String::from_utf8_lossy(answer);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if body.contains(wanted.as_str()) {
            return Ok(());
        }
        let begins: String = body.chars().take(80).collect();
        Err(format!("{self} answered without `{wanted}`; its answer begins with `{begins}`"))
    }
}

/// The status in the first line of an answer.
#[must_use]
pub fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}
