//! Real processes under the local executor and the service agent.

mod ending;
mod environment;
mod files;
mod output;
mod scene;
mod services;
mod starting;
