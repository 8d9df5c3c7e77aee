//! The `apex` program as a person or a pipeline calls it.

mod affected;
mod behind;
mod budget;
mod check;
mod commands;
mod composed;
mod explain;
mod fail_fast;
mod flaky;
mod history;
mod hostile;
mod init;
mod interrupt;
mod lock;
mod misuse;
mod orders;
mod polyglot;
mod quarantine;
mod reference;
mod reporter;
mod screen;
mod shard;
mod shop;
mod suites;
mod trust;
mod why;
