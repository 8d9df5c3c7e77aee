//! A real browser without a window: Chromium, told what to do over WebDriver (W3C) by plain HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::tool::tool;

/// Far more than a page needs on a loaded machine.
const LONG: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Browser {
    driver: Child,
    /// Kept open: it must be able to write.
    _output: BufReader<ChildStdout>,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts one; `None` when this machine has none, see [`tool`].
    ///
    /// # Panics
    /// When it is required and missing, or does not start; the other methods panic when the
    /// browser does not do what it is told.
    #[must_use]
    pub fn start(width: u32, height: u32) -> Option<Self> {
        let (driver, _) = (tool("chromedriver")?, tool("chromium")?);
        let mut driver = Command::new(driver)
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be started");
        let mut output = BufReader::new(driver.stdout.take().expect("its output"));
        let port = output
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says its port");
        let mut browser = Self { driver, _output: output, port, session: String::new() };
        let size = format!("--window-size={width},{height}");
        let options =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", &size];
        let begun = browser.send(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": options },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } }),
        );
        browser.session = begun["sessionId"].as_str().expect("a session").to_owned();
        Some(browser)
    }

    /// Opens an address.
    pub fn open(&self, address: &str) {
        self.command("url", &json!({ "url": address }));
    }

    /// Does something by script on the page.
    pub fn run(&self, expression: &str) {
        let _ = self.value(expression);
    }

    /// The value of an expression of script on the page.
    #[must_use]
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true.
    pub fn wait_for(&self, expression: &str) {
        let end = Instant::now() + LONG;
        while self.value(&format!("Boolean({expression})")) != true {
            if Instant::now() >= end {
                let page = self.value("document.body.innerText");
                panic!("waited in vain for `{expression}`; errors: {:?}; {page}", self.errors());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub fn press(&self, keys: &str) {
        let press = |key: char| {
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.command("actions", &json!({ "actions": [keyboard] }));
    }

    /// What the page complained of since the last question, as the console shows it.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        let bad = |entry: &&Value| entry["level"] != "INFO" && entry["level"] != "DEBUG";
        entries.iter().filter(bad).map(|entry| entry["message"].to_string()).collect()
    }

    /// Writes a picture of the page.
    pub fn picture(&self, path: &Path) {
        let address = format!("/session/{}/screenshot", self.session);
        let text = self.send("GET", &address, &Value::Null);
        std::fs::write(path, decode(text.as_str().expect("a picture"))).expect("a file");
    }

    fn command(&self, name: &str, body: &Value) -> Value {
        self.send("POST", &format!("/session/{}/{name}", self.session), body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver");
        stream.set_read_timeout(Some(LONG)).expect("a limit");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("chromedriver listens");
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).expect("an answer");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).expect("an answer");
        let mut answer: Value = serde_json::from_slice(&text).expect("JSON");
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.send("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        // It ends its browser; it may be gone already.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Base 64 (RFC 4648, section 4) as bytes.
fn decode(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut gathered, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let Some(value) = LETTERS.iter().position(|known| *known == letter) else { continue };
        gathered = (gathered << 6) | u32::try_from(value).expect("below 64");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((gathered >> bits) & 0xff).expect("a byte"));
        }
    }
    bytes
}
