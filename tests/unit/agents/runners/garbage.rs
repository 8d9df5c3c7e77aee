//! No text makes a runner panic, and none makes it say that a test passed.

use apex_agents::runners::{Step, Tools, read_report};
use apex_config::model::RunnerKind;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;

use super::{command, job, session};

/// Bytes without any order, the same ones each time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let alphabet = b"<>/&;![]{}\":,.-= \n\r\t#test okFAILED...----stdout1234567890\xff\xc3\x00$";
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % alphabet.len() as u64).unwrap()
    };
    (0..length).map(|_| alphabet[next()]).collect()
}

#[test]
fn noise_is_no_report() {
    for seed in 0..3000 {
        let mut bytes = noise(seed, 300);
        for first in [b'<', b'{', b'o'] {
            bytes[0] = first;
            let report = read_report(&bytes);
            assert!(report.problem.is_some() || !report.tests.is_empty(), "seed {seed}");
        }
    }
}

#[test]
fn noise_is_no_test() {
    let nextest = Tools { has_nextest: true, ..Tools::default() };
    let jobs = [
        (job(RunnerKind::Pytest), Tools::default()),
        (job(RunnerKind::Unittest), Tools::default()),
        (job(RunnerKind::Cargo), Tools::default()),
        (job(RunnerKind::Cargo), nextest),
        (job(RunnerKind::Node), Tools::default()),
        (job(RunnerKind::Go), Tools::default()),
        (job(RunnerKind::Maven), Tools::default()),
        (job(RunnerKind::Gradle), Tools::default()),
        (command("x", Some("stdout")), Tools::default()),
        (command("x", Some("events")), Tools::default()),
    ];
    for (spec, tools) in jobs {
        for seed in 0..300 {
            let mut session = session(&spec, None, &tools);
            let (mut reports, mut ended, mut programs) = (Vec::new(), None, 0);
            while let Step::Run(_) = session.next(ended.as_ref(), &mut reports) {
                programs += 1;
                assert!(programs < 50, "{:?} does not end", spec.runner);
                for stream in [Stream::Stdout, Stream::Stderr] {
                    session.output(stream, &noise(seed, 500), &mut reports);
                }
                let text = String::from_utf8_lossy(&noise(seed + 7, 200)).into_owned();
                session.event_line(&text, &mut reports);
                ended = Some(ProcessEnd::Exited(i32::try_from(seed % 4).unwrap()));
            }
            let is_named = |report: &JobReport| matches!(report, JobReport::TestFinished { .. });
            if spec.runner != RunnerKind::Command {
                assert!(!reports.iter().any(is_named), "{:?} seed {seed}", spec.runner);
            }
        }
    }
}
