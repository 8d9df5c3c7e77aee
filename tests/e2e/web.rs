//! `apex serve` and `apex run --listen`, as a person starts them.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use serde_json::Value;

/// A project whose one program goes on until it is told to end.
fn project() -> Project {
    Project::new(&[(
        "apex.yaml",
        "apex: 1\nlayers:\n  fast_feedback:\n    categories:\n      \
         - {name: patient, command: \"touch ran; exec sleep 300\"}\n",
    )])
}

/// An Apex that goes on, and what it says.
struct Going {
    child: Child,
    file: String,
}

impl Going {
    fn start(project: &Project, arguments: &[&str], file: &str) -> Self {
        let said = File::create(project.root().join(file)).unwrap();
        let mut command = project.apex(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        Self { child: command.spawn().unwrap(), file: file.to_owned() }
    }

    /// The address and the token of the link that it printed.
    fn link(&self, project: &Project) -> (String, String) {
        let mut found = None;
        wait_until("the link", || {
            let said = project.read(&self.file);
            let link = said.split_once("http://").and_then(|(_, rest)| rest.lines().next());
            found = link
                .and_then(|link| link.split_once("/?token="))
                .map(|(address, token)| (address.to_owned(), token.to_owned()));
            found.is_some()
        });
        found.unwrap()
    }

    /// Asks it to end, and answers with its exit code.
    fn end(&mut self) -> Option<i32> {
        let status =
            Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
        self.code()
    }

    fn code(&mut self) -> Option<i32> {
        let mut status = None;
        wait_until("the end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        // After a failed check only.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(address: &str, token: &str, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn json(address: &str, token: &str, path: &str) -> Value {
    let (status, body) = ask(address, token, "GET", path);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn a_live_run_of_another_process_is_seen_and_stopped_by_request() {
    let project = project();
    let mut server = Going::start(&project, &["serve", "--listen", "127.0.0.1:0"], "served");
    let (address, look) = server.link(&project);
    let mut run = Going::start(&project, &["run", "--mode", "fast_feedback"], "said");
    wait_until("the run is seen", || {
        let runs = json(&address, &look, "/api/runs");
        runs["runs"][0]["state"] == "running" && project.root().join("ran").exists()
    });
    let id = json(&address, &look, "/api/runs")["runs"][0]["run"].as_str().unwrap().to_owned();
    let stop = format!("/api/runs/{id}/stop");
    assert_eq!(ask(&address, &look, "POST", &stop).0, 403);
    let tokens = project.read(".apex/web.tokens");
    let act = tokens.lines().find_map(|line| line.strip_prefix("act ")).unwrap();
    assert_eq!(ask(&address, act, "POST", &stop).0, 202);
    // As if SIGTERM had come.
    assert_eq!(run.code(), Some(143), "{}", project.read("said"));
    wait_until("its end is seen", || {
        json(&address, &look, &format!("/api/runs/{id}"))["state"] == "finished"
    });
    assert_eq!(ask(&address, act, "POST", &stop).0, 409, "it is over");
    assert_eq!(server.end(), Some(0), "{}", project.read("served"));
}

#[test]
fn a_run_can_show_itself_and_a_new_server_takes_the_place_of_an_old_one() {
    let project = project();
    let arguments = ["run", "--mode", "fast_feedback", "--listen", "127.0.0.1:0"];
    let mut run = Going::start(&project, &arguments, "said");
    let (address, look) = run.link(&project);
    wait_until("it runs", || project.root().join("ran").exists());
    let runs = json(&address, &look, "/api/runs");
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");

    let mut old = Going::start(&project, &["serve", "--listen", "127.0.0.1:0"], "old");
    let (served, look) = old.link(&project);
    assert_eq!(json(&served, &look, "/api/runs"), runs);
    let mut new = Going::start(&project, &["serve", "--take-over"], "new");
    let (taken, _) = new.link(&project);
    assert_eq!(taken, served, "{}", project.read("new"));
    assert_eq!(old.code(), Some(0));
    assert_eq!(json(&served, &look, "/api/runs")["runs"][0]["state"], "running");
    assert_eq!(run.end(), Some(143));
    assert_eq!(new.end(), Some(0));
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let project = project();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let finished = project.run(&["serve", "--listen", &address]);
    assert_eq!(finished.status.code(), Some(3), "{}", finished.stderr);
    assert!(
        finished.stderr.contains(&format!("cannot listen on {address}")),
        "{}",
        finished.stderr
    );
    assert!(finished.stderr.contains("--take-over"), "{}", finished.stderr);
}

#[test]
fn the_document_of_the_interface_is_printed() {
    let project = Project::new(&[]);
    let finished = project.run(&["schema", "openapi"]);
    let document: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/runs/{run}/tests"]["get"].is_object());
}
