//! A real container engine for tests, images that are made on this machine, and a look at what
//! is left in the engine.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::tool::tool_answers;

/// Kinds of things that are counted, as the command line of Docker calls them.
const KINDS: [&[&str]; 3] = [
    &["ps", "--all", "--format", "container {{.Names}}"],
    &["network", "ls", "--format", "network {{.Name}}"],
    &["volume", "ls", "--format", "volume {{.Name}}"],
];

/// Whether there is an engine, with the image `apex-test/busybox:1`. Without one, the test says
/// that it is skipped.
///
/// # Panics
/// When `docker` is required and missing, or the image cannot be made.
pub fn has_engine() -> bool {
    static MADE: OnceLock<bool> = OnceLock::new();
    let answers = tool_answers("docker", "docker", &["version"]);
    answers && *MADE.get_or_init(|| make("busybox.sh"))
}

/// The same with the images `apex-test/postgres:1` and `apex-test/redis:1`.
///
/// # Panics
/// As [`has_engine`].
pub fn has_databases() -> bool {
    static MADE: OnceLock<bool> = OnceLock::new();
    let answers = has_engine()
        && tool_answers(
            "docker",
            "sh",
            &["-c", "command -v redis-check-rdb && ls /usr/lib/postgresql"],
        );
    answers && *MADE.get_or_init(|| make("databases.sh"))
}

fn make(script: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("images").join(script);
    // One at a time, also with other test programs of this machine.
    let status = Command::new("flock")
        .args(["/tmp/apex-test-images.lock", path.to_str().expect("a path")])
        .status()
        .expect("flock starts");
    assert!(status.success(), "{script} ended with {status}");
    true
}

/// Calls Docker; the answer is what it wrote.
///
/// # Panics
/// When it fails.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker starts");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// Containers, networks and volumes that belong to a project, whatever run made them.
#[must_use]
pub fn of_project(root: &Path) -> Vec<String> {
    let filter = format!("label=apex.project={}", root.display());
    let lines = KINDS.iter().map(|kind| {
        let mut arguments = kind.to_vec();
        arguments.extend(["--filter", &filter]);
        docker(&arguments)
    });
    lines.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Requires that nothing of a project is in the engine.
///
/// # Panics
/// When something is.
pub fn assert_nothing_left(root: &Path) {
    let left = of_project(root);
    assert!(left.is_empty(), "left in the engine: {left:?}");
}
