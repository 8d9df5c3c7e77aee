//! What the earlier runner showed and wrote, for scripts that look for it: lists, the plan, the
//! summary, its report in JSON, its files of progress, and what its exit code means.
//!
//! Everything is a pure function of the configuration, the plan or the view of a run; only
//! [`Console`] and [`write_text`] write, to whatever they are given. Which flags ask for what is the business of the
//! command line.

mod console;
mod files;
mod lists;
mod outline;
mod past;
mod progress;
mod report;
mod summary;
mod text;
mod verdict;

pub use console::{Console, ConsoleSettings, Loudness};
pub use files::{ReportFolder, write_text};
pub use lists::{category_list, category_statistics, layer_list, lists_of_categories};
pub use outline::{Outline, plan_page};
pub use past::{failure_history, layer_results};
pub use progress::progress_file;
pub use report::{Layout, ReportSettings, report, report_text};
pub use summary::{failure_block, summary_page};
pub use text::{clock, failure_groups, slowest_tests};
pub use verdict::{Decision, Rules, decide};
