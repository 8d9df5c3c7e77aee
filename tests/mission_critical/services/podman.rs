//! The socket of podman in place of that of Docker.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use apex_tests::docker::{docker, has_engine};
use apex_tests::processes::wait_until;
use apex_tests::project::finish;
use apex_tests::tool::tool;

use super::scene::{project, run};

/// Limits that a machine without every right can set.
const SETTINGS: &str =
    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n";

/// An engine with everything of it in one folder, ended when dropped.
struct Podman<'a> {
    folder: &'a Path,
    child: Child,
}

impl<'a> Podman<'a> {
    fn start(folder: &'a Path) -> Self {
        std::fs::write(folder.join("containers.conf"), SETTINGS).unwrap();
        let mut command = call(folder);
        command.args(["system", "service", "--time", "0"]).arg(address(folder));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let socket = folder.join("podman.sock");
        wait_until("podman listens", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        Self { folder, child }
    }
}

impl Drop for Podman<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = call(self.folder).args(["system", "reset", "--force"]).output();
    }
}

fn address(folder: &Path) -> String {
    format!("unix://{}/podman.sock", folder.display())
}

fn call(folder: &Path) -> Command {
    let mut command = Command::new("podman");
    command.env("CONTAINERS_CONF", folder.join("containers.conf"));
    command.arg("--root").arg(folder.join("root")).arg("--runroot").arg(folder.join("run"));
    command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]);
    command.args(["--events-backend", "file"]);
    command
}

fn wrote(mut command: Command) -> Option<String> {
    let output = command.output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn containers_of_podman_are_made_awaited_and_taken_away() {
    if tool("podman").is_none() || !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let podman = Podman::start(folder.path());
    let archive = folder.path().join("busybox.tar");
    docker(&["save", "--output", archive.to_str().unwrap(), "apex-test/busybox:1"]);
    let mut load = call(folder.path());
    load.args(["load", "--quiet", "--input"]).arg(&archive);
    let mut probe = call(folder.path());
    probe.args(["run", "--rm", "--network", "none", "apex-test/busybox:1", "true"]);
    if wrote(load).is_none() || wrote(probe).is_none() {
        eprintln!("SKIPPED: podman cannot run containers on this machine");
        return;
    }
    let services = "demo: {image: '{image}', command: 'echo hello; exec httpd -f -p 80 -h /', \
                    pull: never, ports: {main: 80}, readiness: {http: {path: /ok}}}";
    let project = project(services, "wget -q -O - http://127.0.0.1:$APEX_SERVICE_DEMO_PORT/ok");
    let host = address(folder.path());
    let answer = finish(run(&project, &[("DOCKER_HOST", &host)]));
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.status.code(), Some(0), "{said}");
    assert!(said.contains("demo: ready"), "{said}");
    let mut left = call(folder.path());
    left.args(["ps", "--all", "--quiet"]);
    assert_eq!(wrote(left).as_deref(), Some(""));
    let mut networks = call(folder.path());
    networks.args(["network", "ls", "--quiet", "--filter", "label=apex.run"]);
    assert_eq!(wrote(networks).as_deref(), Some(""));
    drop(podman);
}
