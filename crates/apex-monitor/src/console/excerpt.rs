//! The lines of a failure that help: what was compared, where the test stood, what was said. Frames
//! of frameworks and interpreters are left out; whoever wants them reads the full output.
//!
//! It knows how pytest, Python, Rust and Node print failures; other text stays as it is. Pure.

/// Frames of a stack of Node that are shown.
const FRAMES: usize = 2;

/// Lines of source before the marked one that are shown of a frame of pytest.
const BEFORE: usize = 3;

/// The lines of a text that help, in their order.
pub(super) fn useful(text: &str) -> Vec<&str> {
    let all: Vec<&str> = text.trim_matches('\n').lines().map(str::trim_end).collect();
    if all.iter().any(|line| is_marked_by_pytest(line)) {
        return of_pytest(&all);
    }
    let all = without_rust_backtrace(all);
    let all = without_foreign_frames_of_python(&all);
    without_more_frames_of_node(all)
}

/// Whether pytest marks the line as what went wrong.
fn is_marked_by_pytest(line: &str) -> bool {
    line.starts_with("E   ") || line == "E"
}

/// Of each frame of the project: a little source, the marked line, what went wrong, the place. The
/// place ends a frame.
fn of_pytest<'t>(all: &[&'t str]) -> Vec<&'t str> {
    let mut shown = Vec::new();
    let mut frame = Vec::new();
    for (number, line) in all.iter().enumerate() {
        let is_end = is_place(line);
        if is_end || is_told_by_pytest(all, number) {
            frame.push(*line);
        }
        if is_end {
            let frame = std::mem::take(&mut frame);
            shown.extend(if is_foreign(line) { Vec::new() } else { frame });
        }
    }
    shown.extend(frame);
    shown
}

/// Whether a line is marked, or a line of source shortly before the one that is.
fn is_told_by_pytest(all: &[&str], number: usize) -> bool {
    let line = all[number];
    let follows = |ahead: usize| all.get(number + ahead).is_some_and(|next| next.starts_with('>'));
    let is_source = line.starts_with(' ') && !line.trim().is_empty();
    line.starts_with('>') || is_marked_by_pytest(line) || (is_source && (1..=BEFORE).any(follows))
}

/// Whether a line is a path with a number behind it, as `tests/test_a.py:12: AssertionError`.
fn is_place(line: &str) -> bool {
    let mut parts = line.splitn(3, ':');
    let has_path = parts.next().is_some_and(|path| path.contains('.') && !path.contains(' '));
    has_path && parts.next().is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Whether a place belongs to an interpreter or to what was installed.
fn is_foreign(line: &str) -> bool {
    const PLACES: [&str; 6] = [
        "site-packages",
        "/lib/python3",
        "node_modules",
        "node:internal",
        "(internal/",
        "node:test",
    ];
    PLACES.iter().any(|place| line.contains(place))
}

/// A backtrace of Rust begins with a line of its own and goes to the end.
fn without_rust_backtrace(all: Vec<&str>) -> Vec<&str> {
    let end = all.iter().position(|line| *line == "stack backtrace:").unwrap_or(all.len());
    let advice = |line: &&&str| !line.starts_with("note: run with `RUST_BACKTRACE");
    all[..end].iter().filter(advice).copied().collect()
}

/// A frame of Python is a line with the file, and the more indented lines behind it.
fn without_foreign_frames_of_python<'t>(all: &[&'t str]) -> Vec<&'t str> {
    let mut is_inside = false;
    let keeps = |line: &&&str| {
        if line.starts_with("  File \"") {
            is_inside = is_foreign(line);
        } else if !line.starts_with("    ") {
            is_inside = false;
        }
        !is_inside
    };
    all.iter().filter(keeps).copied().collect()
}

/// The first frames of the project, of each stack of Node.
fn without_more_frames_of_node(all: Vec<&str>) -> Vec<&str> {
    let mut frames = 0;
    let keeps = |line: &&str| {
        let is_frame = line.starts_with(' ') && line.trim_start().starts_with("at ");
        if !is_frame {
            frames = 0;
            return true;
        }
        let is_shown = !is_foreign(line) && frames < FRAMES;
        frames += usize::from(is_shown);
        is_shown
    };
    all.into_iter().filter(keeps).collect()
}
