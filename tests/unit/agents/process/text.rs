//! Output as text for the stream of events.

use apex_agents::process::{OutputText, TEXT_LIMIT};
use apex_core::event::{OutputEvent, Stream};

fn shown(chunks: &[(Stream, &[u8])]) -> (Vec<String>, u64) {
    let (mut text, mut texts, mut omitted) = (OutputText::default(), Vec::new(), 0);
    let mut take = |event| match event {
        OutputEvent::Text { text, .. } => texts.push(text),
        OutputEvent::Omitted { bytes } => omitted += bytes,
    };
    for (stream, bytes) in chunks {
        text.push(*stream, bytes, &mut take);
    }
    text.finish(&mut take);
    (texts, omitted)
}

#[test]
fn text_is_cut_at_line_ends() {
    let (texts, omitted) = shown(&[
        (Stream::Stdout, b"one\ntw"),
        (Stream::Stderr, b"err"),
        (Stream::Stdout, b"o\nthree\nfo"),
        (Stream::Stderr, b"or\n"),
    ]);
    assert_eq!(texts, ["one\n", "two\nthree\n", "error\n", "fo"]);
    assert_eq!(omitted, 0);
}

#[test]
fn characters_are_never_cut() {
    let whole = "äöü€😀".repeat(3000);
    for size in [1, 2, 3, 5, 4096, 10_000] {
        let chunks: Vec<_> =
            whole.as_bytes().chunks(size).map(|chunk| (Stream::Stdout, chunk)).collect();
        let (texts, _) = shown(&chunks);
        assert_eq!(texts.concat(), whole, "chunks of {size}");
    }
}

#[test]
fn a_long_line_is_shown_before_its_end() {
    let long = vec![b'x'; 10_000];
    let (texts, _) = shown(&[(Stream::Stdout, b"start\n"), (Stream::Stdout, &long)]);
    assert_eq!(texts[1].len(), 10_000);
}

#[test]
fn bytes_over_the_limit_are_counted_and_not_shown() {
    let half = vec![b'x'; TEXT_LIMIT / 2];
    let (texts, omitted) = shown(&[
        (Stream::Stdout, &half),
        (Stream::Stderr, &half),
        (Stream::Stdout, b"more"),
        (Stream::Stderr, b"and more"),
    ]);
    assert_eq!(texts.concat().len(), TEXT_LIMIT);
    assert_eq!(omitted, 12);
}
