//! Support for the tests: the program under test, projects to run it in, a limit on waiting,
//! what is left running and in the container engine, tools that may be missing, reports of others,
//! compose files, a real browser, a receiver of telemetry.

pub mod apex;
pub mod browser;
pub mod certificates;
pub mod collector;
pub mod compose;
pub mod docker;
pub mod junit;
pub mod polyglot;
pub mod processes;
pub mod project;
pub mod random;
pub mod terminal;
pub mod tool;
pub mod watchdog;
