//! Go: what its own events say, and what happens when a process, a build or a selection breaks.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use apex_agents::runners::Tools;
use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::plan::{JobSpec, Work};
use apex_tests::tool::tool;

use super::drive::{Driven, Project, job, list_in, run_in, run_until};

const MODULE: (&str, &str) = ("go.mod", "module example.com/demo\n\ngo 1.19\n");

/// Every outcome, odd names, parallel tests, examples and seeds.
const SAMPLE: &str = include_str!("../../../fixtures/go/sample.go");

fn sample() -> Project {
    Project::with(&[
        MODULE,
        ("sample/sample_test.go", SAMPLE),
        (
            "other/other_test.go",
            "package other\nimport \"testing\"\nfunc TestPasses(t *testing.T) {}\n",
        ),
        ("empty/empty.go", "package empty\n"),
    ])
}

/// A package `p` with these test functions.
fn with_tests(functions: &str) -> Project {
    let text = format!(
        "package p\nimport (\"os\"; \"strings\"; \"testing\"; \"time\")\nvar _ = os.Exit\nvar _ = strings.Join\nvar _ = time.Sleep\n{functions}"
    );
    Project::with(&[MODULE, ("p/p_test.go", &text)])
}

fn go() -> JobSpec {
    job(RunnerKind::Go)
}

/// What `go test -json` itself says: id → outcome, and seconds.
fn own_report(folder: &Path, packages: &[&str]) -> BTreeMap<String, (String, f64)> {
    let output = Command::new("go")
        .args(["test", "-json", "-count=1"])
        .args(packages)
        .current_dir(folder)
        .output()
        .expect("go can be started");
    let mut ends = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(event) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let outcome = match event["Action"].as_str() {
            Some("pass") => "passed",
            Some("fail") => "failed",
            Some("skip") => "skipped",
            _ => continue,
        };
        if let (Some(package), Some(test)) = (event["Package"].as_str(), event["Test"].as_str()) {
            let seconds = event["Elapsed"].as_f64().unwrap_or_default();
            ends.insert(format!("{package}::{test}"), (outcome.to_owned(), seconds));
        }
    }
    ends
}

fn outcomes(driven: &Driven) -> BTreeMap<String, String> {
    driven.tests.iter().map(|(id, (outcome, _))| (id.clone(), outcome.clone())).collect()
}

#[test]
fn what_apex_says_is_what_the_events_of_go_say() {
    let Some(_) = tool("go") else { return };
    let project = sample();
    let own = own_report(project.path(), &["./..."]);
    let driven = project.run(&go(), None);
    let expected = own.iter().map(|(id, (outcome, _))| (id.clone(), outcome.clone())).collect();
    assert_eq!(outcomes(&driven), expected, "{driven:#?}");
    assert_eq!((driven.problem.as_deref(), driven.unable.as_deref()), (None, None));
    let slow = driven.durations["example.com/demo/sample::TestParallelOne"];
    assert!(slow.is_some_and(|time| time.as_millis() >= 30), "{slow:?}");

    let messages = [
        ("TestFails", "sample_test.go:15: numbers differ: 1"),
        ("TestSkips", "not today"),
        ("TestParts/a/b", "sample_test.go:29: the bad one"),
        ("TestParts", "TestParts/a/b failed"),
        ("ExampleWrong", "got:"),
        ("FuzzSeeds/seed#1", "sample_test.go:61: seed b"),
    ];
    for (test, message) in messages {
        assert_eq!(driven.message(&format!("example.com/demo/sample::{test}")), message);
    }
    let details = &driven.details["example.com/demo/sample::TestFails"];
    assert_eq!(
        details,
        "    sample_test.go:13: log line\nprinted\n    sample_test.go:15: numbers differ: 1\n"
    );
}

#[test]
fn every_test_can_be_chosen_by_its_name() {
    let Some(_) = tool("go") else { return };
    let project = sample();
    let all = project.run(&go(), None);
    for half in 0..2 {
        let mine = || all.tests.iter().skip(half).step_by(2);
        let only: Vec<&str> = mine().map(|(id, _)| id.as_str()).collect();
        let again = project.run(&go(), Some(&only));
        let expected = mine().map(|(id, (outcome, _))| (id.clone(), outcome.clone())).collect();
        assert_eq!((outcomes(&again), &again.problem), (expected, &None));
    }
    let some = ["example.com/demo/other::TestPasses", "example.com/demo/sample::TestParts/dup#01"];
    let again = project.run(&go(), Some(&some));
    assert_eq!((again.tests.len(), again.count(Outcome::Passed), again.problem), (2, 2, None));
    let gone = project.run(&go(), Some(&["example.com/demo/other::TestGone"]));
    assert!(gone.problem.is_some_and(|problem| problem.contains("TestGone")));
}

#[test]
fn listing_names_functions_and_shards_share_them() {
    let Some(_) = tool("go") else { return };
    let project = sample();
    let listed = list_in(project.path(), &go());
    assert_eq!((listed.discovered.len(), listed.tests.len(), listed.problem), (11, 0, None));
    for count in [2, 3, 20] {
        let mut seen: Vec<String> = Vec::new();
        for number in 1..=count {
            let spec = JobSpec { shard: Some((number, count)), ..go() };
            let driven = project.run(&spec, None);
            assert_eq!(driven.problem, None);
            seen.extend(driven.tests.into_keys().filter(|id| {
                !id.contains('/') || !id.split("::").nth(1).unwrap_or_default().contains('/')
            }));
        }
        seen.sort();
        let mut all = listed.discovered.clone();
        all.sort();
        assert_eq!(seen, all, "{count} shards");
    }
}

/// Outcome and message of each test of the package `p`, and the problem.
fn ends(driven: &Driven) -> Vec<String> {
    let ends = driven.tests.iter().map(|(id, (outcome, message))| {
        let name = id.trim_start_matches("example.com/demo/p::");
        format!("{name} {outcome} {message}").trim_end().to_owned()
    });
    ends.chain(driven.problem.clone()).collect()
}

#[test]
fn a_test_that_ends_its_process_is_named_and_the_rest_runs() {
    let Some(_) = tool("go") else { return };
    let cases: [(&str, &[&str]); 5] = [
        (
            "func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { os.Exit(3) }\nfunc TestC(t *testing.T) {}\n",
            &["TestA passed", "TestB errored ended its process while it ran", "TestC passed"],
        ),
        (
            "func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { os.Exit(0) }\nfunc TestC(t *testing.T) {}\n",
            &[
                "TestA passed",
                "TestB failed panic: unexpected call to os.Exit(0) during test [recovered]",
                "TestC passed",
            ],
        ),
        (
            "func TestB(t *testing.T) { t.Run(\"first\", func(t *testing.T) {}); t.Run(\"in\", func(t *testing.T) { panic(\"boom\") }) }\nfunc TestC(t *testing.T) { t.Parallel() }\n",
            &[
                "TestB failed TestB/in failed",
                "TestB/first passed",
                "TestB/in failed panic: boom [recovered]",
                "TestC passed",
            ],
        ),
        (
            "func TestA(t *testing.T) { t.Parallel(); time.Sleep(time.Second) }\nfunc TestB(t *testing.T) { t.Parallel(); time.Sleep(100*time.Millisecond); os.Exit(3) }\nfunc TestC(t *testing.T) {}\n",
            &["TestA passed", "TestB errored ended its process while it ran", "TestC passed"],
        ),
        (
            "func TestMain(m *testing.M) { m.Run(); println(\"leaked\"); if !strings.Contains(strings.Join(os.Args, \" \"), \"-test.list\") { os.Exit(1) } }\nfunc TestA(t *testing.T) {}\n",
            &["TestA passed", "example.com/demo/p failed although none of its tests did: leaked"],
        ),
    ];
    for (functions, expected) in cases {
        let driven = with_tests(functions).run(&go(), None);
        assert_eq!(ends(&driven), expected, "{functions} {driven:#?}");
    }
}

#[test]
fn what_does_not_compile_is_the_fault_of_the_environment_and_the_rest_runs() {
    let Some(_) = tool("go") else { return };
    let broken = [
        ("undefined(1)", "p_test.go:5:24: undefined: undefined"),
        (
            "t.Errorf(\"%d\", \"x\")",
            "p_test.go:5:24: (*testing.common).Errorf format %d has arg \"x\" of wrong type string",
        ),
        ("if", "p_test.go:5:28: expected operand, found '}'"),
    ];
    for (body, message) in broken {
        let project =
            with_tests(&format!("func TestA(t *testing.T) {{ {body} }}\n").replace("{ ", "{"));
        let driven = project.run(&go(), None);
        let reason = driven.unable.clone().unwrap_or_else(|| panic!("{driven:#?}"));
        assert!(reason.starts_with("the build of example.com/demo/p failed: p/"), "{reason}");
        let what = message.split(": ").last().expect("a message");
        assert!(reason.contains(what), "{reason} should say {what}");
        assert!(driven.tests.is_empty(), "{driven:#?}");

        let other = project.path().join("q");
        std::fs::create_dir_all(&other).expect("a folder");
        std::fs::write(
            other.join("q_test.go"),
            "package q\nimport \"testing\"\nfunc TestQ(t *testing.T) {}\n",
        )
        .expect("a file");
        let driven = project.run(&go(), None);
        assert_eq!((driven.count(Outcome::Passed), &driven.unable), (1, &None), "{driven:#?}");
        assert!(driven.problem.is_some_and(|problem| problem.contains(what)));
    }
}

#[test]
fn a_missing_package_or_module_and_a_selection_of_nothing_are_told_apart() {
    let Some(_) = tool("go") else { return };
    let project = Project::with(&[("p/p_test.go", "package p\n")]);
    let driven = project.run(&go(), None);
    assert!(driven.unable.as_deref().is_some_and(|why| why.contains("go.mod")), "{driven:#?}");

    let project = Project::with(&[
        MODULE,
        ("p/p_test.go", "package p\nimport _ \"example.com/nowhere/x\"\n"),
    ]);
    let driven = project.run(&go(), None);
    assert!(
        driven.unable.as_deref().is_some_and(|why| why.contains("example.com/nowhere/x")),
        "{driven:#?}"
    );

    for files in [&[MODULE][..], &[MODULE, ("p/p.go", "package p\n")]] {
        let driven = Project::with(files).run(&go(), None);
        assert_eq!((driven.tests.len(), driven.problem, driven.unable), (0, None, None));
    }
}

#[test]
fn a_test_that_hangs_is_named_and_who_waits_for_it_is_not() {
    let Some(_) = tool("go") else { return };
    let project = with_tests(
        "func TestA(t *testing.T) {}\nfunc TestWaits(t *testing.T) { t.Parallel() }\nfunc TestHangs(t *testing.T) { t.Run(\"first\", func(t *testing.T) {}); t.Run(\"inner\", func(t *testing.T) { time.Sleep(time.Second); os.WriteFile(\"hangs\", nil, 0o600); time.Sleep(time.Hour) }) }\nfunc TestNever(t *testing.T) {}\n",
    );
    let has_begun = || project.path().join("p/hangs").exists();
    let driven = run_until(project.path(), &go(), &Tools::default(), |_| has_begun());
    assert_eq!(driven.outcome("example.com/demo/p::TestA"), "passed");
    assert_eq!(driven.outcome("example.com/demo/p::TestWaits"), "not_run");
    let named: Vec<&str> =
        driven.started.iter().map(|id| id.rsplit("::").next().unwrap()).collect();
    assert!(named.contains(&"TestHangs/inner"), "{driven:#?}");
    assert!(!named.contains(&"TestNever") && !named.contains(&"TestHangs/first"), "{driven:#?}");
}

#[test]
fn a_limit_of_go_that_the_user_asked_for_is_a_time_limit() {
    let Some(_) = tool("go") else { return };
    let project = with_tests(
        "func TestA(t *testing.T) {}\nfunc TestSlow(t *testing.T) { time.Sleep(time.Hour) }\n",
    );
    let mut spec = go();
    if let Work::Tests { arguments, .. } = &mut spec.work {
        arguments.push("-timeout=1s".to_owned());
    }
    let driven = project.run(&spec, None);
    assert_eq!(
        ends(&driven),
        ["TestA passed", "TestSlow timed_out panic: test timed out after 1s"]
    );
}

#[test]
fn a_module_below_the_root_and_a_workspace_are_run_where_they_are() {
    let Some(_) = tool("go") else { return };
    let test = "package a\nimport \"testing\"\nfunc TestA(t *testing.T) {}\n";
    let project = Project::with(&[
        ("go.work", "go 1.19\n\nuse (\n\t./one\n\t./two\n)\n"),
        ("one/go.mod", "module example.com/one\n\ngo 1.19\n"),
        ("one/a.go", "package a\nfunc One() int { return 1 }\n"),
        ("one/a_test.go", test),
        ("two/go.mod", "module example.com/two\n\ngo 1.19\n"),
        (
            "two/a_test.go",
            "package a\nimport (\"testing\"; one \"example.com/one\")\nfunc TestUses(t *testing.T) { if one.One() != 1 { t.Fatal() } }\n",
        ),
    ]);
    for (folder, id) in [("one", "example.com/one::TestA"), ("two", "example.com/two::TestUses")] {
        let driven = project.run(&JobSpec { working_directory: folder.into(), ..go() }, None);
        assert_eq!(
            outcomes(&driven),
            BTreeMap::from([(id.to_owned(), "passed".to_owned())]),
            "{driven:#?}"
        );
    }
}

#[test]
fn a_cached_result_is_never_taken_for_a_run() {
    let Some(_) = tool("go") else { return };
    let project = with_tests(
        "func TestA(t *testing.T) { f, _ := os.OpenFile(\"../ran\", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); f.WriteString(\"x\") }\n",
    );
    for _ in 0..2 {
        assert_eq!(project.run(&go(), None).count(Outcome::Passed), 1);
    }
    assert_eq!(std::fs::read_to_string(project.path().join("ran")).expect("it ran"), "xx");
}

#[test]
fn suites_of_debian_are_reported_as_go_reports_them() {
    let Some(_) = tool("go") else { return };
    for package in ["github.com/pkg/errors", "golang.org/x/text/unicode/norm"] {
        let folder = Path::new("/usr/share/gocode/src").join(package);
        if !folder.is_dir() {
            assert!(
                !apex_tests::tool::required("gocode"),
                "{package} is required and was not found"
            );
            eprintln!("SKIPPED: {package} was not found on this machine");
            continue;
        }
        let env = [("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode")];
        let spec = JobSpec {
            env: Arc::new(env.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            ..go()
        };
        let driven = run_in(&folder, &spec, None);
        let own = Command::new("go")
            .args(["test", "-json", "-count=1", "./..."])
            .envs(env)
            .current_dir(&folder)
            .output()
            .expect("go");
        let own = String::from_utf8_lossy(&own.stdout);
        let ends = own.lines().filter(|line| {
            line.contains("\"Test\":")
                && ["pass", "fail", "skip"]
                    .iter()
                    .any(|action| line.contains(&format!("\"Action\":\"{action}\"")))
        });
        assert_eq!(driven.tests.len(), ends.count(), "{package}");
        let bad = driven.count(Outcome::Failed) + driven.count(Outcome::Errored);
        assert_eq!(
            bad,
            own.lines()
                .filter(|line| line.contains("\"Action\":\"fail\"") && line.contains("\"Test\":"))
                .count(),
            "{package}"
        );
        assert_eq!(driven.problem, None, "{package}");
    }
}
