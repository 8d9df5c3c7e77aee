//! Secrets in what programs write and in what is told of a run.

use std::sync::Arc;

use apex_agents::secrets::{Mask, MaskedStream};

const SECRET: &str = "s3cr3t/+\"käse\" & more";

fn mask() -> Arc<Mask> {
    Arc::new(Mask::of([SECRET, "hunter22", "hunter22-and-more"]).expect("few secrets"))
}

#[test]
fn a_secret_is_masked_in_every_form_in_which_programs_write_it() {
    let forms = [
        SECRET,
        // JSON, as text and in ASCII; XML.
        "s3cr3t/+\\\"käse\\\" & more",
        "s3cr3t/+\\\"k\\u00e4se\\\" & more",
        "s3cr3t\\/+\\\"k\\u00e4se\\\" & more",
        "s3cr3t/+&quot;käse&quot; &amp; more",
        // In addresses.
        "s3cr3t%2F%2B%22k%C3%A4se%22%20%26%20more",
        "s3cr3t%2f%2b%22k%c3%a4se%22%20%26%20more",
        "s3cr3t/%2B%22k%C3%A4se%22%20%26%20more",
        "s3cr3t%2F%2B%22k%C3%A4se%22+%26+more",
        // Hexadecimal.
        "7333637233742f2b226bc3a47365222026206d6f7265",
        "7333637233742F2B226BC3A47365222026206D6F7265",
    ];
    for form in forms {
        let line = format!("before {form} after");
        assert_eq!(mask().text(&line), "before *** after", "{form}");
    }
}

#[test]
fn a_secret_is_masked_in_base64_of_a_longer_text() {
    // user:hunter22, admin:hunter22, x:hunter22: the secret begins at each place of a group.
    for (encoded, rest) in [
        ("dXNlcjpodW50ZXIyMg==", "dXNlcjp"),
        ("YWRtaW46aHVudGVyMjI=", "YWRtaW46"),
        ("eDpodW50ZXIyMg==", "eDp"),
    ] {
        let shown = mask().text(encoded).into_owned();
        assert!(shown.starts_with(rest) && shown.contains("***"), "{encoded} became {shown}");
        assert!(shown.len() <= rest.len() + "***".len() + 3, "{encoded} became {shown}");
    }
}

#[test]
fn a_secret_that_is_cut_by_the_border_of_two_pieces_is_masked() {
    let text = format!("{SECRET}|hunter2|hunter22|hunter22-and-mor|hunter22-and-more|{SECRET}hunt");
    let wanted = "***|hunter2|***|***-and-mor|***|***hunt";
    for size in 1..text.len() {
        let mut stream = MaskedStream::of(mask());
        let mut shown = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            shown.extend_from_slice(stream.push(piece));
        }
        shown.extend_from_slice(stream.finish());
        assert_eq!(String::from_utf8_lossy(&shown), wanted, "pieces of {size} bytes");
    }
}

#[test]
fn what_holds_no_secret_is_handed_on_as_it_is() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for size in [1, 7, 4096, 65_536] {
        let mut stream = MaskedStream::of(mask());
        let mut shown = Vec::new();
        for piece in bytes.chunks(size) {
            shown.extend_from_slice(stream.push(piece));
        }
        shown.extend_from_slice(stream.finish());
        assert!(shown == bytes, "pieces of {size} bytes");
    }
}

#[test]
fn every_line_of_a_secret_with_several_lines_is_masked() {
    let key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nq83vEjRWeJCrze8=\n-----END KEY-----\n";
    let mask = Mask::of([key]).expect("one secret");
    let shown = mask.text("log: MIIEowIBAAKCAQEA\nlog: q83vEjRWeJCrze8=\n").into_owned();
    assert_eq!(shown, "log: ***\nlog: ***\n");
}

#[test]
fn a_secret_of_many_kilobytes_is_masked_whole() {
    let long: String = (0..5000).map(|number| format!("{number:x}z")).collect();
    let mask = Mask::of([long.as_str()]).expect("one secret");
    let shown = mask.text(&long).into_owned();
    assert!(shown.bytes().all(|byte| byte == b'*'), "{shown}");
}
