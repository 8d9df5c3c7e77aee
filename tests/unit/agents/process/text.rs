//! Output as text for the stream of events.

use apex_agents::process::{END_LIMIT, OutputText, TEXT_LIMIT};
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
fn of_much_text_the_beginning_and_the_end_are_shown_and_the_rest_is_counted() {
    let half = vec![b'x'; TEXT_LIMIT / 2];
    let lines: String = (0..100_000).map(|number| format!("line {number}\n")).collect();
    for size in [1, 100, END_LIMIT - 1, END_LIMIT + 1, 65_536] {
        let mut chunks: Vec<(Stream, &[u8])> =
            vec![(Stream::Stdout, &half), (Stream::Stderr, &half)];
        chunks.extend(lines.as_bytes().chunks(size).map(|chunk| (Stream::Stdout, chunk)));
        chunks.push((Stream::Stderr, b"and more"));
        let (texts, omitted) = shown(&chunks);
        let all = texts.concat();
        let written = TEXT_LIMIT + lines.len() + "and more".len();
        assert_eq!(all.len() as u64 + omitted, written as u64, "pieces of {size}");
        assert!(all.ends_with("line 99999\nand more"), "pieces of {size}");
        let end = &texts[texts.len() - 2];
        assert!(end.starts_with("line ") && end.len() <= END_LIMIT, "pieces of {size}: {end}");
        assert!(end.len() > END_LIMIT - 20, "pieces of {size}: {} bytes", end.len());
    }
}

#[test]
fn text_a_little_over_the_limit_is_shown_whole() {
    let whole = vec![b'x'; TEXT_LIMIT];
    let (texts, omitted) = shown(&[(Stream::Stdout, &whole), (Stream::Stdout, b"more")]);
    assert_eq!((texts.concat().len(), omitted), (TEXT_LIMIT + 4, 0));
}
