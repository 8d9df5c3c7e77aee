//! Questions in the language of well-known servers: whoever answers is ready for work, where an
//! open port says little. One file a server; each looks once and knows no limit.

mod mysql;
mod postgres;
mod rabbitmq;
mod redis;

use apex_config::model::Preset;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::addresses::Endpoint;

pub use mysql::greets as mysql_greets;
pub use postgres::answers as postgres_answers;
pub use rabbitmq::answers as rabbitmq_answers;
pub use redis::answers as redis_answers;

/// Bytes of an answer that are looked at.
const ANSWER_LIMIT: usize = 4096;

/// What the first bytes of an answer say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is ready for work.
    Ready,
    /// It is not, or speaks another language; the text says what it said.
    NotReady(String),
    /// Too few bytes to tell.
    More,
}

/// Reads an answer.
type Judge = fn(&[u8]) -> Said;

/// Asks a server once.
///
/// # Errors
/// A text for people: no connection, or an answer that says that it is not ready.
pub(super) async fn look(preset: Preset, at: &Endpoint) -> Result<(), String> {
    let (question, judge): (Vec<u8>, Judge) = match preset {
        Preset::Postgres => (postgres::question(), postgres::answers),
        Preset::Redis => (redis::QUESTION.to_vec(), redis::answers),
        Preset::Mysql => (Vec::new(), mysql::greets),
        Preset::Rabbitmq => (rabbitmq::QUESTION.to_vec(), rabbitmq::answers),
    };
    let mut stream = TcpStream::connect((at.host.as_str(), at.port))
        .await
        .map_err(|error| format!("{at} does not accept connections: {error}"))?;
    let broke = |error: std::io::Error| format!("{at} broke the connection: {error}");
    stream.write_all(&question).await.map_err(broke)?;
    let mut answer = Vec::new();
    loop {
        let count = stream.read_buf(&mut answer).await.map_err(broke)?;
        match judge(&answer) {
            Said::Ready => return Ok(()),
            Said::NotReady(why) => return Err(format!("{at} is not ready: {why}")),
            Said::More if count == 0 => {
                return Err(format!("{at} closed the connection before it answered"));
            }
            Said::More if answer.len() > ANSWER_LIMIT => {
                return Err(format!("{at} does not speak the language of {}", preset.as_str()));
            }
            Said::More => {}
        }
    }
}

/// The beginning of an answer as text for people.
fn shown(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(&answer[..answer.len().min(120)]).into_owned();
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}
