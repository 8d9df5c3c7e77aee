//! Lines from bytes that arrive cut anywhere.

use apex_agents::process::{LINE_LIMIT, LineCutter};

fn lines(chunks: &[&[u8]]) -> (Vec<String>, u64) {
    let (mut cutter, mut lines) = (LineCutter::default(), Vec::new());
    for chunk in chunks {
        cutter.push(chunk, |line| lines.push(line.to_owned()));
    }
    cutter.finish(|line| lines.push(line.to_owned()));
    (lines, cutter.dropped())
}

#[test]
fn lines_do_not_depend_on_how_the_bytes_arrive() {
    let whole = "one\ntwo\r\n\nfünf\nlast".as_bytes();
    let expected = ["one", "two", "", "fünf", "last"];
    for size in 1..=whole.len() {
        let chunks: Vec<&[u8]> = whole.chunks(size).collect();
        assert_eq!(lines(&chunks).0, expected, "chunks of {size}");
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(lines(&[b"a\xffb\n"]).0, ["a\u{fffd}b"]);
}

#[test]
fn a_line_over_the_limit_is_dropped_and_counted() {
    let long = vec![b'x'; LINE_LIMIT];
    assert_eq!(lines(&[&long, b"\nnext\n"]).0[1], "next");
    assert_eq!(lines(&[&long, b"x", b"y\nnext\n"]), (vec!["next".to_owned()], 1));
    assert_eq!(lines(&[b"a\n", &long, &long]), (vec!["a".to_owned()], 1));
}
