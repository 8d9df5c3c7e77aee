//! The earlier command line, by category: `apex --category unit`, in scripts and pipelines written
//! `python unified_test_runner.py --category unit`.
//!
//! Its grammar is frozen and apart from that of the subcommands: [`grammar`] reads words by the
//! one [`table`], [`gates`] asks one thing after the other, [`choice`] says what is meant,
//! [`planned`] makes the plan. The run itself is the one of `apex run`. What is different from the
//! earlier runner, and why, stands in `docs/design/014-earlier-command-line.md`.

mod address;
mod amend;
mod artifacts;
mod asked;
mod background;
mod background_record;
mod calls;
mod checks;
mod choice;
mod choice_names;
mod dispatch;
mod expression;
mod filters;
mod flag;
mod frameworks;
mod gates;
mod grammar;
mod help;
mod inert;
mod layers;
mod listing;
mod looks;
mod narrowing;
mod pattern;
mod planned;
mod refusal;
mod running;
mod services;
mod setting;
mod spelled;
mod splitting;
mod strict;
mod table;
mod variables;

pub(crate) use background_record::keep_of_supervisor as keep_background_records;
pub(crate) use calls::{Call, calls_in, calls_json, calls_page};
pub(crate) use dispatch::is_meant;
pub(crate) use gates::execute;
pub(crate) use listing::{table_json, table_page};
