//! What of a failure is worth showing: the frames of the user's own code.

use apex_monitor::console::{Mode, Verbosity};

use super::console::{PLAIN, options, written};
use super::stream::{Stream, failure, plan};

/// The details of a failure as they are shown.
fn details(text: &str, verbosity: Verbosity) -> String {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let test = stream.discover(0, &["a"]);
    stream.fails(test, failure("message", text));
    let shown = written(&stream, options(Mode::Plain, verbosity, PLAIN));
    let (_, details) = shown.split_once("    message\n").unwrap();
    details.lines().filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_failure_is_shown_without_the_frames_of_its_framework() {
    let pytest = "\
def test_total():
        first = 1
        second = 2
        basket = Basket()
>       assert basket.total() == 3
E       assert 2 == 3
E        +  where 2 = total()

tests/test_basket.py:12: AssertionError
_ _ _ _
    def call(self):
>       return self.inner()
/usr/lib/python3/dist-packages/pluggy/hooks.py:9: in call
";
    let of_pytest = "\
        first = 1
        second = 2
        basket = Basket()
>       assert basket.total() == 3
E       assert 2 == 3
E        +  where 2 = total()
tests/test_basket.py:12: AssertionError";
    let rust = "assertion `left == right` failed\n  left: 1\n right: 2\nnote: run with `RUST_BACKTRACE=1` environment variable\nstack backtrace:\n   0: rust_begin_unwind\n";
    let python = "\
Traceback (most recent call last):
  File \"/usr/lib/python3.11/unittest/mock.py\", line 1, in patched
    return func(*args)
  File \"/home/me/tests/test_a.py\", line 4, in test_a
    self.assertEqual(1, 2)
AssertionError: 1 != 2";
    let of_python = "\
Traceback (most recent call last):
  File \"/home/me/tests/test_a.py\", line 4, in test_a
    self.assertEqual(1, 2)
AssertionError: 1 != 2";
    let node = "\
Error: expected 1
    at check (/home/me/a.test.js:3:1)
    at node:internal/test:1:1
    at outer (/home/me/a.test.js:9:1)
    at further (/home/me/a.test.js:19:1)";
    let of_node = "\
Error: expected 1
    at check (/home/me/a.test.js:3:1)
    at outer (/home/me/a.test.js:9:1)";
    let of_rust = "assertion `left == right` failed\n  left: 1\n right: 2";
    for (text, expected) in
        [(pytest, of_pytest), (rust, of_rust), (python, of_python), (node, of_node)]
    {
        let shown = details(text, Verbosity::Normal);
        assert_eq!(shown.trim_start(), expected.trim_start());
        let whole = details(text, Verbosity::Verbose);
        assert!(whole.lines().count() > shown.lines().count(), "{whole}");
    }
}
