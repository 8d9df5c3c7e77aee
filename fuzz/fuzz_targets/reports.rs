//! No bytes make a reader of report files panic, or tell more tests than there are bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let report = apex_agents::runners::read_report(content);
    assert!(report.tests.len() <= content.len());
    assert!(report.problem.is_some() || !content.is_empty());
});
