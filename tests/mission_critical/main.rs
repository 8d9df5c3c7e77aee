//! What must never break: the laws of the scheduler, clean-up, honest verdicts.

mod background;
mod history;
mod planning;
mod scheduler;
mod services;
mod supervision;
