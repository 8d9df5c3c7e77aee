//! Services that tests need: brought up, checked until they answer, watched, taken away.
//!
//! [`ServiceAgent`] owns one task for each service. In which order services start, and what a
//! lost service means for jobs, is the scheduler's business. A service is a
//! program, a container, or something that runs elsewhere and is only checked.

mod addresses;
mod agent;
mod circle;
pub mod docker;
mod external;
mod gauge;
mod http;
mod life;
mod output;
mod ports;
pub mod presets;
mod probe;
mod program;
mod readiness;
mod secrets;
pub mod standing;
mod tls;

pub use addresses::{Addresses, Endpoint};
pub use agent::{ServiceAgent, ServiceReport, ServiceSettings};
pub use circle::{Circle, Circles};
pub(crate) use gauge::ContainerGauges;
pub use http::status_of;
pub use ports::{PortTaken, give_way};
pub(crate) use secrets::read as secrets_of;
