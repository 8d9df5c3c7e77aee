//! Services that tests need: brought up, checked until they answer, watched, taken away.
//!
//! [`ServiceAgent`] owns one task for each service. In which order services start, and what a
//! lost service means for jobs, is the scheduler's business. This version runs services that are
//! programs and checks those that run elsewhere; it drives no container engine.

mod addresses;
mod agent;
mod external;
mod http;
mod output;
mod ports;
mod probe;
mod program;
mod readiness;

pub use addresses::{Addresses, Endpoint};
pub use agent::{ServiceAgent, ServiceReport, ServiceSettings};
pub use http::status_of;
pub use ports::PortTaken;
