//! Compose files beside docker-compose itself: what it makes of a file is a compose file again,
//! with variables, anchors and `.env` files resolved, and has to be read as the same services.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use apex_config::compose::{ComposeService, MountSource};
use apex_config::{Place, SourceKind};
use apex_tests::compose::{FIXTURES, folder, read_in};
use apex_tests::tool::tool;

#[test]
fn services_are_what_docker_compose_takes_them_for() {
    let Some(docker_compose) = tool("docker-compose") else { return };
    // Version 1 of docker-compose, which Debian has, does not know the words of `newest`.
    for (name, wanted) in FIXTURES.into_iter().filter(|(name, _)| *name != "newest") {
        let folder = folder(name);
        let output = Command::new(&docker_compose)
            .args(["--file", "compose.yaml", "--profile", "debug", "config"])
            .current_dir(&folder)
            .env("BUILD_ID", "7")
            .output()
            .expect("docker-compose runs");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let resolved = String::from_utf8(output.stdout).expect("text");
        let text = std::fs::read_to_string(folder.join("compose.yaml")).expect("a fixture");
        // What is resolved needs no variables; a dollar is doubled in it.
        let theirs = services(&folder, &resolved, wanted);
        let ours = services(&folder, &text, wanted);
        let names =
            |all: &BTreeMap<String, ComposeService>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&theirs), "{name}");
        for (service, own) in ours {
            assert_eq!(own, theirs[&service], "{name}: {service}");
        }
    }
}

/// The services without places, with paths as seen from the folder.
fn services(folder: &Path, text: &str, wanted: &[&str]) -> BTreeMap<String, ComposeService> {
    let variables = BTreeMap::from([("BUILD_ID".to_owned(), "7".to_owned())]);
    let file = read_in(folder, text, &variables, wanted).expect("a compose file");
    let mut services = file.services;
    let place = Place::whole(SourceKind::File, "");
    for service in services.values_mut() {
        service.place = place.clone();
        for mount in &mut service.mounts {
            mount.place = place.clone();
            if let MountSource::Bind(path) = &mut mount.source {
                *path = within(folder, path);
            }
        }
        if let Some(build) = &mut service.build {
            build.context = within(folder, &build.context);
        }
        service.ports.sort_by_key(|port| (port.container, port.is_udp));
        service.networks.sort_by(|one, other| one.name.cmp(&other.name));
        service.extra_hosts.sort();
        service.depends_on.sort_by(|one, other| one.service.cmp(&other.service));
    }
    services
}

fn within(folder: &Path, path: &str) -> String {
    let path = Path::new(path);
    let path = path.strip_prefix(folder).or(path.strip_prefix(".")).unwrap_or(path);
    path.to_string_lossy().into_owned()
}
