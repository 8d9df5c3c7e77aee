//! A state folder with a server over it, and clients that say exactly what a test wants.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use apex_core::RunId;
use apex_monitor::web::{Access, Closer, Limits, Server, Settings, Tokens};
use serde_json::Value;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// Longer than any answer takes on a loaded machine.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A server over a state folder; it ends when this is dropped.
pub(super) struct Place {
    folder: TempDir,
    pub(super) address: SocketAddr,
    pub(super) tokens: Tokens,
    closer: Closer,
    thread: Option<JoinHandle<()>>,
}

impl Place {
    pub(super) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(super) fn with(limits: Limits) -> Self {
        Self::over(tempfile::tempdir().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap(), limits)
    }

    fn over(folder: TempDir, listener: TcpListener, limits: Limits) -> Self {
        let address = listener.local_addr().unwrap();
        let tokens = Tokens::in_file(&folder.path().join("tokens")).unwrap();
        let server = Server::new(Settings {
            state: folder.path().to_owned(),
            project: "shop <b>".to_owned(),
            only: None,
            access: Access::new(address, &["apex.example".to_owned()], Some(tokens.clone())),
            limits,
            rerun: Some(std::sync::Arc::new(|_| Ok(RunId::new("again")))),
        });
        let closer = server.closer();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(server.serve(listener, None)).unwrap();
        });
        Self { folder, address, tokens, closer, thread: Some(thread) }
    }

    pub(super) fn state(&self) -> &Path {
        self.folder.path()
    }

    /// Ends the server and begins another one at the same address over the same folder.
    pub(super) fn restart(mut self) -> Self {
        self.end();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let address = self.address;
        let mut listener = TcpListener::bind(address);
        while listener.is_err() {
            std::thread::sleep(Duration::from_millis(10));
            listener = TcpListener::bind(address);
        }
        Self::over(folder, listener.unwrap(), Limits::default())
    }

    fn end(&mut self) {
        self.closer.close();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Sends a request as it is and reads all of the answer.
    pub(super) fn say(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        // A server that refuses may close before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::of(&String::from_utf8_lossy(&bytes))
    }

    /// A request with a method, a path and further lines of the head.
    pub(super) fn ask(&self, method: &str, path: &str, head: &[String]) -> Answer {
        let host = self.address;
        let lines: String = head.iter().map(|line| format!("{line}\r\n")).collect();
        self.say(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n"
        ))
    }

    /// What a client with the token to look gets.
    pub(super) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[self.bearer()])
    }

    /// The same as JSON.
    pub(super) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(super) fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.tokens.look())
    }

    /// A client of the stream.
    pub(super) fn stream(&self, query: &str) -> Client {
        self.try_stream(query, &[]).unwrap_or_else(|status| panic!("{query}: {status}"))
    }

    /// The same with further lines of the head; the status when it is refused.
    pub(super) fn try_stream(&self, query: &str, head: &[(&str, &str)]) -> Result<Client, u16> {
        let address = format!("ws://{}/ws?{query}", self.address);
        let mut request = address.into_client_request().unwrap();
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", self.tokens.look());
        headers.insert("authorization", bearer.parse().unwrap());
        for (name, value) in head {
            let name: tungstenite::http::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Client(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.closer.close();
        if let Some(thread) = self.thread.take() {
            // A failure of the server is told by the test that misses its answer.
            let _ = thread.join();
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Its head in small letters.
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}

/// A client of the stream.
pub(super) struct Client(pub(super) WebSocket<TcpStream>);

impl Client {
    /// The next line; the code when the server closes the stream.
    pub(super) fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(frame)) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Ok(_) => {}
                Err(_) => return Err(0),
            }
        }
    }

    /// The code that the server closes the stream with.
    pub(super) fn closed_with(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next() {
                return code;
            }
        }
    }
}
