//! Redraws the changing part of a terminal in place.
//!
//! It uses few control sequences, which every terminal of the last decades has: cursor up, erase
//! line, erase below. It knows nothing of runs.

use super::line::{Line, Style};
use super::live::Size;

/// What is on the screen below the text that scrolls.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// Columns of each line that was drawn.
    drawn: Vec<usize>,
}

impl Screen {
    /// The bytes that put `above` where the old frame began and the new frame below it.
    pub(super) fn draw(
        &mut self,
        above: &[Line],
        frame: &[Line],
        size: Size,
        style: Style,
    ) -> String {
        let mut out = String::new();
        let rows = self.rows(size.columns);
        if rows > 0 {
            out.push_str(&format!("\u{1b}[{rows}A"));
        }
        for line in above.iter().chain(frame) {
            // A line that takes several rows is written over as many of the old frame.
            let is_wide = line.width() > size.columns;
            out.push_str(if is_wide { "\r\u{1b}[J" } else { "\r\u{1b}[2K" });
            line.paint(style, &mut out);
            out.push('\n');
        }
        out.push_str("\u{1b}[J");
        self.drawn = frame.iter().map(Line::width).collect();
        out
    }

    /// Rows that the old frame takes now: a terminal that became narrower has wrapped its lines.
    fn rows(&self, columns: usize) -> usize {
        let columns = columns.max(1);
        self.drawn.iter().map(|width| width.div_ceil(columns).max(1)).sum()
    }
}
