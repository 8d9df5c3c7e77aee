//! Every parser of foreign text, fed in random pieces, says what it says of the whole, and no text
//! makes one fail. The same properties hold for the targets in `fuzz`, which search for longer.

use apex_agents::runners::{Session, Step, Tools, read_report};
use apex_config::model::RunnerKind;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::plan::JobSpec;
use apex_core::report::JobReport;
use apex_tests::random::Random;

use super::{command, job, session};

const GO: &str = concat!(
    "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"TestA\",\"Output\":\"    a_test.go:3: \\u00fc\\n\"}\n",
    "not an event\n",
    "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"TestA\",\"Elapsed\":0.25}\n",
    "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestB\"}\n",
    "{\"Action\":\"skip\",\"Package\":\"p\",\"Test\":\"TestB\",\"Elapsed\":0}\n",
    "{\"Action\":\"fail\",\"Package\":\"p\"}\n",
);
const GO_LIST: &str = concat!(
    "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"TestA\\n\"}\n",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"TestB\\n\"}\n",
    "FAIL\tq [build failed]\n",
);
const TAP: &str = "TAP version 14\n# Subtest: outer\n    ok 1 - a\n    not ok 2 - b\n      ---\n      message: 'bad'\n      ...\n    1..2\nnot ok 1 - outer\nok 2 - c # SKIP never\n\u{fc}\r\n1..2\n";
const BUILT: &str = "{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///p#demo@0.1.0\",\"manifest_path\":\"/p/Cargo.toml\",\"target\":{\"kind\":[\"test\"],\"name\":\"it\",\"src_path\":\"/p/tests/it.rs\"},\"profile\":{\"test\":true},\"executable\":\"/p/target/it\"}\n";
const LIBTEST: &str = "running 3 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... ignored, later\n\nfailures:\n\n---- b stdout ----\nthread 'b' panicked at tests/it.rs:3:5:\nno\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored\n";
const MAVEN: &str = "[INFO] BUILD\n[ERROR] COMPILATION ERROR : \n[ERROR] /p/src/A.java:[4,31] cannot find symbol\n[ERROR] Crashed tests:\n[ERROR] com.x.A\n[ERROR] -> [Help 1]\n";

/// The programs of a session, each with what it writes on standard output.
fn recordings() -> Vec<(JobSpec, Vec<&'static str>)> {
    vec![
        (job(RunnerKind::Go), vec![GO_LIST, GO]),
        (job(RunnerKind::Cargo), vec![BUILT, "a: test\nb: test\nc: test\n", LIBTEST]),
        (job(RunnerKind::Maven), vec![MAVEN]),
        (job(RunnerKind::Gradle), vec![MAVEN]),
        (command("x", Some("stdout")), vec![TAP]),
    ]
}

/// Feeds a session, each text cut where `cuts` says; the answer is all that it reported.
fn fed(
    spec: &JobSpec,
    texts: &[&[u8]],
    mut cuts: impl FnMut(usize) -> usize,
) -> (Vec<JobReport>, Step) {
    let mut session: Box<dyn Session> = session(spec, None, &Tools::default());
    let mut reports = Vec::new();
    let mut ended = None;
    for text in texts.iter().copied().chain(std::iter::repeat(&b""[..])).take(60) {
        match session.next(ended.as_ref(), &mut reports) {
            Step::Run(_) => {}
            step => return (reports, step),
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts(rest.len()).clamp(1, rest.len()));
            session.output(Stream::Stdout, piece, &mut reports);
            rest = after;
        }
        ended = Some(ProcessEnd::Exited(0));
    }
    panic!("{:?} does not end", spec.runner);
}

/// What is reported, without how it was batched.
fn essence((reports, step): &(Vec<JobReport>, Step)) -> String {
    format!("{reports:?} {step:?}")
}

#[test]
fn the_pieces_in_which_text_arrives_change_nothing() {
    for (spec, texts) in recordings() {
        let texts: Vec<&[u8]> = texts.into_iter().map(str::as_bytes).collect();
        let whole = essence(&fed(&spec, &texts, |length| length));
        assert!(whole.contains("TestFinished") || whole.contains("problem: Some"), "{whole}");
        for seed in 0..100 {
            let mut random = Random::new(seed);
            let cut = |_| usize::try_from(random.within(1, 40)).expect("small");
            assert_eq!(essence(&fed(&spec, &texts, cut)), whole, "{:?} seed {seed}", spec.runner);
        }
    }
}

#[test]
fn a_recording_with_broken_bytes_makes_no_parser_fail() {
    for (spec, texts) in recordings() {
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let broken: Vec<Vec<u8>> =
                texts.iter().map(|text| mutated(text, &mut random)).collect();
            let broken: Vec<&[u8]> = broken.iter().map(Vec::as_slice).collect();
            fed(&spec, &broken, |length| length);
        }
    }
}

#[test]
fn a_report_with_broken_bytes_makes_no_reader_fail() {
    let documents = [
        include_str!("../../../fixtures/jvm/surefire.xml"),
        "{\"results\":{\"tests\":[{\"name\":\"a\",\"status\":\"passed\",\"suite\":[\"b\"]}]}}",
        "{\"event\":\"finished\",\"id\":\"a\",\"outcome\":\"passed\"}\n{\"event\":\"done\"}\n",
        TAP,
    ];
    for (number, document) in documents.iter().enumerate() {
        for seed in 0..1000 {
            let mut random = Random::new(seed);
            let report = read_report(&mutated(document, &mut random));
            assert!(
                report.tests.len() <= document.len(),
                "document {number} seed {seed}: {}",
                report.tests.len()
            );
        }
    }
}

/// A text in which a few bytes were changed, taken out, or repeated.
fn mutated(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.within(1, 8) {
        if bytes.is_empty() {
            break;
        }
        let at = usize::try_from(random.within(0, bytes.len() as u64 - 1)).expect("small");
        match random.within(0, 3) {
            0 => bytes[at] = u8::try_from(random.within(0, 255)).expect("a byte"),
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => {
                let again = bytes[at..].to_vec();
                bytes.extend(again);
            }
        }
    }
    bytes
}
