//! `--affected`: what no change concerns is spared, and says so.

use std::process::{Command, Stdio};

use apex_tests::project::Project;
use apex_tests::tool::tool;
use apex_tests::watchdog::Finished;

const LAYERS: &str = "apex: 1
execution_config: {affected_sample_percent: 0}
layers:
  first:
    categories:
      - {name: front, command: [\"true\"], inputs: [\"web/**\"]}
      - {name: back, command: [\"true\"], inputs: [\"api/**\", \"shared/*.txt\"]}
      - {name: whole, command: [\"true\"]}
";

fn git(project: &Project, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(project.root())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success(), "git {arguments:?}");
}

/// A repository with one commit on `main`, on a branch of its own.
fn repository(layers: &str) -> Option<Project> {
    tool("git")?;
    let project = Project::new(&[
        ("apex.yaml", layers),
        ("web/page.html", "page"),
        ("api/main.py", "main"),
        ("shared/words.txt", "words"),
        ("shared/deep/other.txt", "other"),
    ]);
    git(&project, &["init", "-q"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-qm", "one"]);
    git(&project, &["checkout", "-qb", "work"]);
    Some(project)
}

/// Which categories `plan --affected` spares, with the reason.
fn spared(project: &Project, arguments: &[&str]) -> String {
    let answer = project.run(&[&["plan", "--mode", "ci", "--json"], arguments].concat());
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let plan: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let categories = plan["plan"]["categories"].as_array().unwrap();
    let spared = categories.iter().filter(|one| one["work"]["kind"] == "spared");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let lines: Vec<String> = spared
        .map(|one| format!("{}: {}", text(&one["name"]), text(&one["work"]["reason"])))
        .collect();
    lines.join("\n")
}

#[test]
fn a_category_runs_when_one_of_its_inputs_changed_or_when_it_names_none() {
    let Some(project) = repository(LAYERS) else { return };
    let front = "front: none of its inputs changed since main";
    let back = "back: none of its inputs changed since main";
    assert_eq!(spared(&project, &["--affected"]), format!("{front}\n{back}"));
    project.write("api/new.py", "a new file that is not committed");
    assert_eq!(spared(&project, &["--affected"]), front);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-qm", "two"]);
    assert_eq!(spared(&project, &["--affected", "main"]), front, "a commit of the branch counts");
    let since_head = spared(&project, &["--affected", "HEAD"]);
    assert_eq!(since_head.lines().count(), 2, "nothing changed since the last commit");
    project.write("shared/deep/other.txt", "`*` does not go into folders");
    assert_eq!(spared(&project, &["--affected", "HEAD"]).lines().count(), 2);
    project.write("web/page.html", "changed");
    assert!(spared(&project, &["--affected", "HEAD"]).starts_with("back:"));
    project.write("apex.yaml", &format!("{LAYERS}# changed\n"));
    assert_eq!(spared(&project, &["--affected", "HEAD"]), "", "the layer file concerns everybody");
}

#[test]
fn a_run_of_what_nothing_concerns_is_green_and_says_that_nothing_ran() {
    let layers = LAYERS.lines().filter(|line| !line.contains("whole")).collect::<Vec<_>>();
    let Some(project) = repository(&layers.join("\n")) else { return };
    let answer = project.run(&["run", "--mode", "ci", "--affected"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    for text in ["0 files changed since main", "Unaffected, no input changed: front, back"] {
        assert!(answer.stderr.contains(text), "`{text}` is missing in:\n{}", answer.stderr);
    }
}

#[test]
fn a_sample_of_what_is_spared_runs_all_the_same() {
    let all = LAYERS.replace("percent: 0", "percent: 100");
    let Some(project) = repository(&all) else { return };
    assert_eq!(spared(&project, &["--affected"]), "");
    let answer = project.run(&["plan", "--mode", "ci", "--affected"]);
    assert!(answer.stdout.contains("2 run as a sample"), "{}", answer.stdout);
}

#[test]
fn what_passed_with_the_same_inputs_is_cached_until_one_of_them_changes() {
    let Some(project) = repository(LAYERS) else { return };
    project.write("web/page.html", "changed");
    let run = || project.run(&["run", "--mode", "ci", "--affected"]);
    assert_eq!(run().status.code(), Some(0));
    let cached = spared(&project, &["--affected"]);
    assert!(cached.starts_with("front: it passed with the same inputs in run "), "{cached}");
    let second = run();
    let text = "Cached, passed before with the same inputs: front";
    assert!(second.stderr.contains(text), "`{text}` is missing in:\n{}", second.stderr);
    assert!(second.stderr.contains("executed: 1"), "only `whole` ran:\n{}", second.stderr);
    project.write("web/page.html", "changed again");
    assert!(spared(&project, &["--affected"]).starts_with("back:"));
    project.write("web/page.html", "changed");
    assert!(spared(&project, &["--affected"]).starts_with("front: it passed"), "as before");
}

#[test]
fn a_sample_that_fails_ends_the_trust_in_its_inputs() {
    let all = LAYERS.replace("percent: 0", "percent: 100");
    let layers = all.replacen("[\"true\"]", "[sh, -c, \"test ! -e hidden\"]", 1);
    let Some(project) = repository(&layers) else { return };
    project.write("hidden", "concerns `front` and is no input of it");
    let answer = project.run(&["run", "--mode", "ci", "--affected"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    std::fs::remove_file(project.root().join("hidden")).unwrap();
    let page = project.run(&["plan", "--mode", "ci", "--affected"]).stdout;
    assert!(page.contains("they say too little"), "{page}");
}

#[test]
fn what_git_cannot_say_is_an_error_with_the_next_step() {
    let Some(project) = repository(LAYERS) else { return };
    let check = |answer: Finished, code: i32, text: &str| {
        assert_eq!(answer.status.code(), Some(code), "{}", answer.stderr);
        assert!(answer.stderr.contains(text), "`{text}` is missing in:\n{}", answer.stderr);
    };
    let unknown = project.run(&["run", "--mode", "ci", "--affected", "nowhere"]);
    check(unknown, 2, "Git does not know `nowhere`");
    let option = project.run(&["run", "--mode", "ci", "--affected=--output=x"]);
    check(option, 2, "Git does not know `--output=x`");
    std::fs::remove_dir_all(project.root().join(".git")).unwrap();
    let none = project.run(&["run", "--mode", "ci", "--affected"]);
    check(none, 3, "not in a Git repository");
}
