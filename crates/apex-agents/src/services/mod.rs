//! Services that tests need: brought up, checked until they answer, watched, taken away.
//!
//! [`ServiceAgent`] owns one task for each service. In which order services start, and what a
//! lost service means for jobs, is the scheduler's business. A service is a
//! program, a container, or something that runs elsewhere and is only checked.

mod addresses;
mod agent;
pub mod docker;
mod external;
mod http;
mod life;
mod output;
mod ports;
pub mod presets;
mod probe;
mod program;
mod readiness;
pub mod standing;

pub use addresses::{Addresses, Endpoint};
pub use agent::{ServiceAgent, ServiceReport, ServiceSettings};
pub use http::status_of;
pub use ports::PortTaken;
