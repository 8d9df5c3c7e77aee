//! Programs that misbehave, and an Apex that is killed: whatever happens, the verdict is right and
//! nothing is left running.

mod check;
mod escapes;
mod killed;
mod moments;
mod ordeals;
mod row;
mod signals;

use apex_tests::tool::tool;

use check::check_all;
use row::Row;

#[test]
fn whatever_a_program_does_the_verdict_is_right_and_nothing_is_left() {
    if tool("python3").is_none() {
        return;
    }
    let rows: Vec<Row> =
        [escapes::rows(), ordeals::rows(), signals::rows()].into_iter().flatten().collect();
    assert!(rows.len() >= 60, "the table has {} rows", rows.len());
    check_all(&rows);
}
