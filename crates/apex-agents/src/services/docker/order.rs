//! From the definition of a service to the order for an engine. Pure but for the look whether a
//! path leaves the project by a link.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use apex_config::model::{CommandLine, Container, ContainerNetwork, HealthTest, Mount, Service};

use super::container::Joined;
use super::engine::{ContainerOrder, HealthOrder, Labels, PortOrder};
use crate::services::addresses::Addresses;

/// What an order needs beside the definition.
pub(super) struct Context<'a> {
    /// Project root, absolute.
    pub(super) root: &'a Path,
    /// The image.
    pub(super) image: String,
    /// The network in which it begins.
    pub(super) network: &'a Joined,
    /// Address on the host at which ports are published.
    pub(super) address: &'a str,
    /// Beginning of the names of volumes.
    pub(super) volume_prefix: String,
    /// Variables of the run and of the services that it depends on.
    pub(super) env: &'a BTreeMap<String, String>,
    /// Labels.
    pub(super) labels: Labels,
}

/// The order for the container of a service, and the names of the volumes that it shares.
pub(super) fn order(
    service: &Service,
    container: &Container,
    context: Context<'_>,
) -> Result<(ContainerOrder, Vec<String>), String> {
    let inner = Addresses::inside(service);
    let mut order = ContainerOrder {
        env: environment(service, &inner, context.env),
        entrypoint: container.entrypoint.clone(),
        command: container.command.as_ref().map(|command| command_of(command, &inner)),
        user: container.user.clone(),
        working_directory: container.working_directory.clone(),
        host_name: match &container.details.host_name {
            Some(name) => name.clone(),
            None => service.name.as_str().replace('_', "-"),
        },
        network_names: context.network.names.clone(),
        ports: ports(service, context.address),
        memory: container.limits.memory_mb.map(|mb| i64::from(mb) << 20),
        nano_cpus: container.limits.cpus.map(nano_cpus),
        pids: container.limits.pids.map(i64::from),
        shared_memory: container.shared_memory.and_then(|bytes| i64::try_from(bytes).ok()),
        extra_hosts: container.extra_hosts.clone(),
        privileged: container.privileged,
        health: container.health.as_ref().map(health),
        details: container.details.clone(),
        image: context.image,
        network: context.network.id.clone(),
        // Ours beat those of a file: by them everything is found again.
        labels: [container.details.labels.clone(), context.labels].into_iter().flatten().collect(),
        ..ContainerOrder::default()
    };
    let mut volumes = Vec::new();
    for mount in &container.mounts {
        match mount {
            Mount::Path { source, target, read_only } => {
                let source = path(context.root, source, container.consent.outside_mounts).or_else(
                    |why| {
                        if container.consent.engine_socket { Ok(source.into()) } else { Err(why) }
                    },
                )?;
                order.binds.push(bind(&source.to_string_lossy(), target, *read_only));
            }
            Mount::Volume { name: Some(name), target, read_only } => {
                let name = format!("{}-{name}", context.volume_prefix);
                order.binds.push(bind(&name, target, *read_only));
                volumes.push(name);
            }
            Mount::Volume { name: None, target, .. } => {
                order.anonymous_volumes.push(target.clone());
            }
            Mount::Memory { target, options } => {
                order.memory_mounts.insert(target.clone(), options.clone());
            }
        }
    }
    Ok((order, volumes))
}

/// The argument vector of a command, with the words for addresses as they are inside.
pub(super) fn command_of(command: &CommandLine, inner: &Addresses) -> Vec<String> {
    match command {
        CommandLine::Arguments(arguments) => {
            arguments.iter().map(|argument| inner.fill(argument)).collect()
        }
        CommandLine::Shell(text) => {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), inner.fill(text)]
        }
    }
}

fn environment(
    service: &Service,
    inner: &Addresses,
    env: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut whole = env.clone();
    let own = service.env.iter();
    whole.extend(own.map(|(name, value)| (name.clone(), inner.fill(value))));
    whole.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Its name, its aliases and those in one network, each also without underscores, which no host
/// name may have.
pub(super) fn network_names(service: &Service, network: &ContainerNetwork) -> Vec<String> {
    let own = std::iter::once(service.name.as_str());
    let aliases = service.aliases.iter().chain(&network.aliases).map(String::as_str);
    let mut names = Vec::new();
    for name in own.chain(aliases) {
        for name in [name.to_owned(), name.replace('_', "-")] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn ports(service: &Service, address: &str) -> Vec<PortOrder> {
    let published = service.ports.iter().filter(|(_, inner)| **inner != 0);
    let orders = published.map(|(label, inner)| PortOrder {
        inner: *inner,
        address: address.to_owned(),
        outer: service.host_ports.get(label).copied().filter(|port| *port != 0),
    });
    orders.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a conversion to an integer saturates")]
fn nano_cpus(cpus: f64) -> i64 {
    (cpus * 1e9) as i64
}

fn health(test: &HealthTest) -> HealthOrder {
    let words = match &test.command {
        CommandLine::Arguments(arguments) => {
            std::iter::once("CMD".to_owned()).chain(arguments.iter().cloned()).collect()
        }
        CommandLine::Shell(text) => vec!["CMD-SHELL".to_owned(), text.clone()],
    };
    HealthOrder {
        test: words,
        interval: test.interval,
        timeout: test.timeout,
        retries: test.retries,
        start_period: test.start_period,
    }
}

fn bind(source: &str, target: &str, read_only: bool) -> String {
    format!("{source}:{target}{}", if read_only { ":ro" } else { "" })
}

/// A path to be mounted, absolute. One that leaves the project by a link needs consent, too.
fn path(root: &Path, source: &str, may_leave: bool) -> Result<PathBuf, String> {
    let whole = root.join(source);
    let real = whole.canonicalize().map_err(|error| {
        format!("`{source}` cannot be mounted: {error}; make it, or correct the path")
    })?;
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    if may_leave || real.starts_with(&real_root) {
        return Ok(real);
    }
    Err(format!(
        "`{source}` is not mounted, because it is {} outside of the project; write \
         `consent: [outside_mounts]` into the service if that is meant",
        real.display()
    ))
}
