//! The file for what a program writes: bounded, and honest about what it leaves out.

use std::fs;

use apex_agents::process::Log;

/// What is in the file of a log of so many bytes to which these pieces were written.
fn kept(limit: u64, pieces: &[&[u8]]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("output/one.log");
    let mut log = Log::at(path.clone()).limited_to(limit);
    for piece in pieces {
        log.write(piece).expect("a log that can be written");
    }
    log.finish().expect("a log that can be finished");
    let left = fs::read_dir(path.parent().expect("a folder")).map_or(0, Iterator::count);
    assert!(left <= 1, "the file of the tail is gone");
    fs::read(&path)
        .map_or_else(|_| "no file".to_owned(), |bytes| String::from_utf8_lossy(&bytes).into())
}

#[test]
fn what_fits_is_kept_as_it_is() {
    assert_eq!(kept(10, &[]), "no file");
    assert_eq!(kept(10, &[b""]), "no file");
    assert_eq!(kept(10, &[b"0123"]), "0123");
    for size in 1..10 {
        let pieces: Vec<&[u8]> = b"0123456789".chunks(size).collect();
        assert_eq!(kept(10, &pieces), "0123456789", "pieces of {size}");
    }
}

#[test]
fn of_more_the_beginning_and_the_end_are_kept_with_the_number_of_bytes_between() {
    let text: String = (0..1000).map(|number| format!("{number:04} ")).collect();
    for size in [1, 3, 7, 49, 50, 51, 100, 101, 4096] {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let kept = kept(101, &pieces);
        let (begin, end) = (&text[..50], &text[text.len() - 51..]);
        assert!(kept.starts_with(begin), "pieces of {size}: {kept}");
        assert!(kept.ends_with(&format!("]\n{end}")), "pieces of {size}: {kept}");
        let gone = text.len() - 101;
        assert!(kept.contains(&format!("{gone} bytes of output were left out here")), "{kept}");
    }
}
