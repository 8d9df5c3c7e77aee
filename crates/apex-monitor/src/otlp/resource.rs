//! What everything that is sent says about itself: Apex, the run, the machine, the repository.

use std::collections::BTreeMap;

use apex_core::event::RunStarted;
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::value::{named, whole};
use crate::names::{self, Name};

/// The facts of a run; `given` beats what is known by itself.
pub(super) fn of(start: &RunStarted, given: &[(String, String)]) -> Resource {
    let version = env!("CARGO_PKG_VERSION");
    let known = [
        (names::SERVICE_NAME, Some("apex".to_owned())),
        (names::SERVICE_VERSION, Some(version.to_owned())),
        (names::SERVICE_INSTANCE, Some(start.run.to_string())),
        (names::SDK_NAME, Some("apex".to_owned())),
        (names::SDK_LANGUAGE, Some("rust".to_owned())),
        (names::SDK_VERSION, Some(version.to_owned())),
        (names::HOST_NAME, host_name()),
        (names::HOST_ARCH, Some(architecture().to_owned())),
        (names::OS_TYPE, Some(std::env::consts::OS.to_owned())),
    ];
    let text = |name: Name| name.text.to_owned();
    let mut facts: BTreeMap<String, String> =
        known.into_iter().filter_map(|(name, value)| Some((text(name), value?))).collect();
    if let Some(checkout) = &start.setting.checkout {
        facts.insert(text(names::HEAD_REVISION), checkout.commit.to_string());
        if let Some(branch) = &checkout.branch {
            facts.insert(text(names::HEAD_NAME), branch.to_string());
            facts.insert(text(names::HEAD_TYPE), "branch".to_owned());
        }
    }
    facts.extend(given.iter().cloned());
    let mut attributes = vec![whole(names::PROCESS_PID, std::process::id())];
    attributes.extend(facts.iter().map(|(name, value)| named(name, value)));
    Resource { attributes, ..Resource::default() }
}

/// The name that this machine gives itself, where the system tells it as a file.
fn host_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The processors in the words of the conventions.
const fn architecture() -> &'static str {
    match std::env::consts::ARCH.as_bytes() {
        b"x86_64" => "amd64",
        b"aarch64" => "arm64",
        b"x86" => "x86",
        b"arm" => "arm32",
        _ => std::env::consts::ARCH,
    }
}
