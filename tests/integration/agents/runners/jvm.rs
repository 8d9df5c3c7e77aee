//! Maven and Gradle: real builds where Debian's packages make them possible, and programs that
//! behave like theirs everywhere.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use apex_agents::runners::Tools;
use apex_config::model::RunnerKind;
use apex_core::plan::{JobSpec, Work};
use apex_tests::junit::{Ended, cases};
use apex_tests::tool::tool;

use super::drive::{Driven, Project, job, run_until, run_with};

/// One class with a test of each outcome, and what Surefire 2.22.3 wrote of it.
const SAMPLE: &str = include_str!("../../../fixtures/jvm/SampleTest.java");
const SUREFIRE: &str = include_str!("../../../fixtures/jvm/surefire.xml");

const OUTCOMES: [(&str, &str, &str); 4] = [
    ("com.x.SampleTest::breaks", "errored", "boom"),
    ("com.x.SampleTest::fails", "failed", "numbers differ expected:<1> but was:<2>"),
    ("com.x.SampleTest::ignored", "skipped", "not today"),
    ("com.x.SampleTest::passes", "passed", ""),
];

fn check(driven: &Driven, expected: &[(&str, &str, &str)]) {
    let found: Vec<(&str, &str, &str)> = driven
        .tests
        .iter()
        .map(|(id, (outcome, message))| (id.as_str(), outcome.as_str(), message.as_str()))
        .collect();
    assert_eq!(found, expected, "{driven:#?}");
}

/// A project whose wrapper is this script of the shell; it finds the reports to write in `$XML`.
fn wrapped(wrapper: &str, script: &str) -> (Project, Tools) {
    let text = format!("#!/bin/sh\nXML=recorded.xml\necho \"$@\" >> asked\n{script}\n");
    let project = Project::with(&[("recorded.xml", SUREFIRE), (wrapper, &text)]);
    let path = project.path().join(wrapper);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let tools = Tools::find(project.path(), "", None, &|_| None);
    (project, tools)
}

const WRITES: &str =
    "mkdir -p mod/target/surefire-reports; cp $XML mod/target/surefire-reports/TEST-a.xml;";

fn run(script: &str, only: Option<&[&str]>) -> (Driven, String) {
    let (project, tools) = wrapped("mvnw", script);
    let driven = run_with(project.path(), &job(RunnerKind::Maven), only, &tools);
    let asked = std::fs::read_to_string(project.path().join("asked")).unwrap_or_default();
    (driven, asked)
}

#[test]
fn the_files_of_surefire_are_the_tests_and_older_ones_are_not() {
    let (driven, asked) = run(&format!("{WRITES} exit 1"), None);
    check(&driven, &OUTCOMES);
    assert_eq!((driven.problem, driven.unable), (None, None));
    assert_eq!(asked, "--batch-mode --fail-at-end test\n");
    assert!(driven.output["com.x.SampleTest::fails"].contains("printed"));

    // What an earlier run wrote is no result of this one.
    let (project, tools) = wrapped("mvnw", "exit 0");
    let stale = project.path().join("target/surefire-reports");
    std::fs::create_dir_all(&stale).expect("a folder");
    std::fs::write(stale.join("TEST-old.xml"), SUREFIRE).expect("a report");
    std::thread::sleep(std::time::Duration::from_millis(50));
    let driven = run_with(project.path(), &job(RunnerKind::Maven), None, &tools);
    assert!(driven.tests.is_empty(), "{driven:#?}");
    assert!(driven.problem.is_some_and(|problem| problem.contains("wrote no report")));
}

#[test]
fn a_build_that_fails_is_the_fault_of_the_environment_and_names_the_compiler() {
    let rows = [
        (
            "echo '[INFO] BUILD'; echo '[ERROR] COMPILATION ERROR : '; echo '[INFO] ------'; echo \"[ERROR] $PWD/src/A.java:[4,31] cannot find symbol\"; exit 1",
            "the build failed: src/A.java:[4,31] cannot find symbol",
        ),
        (
            "echo '[ERROR] Failed to execute goal on project demo: Could not resolve dependencies'; exit 1",
            "the build failed: Failed to execute goal on project demo: Could not resolve dependencies",
        ),
        (
            "echo nonsense; exit 3",
            "the build failed: maven ended with exit code 3, and no test failed: nonsense",
        ),
    ];
    for (script, reason) in rows {
        let (driven, _) = run(script, None);
        assert_eq!(driven.unable.as_deref(), Some(reason), "{driven:#?}");
    }
    // Another module was tested: its tests count, and the broken one is said.
    let (driven, _) = run(
        &format!(
            "{WRITES} echo '[ERROR] COMPILATION ERROR : '; echo '[ERROR] A.java:[4,31] no'; exit 1"
        ),
        None,
    );
    check(&driven, &OUTCOMES);
    assert_eq!(driven.problem.as_deref(), Some("a part of the build failed: A.java:[4,31] no"));
}

#[test]
fn a_class_that_ends_its_java_is_named() {
    let (driven, _) = run(
        "echo '[ERROR] Crashed tests:'; echo '[ERROR] com.x.CrashTest'; echo '[ERROR] -> [Help 1]'; exit 1",
        None,
    );
    check(&driven, &[("com.x.CrashTest", "errored", "ended its Java process while it ran")]);
    assert_eq!((driven.problem, driven.unable), (None, None));
}

#[test]
fn exit_code_and_files_have_to_agree_and_no_tests_is_not_a_pass() {
    let green = "mkdir -p target/surefire-reports; echo '<testsuite><testcase classname=\"A\" name=\"a\"/></testsuite>' > target/surefire-reports/TEST-a.xml;";
    let (driven, _) =
        run(&format!("{green} echo '[ERROR] Failed to execute goal x'; exit 1"), None);
    let problem = driven.problem.unwrap_or_default();
    assert!(problem.contains("no test failed: Failed to execute goal x"), "{problem}");
    let (driven, _) = run("echo '[INFO] No tests to run.'", None);
    assert_eq!((driven.tests.len(), driven.problem, driven.unable), (0, None, None));
    let (driven, _) = run(&format!("{green} exit 0"), Some(&["A::a", "B::gone"]));
    assert!(driven.problem.is_some_and(|problem| problem.contains("B::gone")));
}

#[test]
fn chosen_tests_are_asked_for_by_class_and_method() {
    let ids = [
        "com.x.A::one",
        "com.x.A::two(int)[3]",
        "com.x.B::in words of its own",
        "com.x.C$Inner::name[1]",
        "com.x.D",
    ];
    let (_, asked) = run("exit 0", Some(&ids));
    let chosen = "com.x.A#one+two,com.x.B,com.x.C$Inner#name,com.x.D";
    assert!(asked.contains(&format!("-Dtest={chosen} -Dit.test={chosen} ")), "{asked}");

    let (project, tools) = wrapped("gradlew", "exit 0");
    run_with(project.path(), &job(RunnerKind::Gradle), Some(&ids), &tools);
    let asked = std::fs::read_to_string(project.path().join("asked")).expect("a call");
    let chosen = "--tests com.x.A.one --tests com.x.A.two --tests com.x.B --tests com.x.C$Inner.name --tests com.x.D";
    assert!(asked.trim().ends_with(&format!("test {chosen}")), "{asked}");

    let mut spec = job(RunnerKind::Maven);
    if let Work::Tests { paths, arguments, .. } = &mut spec.work {
        paths.push("core/src/test/java/com/x/A.java".to_owned());
        arguments.extend(["verify", "-Pslow"].map(String::from));
    }
    let (project, tools) = wrapped("mvnw", "exit 0");
    run_with(project.path(), &spec, None, &tools);
    let asked = std::fs::read_to_string(project.path().join("asked")).expect("a call");
    assert!(
        asked.starts_with("--batch-mode --fail-at-end verify -Pslow -Dtest=com.x.A "),
        "{asked}"
    );
}

#[test]
fn what_was_written_before_a_time_limit_is_kept() {
    let (project, tools) = wrapped("mvnw", &format!("{WRITES} touch hangs; exec sleep 600"));
    let has_begun = || project.path().join("hangs").exists();
    let driven = run_until(project.path(), &job(RunnerKind::Maven), &tools, |_| has_begun());
    check(&driven, &OUTCOMES);
}

/// The tests of JUnit files as Apex names them, with the words of its outcomes.
fn own_report(folder: &Path) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder).expect("reports").map(|entry| entry.expect("one").path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "xml"));
    let texts = files.map(|path| std::fs::read_to_string(path).expect("a report"));
    let all = texts.flat_map(|text| cases(&text)).map(|case| {
        let outcome = match case.ended {
            Ended::Passed => "passed",
            Ended::Failed => "failed",
            Ended::Errored => "errored",
            Ended::Skipped => "skipped",
        };
        (case.name.replace(' ', "::"), outcome.to_owned())
    });
    all.collect()
}

/// Runs the sample by a real tool: as a whole, and one test of it.
fn check_real(project: &Project, spec: &JobSpec, reports: &str) {
    let driven = project.run(spec, None);
    let own = own_report(&project.path().join(reports));
    let found: BTreeMap<String, String> =
        driven.tests.iter().map(|(id, (outcome, _))| (id.clone(), outcome.clone())).collect();
    assert_eq!(found, own, "{driven:#?}");
    assert_eq!((found.len(), &driven.problem), (4, &None));
    let again = project.run(spec, Some(&["com.x.SampleTest::passes"]));
    check(&again, &[("com.x.SampleTest::passes", "passed", "")]);
    assert_eq!((again.problem, again.unable), (None, None));

    let broken = SAMPLE.replace("passes() {}", "passes() { nothing(); }");
    let place = project.path().join("src/test/java/com/x/SampleTest.java");
    std::fs::write(place, broken).expect("a class");
    let driven = project.run(spec, None);
    let reason = driven.unable.clone().unwrap_or_default();
    let place = "the build failed: src/test/java/com/x/SampleTest.java:";
    assert!(reason.starts_with(place) && reason.contains("cannot find symbol"), "{driven:#?}");
}

#[test]
fn a_real_build_of_maven_is_reported_as_surefire_reports_it() {
    let Some(_) = tool("mvn") else { return };
    if !Path::new("/usr/share/maven-repo/org/apache/maven/surefire/surefire-junit4").exists() {
        eprintln!("SKIPPED: Surefire was not found on this machine (Debian: libsurefire-java)");
        return;
    }
    let project = Project::with(&[
        (".mvn/maven.config", "-o -Dmaven.repo.local=/usr/share/maven-repo\n"),
        ("src/test/java/com/x/SampleTest.java", SAMPLE),
        (
            "pom.xml",
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion><groupId>com.x</groupId><artifactId>demo</artifactId><version>1</version><properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties><dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.x</version><scope>test</scope></dependency></dependencies></project>",
        ),
    ]);
    check_real(&project, &job(RunnerKind::Maven), "target/surefire-reports");
}

#[test]
fn a_real_build_of_gradle_is_reported_as_its_files_do() {
    let Some(_) = tool("gradle") else { return };
    if !Path::new("/usr/share/java/junit4.jar").exists() {
        eprintln!("SKIPPED: JUnit was not found on this machine (Debian: junit4)");
        return;
    }
    let project = Project::with(&[
        ("src/test/java/com/x/SampleTest.java", SAMPLE),
        (
            "build.gradle",
            "apply plugin: 'java'\ndependencies { testCompile files('/usr/share/java/junit4.jar', '/usr/share/java/hamcrest-core.jar') }\n",
        ),
    ]);
    let mut spec = job(RunnerKind::Gradle);
    if let Work::Tests { arguments, .. } = &mut spec.work {
        arguments.push("--offline".to_owned());
    }
    // Gradle calls every exception of a test a failure.
    check_real(&project, &spec, "build/test-results/test");
}
