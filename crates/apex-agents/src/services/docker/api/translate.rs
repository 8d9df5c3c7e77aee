//! Our values as those of the library, and back. Straight-line; nothing here waits.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use apex_core::resource::Use;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStatsResponse, ContainerSummary,
    ContainerSummaryStateEnum, EndpointSettings, ExecConfig, HealthConfig, HealthStatusEnum,
    HostConfig, Network, NetworkConnectRequest, NetworkCreateRequest, NetworkingConfig,
    PortBinding, ResourcesUlimits, Volume, VolumeCreateRequest,
};
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder};

use super::super::engine::{
    BuildOrder, ContainerFacts, ContainerOrder, EngineError, HealthFacts, HealthOrder, Labels,
    Thing, ThingKind,
};

/// Tries the socket itself; the error says what the system says.
pub(super) fn check_socket(path: &str) -> Result<(), String> {
    UnixStream::connect(path).map(drop).map_err(|error| error.to_string())
}

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// What a container uses. Pages of files that it does not need any more are not counted, as the
/// tools of the engine do.
pub(super) fn used(stats: ContainerStatsResponse) -> Use {
    let cpu = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage).and_then(|usage| usage.total_usage);
    let memory = stats.memory_stats.and_then(|memory| {
        let kept = memory.stats.unwrap_or_default();
        let idle = kept.get("total_inactive_file").or_else(|| kept.get("inactive_file"));
        Some(memory.usage?.saturating_sub(idle.copied().unwrap_or(0)))
    });
    let disks = stats.blkio_stats.and_then(|disks| disks.io_service_bytes_recursive);
    let of_disks = |word: &str| {
        let named = disks.iter().flatten().filter(|entry| {
            entry.op.as_deref().is_some_and(|operation| operation.eq_ignore_ascii_case(word))
        });
        named.filter_map(|entry| entry.value).reduce(|sum, one| sum + one)
    };
    Use {
        cpus: None,
        cpu_time: cpu.map(Duration::from_nanos),
        memory_mb: memory.and_then(|bytes| u32::try_from(bytes.div_ceil(MEBIBYTE)).ok()),
        read_mb: of_disks("read").map(|bytes| bytes / MEBIBYTE),
        written_mb: of_disks("write").map(|bytes| bytes / MEBIBYTE),
    }
}

/// What went wrong, down to the first cause.
pub(super) fn cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = inner.source();
    }
    text
}

pub(super) fn error(what: &'static str, error: &Error) -> EngineError {
    match error {
        Error::DockerResponseServerError { status_code, message } => match status_code {
            404 => EngineError::Missing(message.clone()),
            409 => EngineError::Conflict(message.clone()),
            _ => EngineError::Refused(message.clone()),
        },
        Error::DockerStreamError { error } => EngineError::Refused(error.clone()),
        other => EngineError::Broken { what, cause: cause(other) },
    }
}

/// Image and tag (or digest) of a name; a name without either means `latest`.
pub(super) fn image_and_tag(name: &str) -> (&str, &str) {
    if name.contains('@') {
        return (name, "");
    }
    match name.rsplit_once(':') {
        // A colon before a slash belongs to the port of a registry.
        Some((image, tag)) if !tag.contains('/') => (image, tag),
        _ => (name, "latest"),
    }
}

pub(super) fn layer_status(layer: Option<&str>, status: &str) -> String {
    layer.map_or_else(|| status.to_owned(), |layer| format!("{layer}: {status}"))
}

fn hash_map(labels: &Labels) -> HashMap<String, String> {
    labels.clone().into_iter().collect()
}

pub(super) fn label_filter(label: &str) -> HashMap<String, Vec<String>> {
    if label.is_empty() {
        return HashMap::new();
    }
    HashMap::from([("label".to_owned(), vec![label.to_owned()])])
}

pub(super) fn build_options(order: &BuildOrder) -> BuildImageOptions {
    let arguments: HashMap<String, String> = order.arguments.clone().into_iter().collect();
    let options = BuildImageOptionsBuilder::new()
        .t(&order.name)
        .dockerfile(&order.dockerfile)
        .rm(true)
        .forcerm(true)
        .buildargs(&arguments)
        .labels(&hash_map(&order.labels));
    match &order.target {
        Some(target) => options.target(target).build(),
        None => options.build(),
    }
}

pub(super) fn network_order(name: &str, labels: &Labels) -> NetworkCreateRequest {
    NetworkCreateRequest {
        name: name.to_owned(),
        labels: Some(hash_map(labels)),
        ..NetworkCreateRequest::default()
    }
}

pub(super) fn connect_order(id: &str, names: &[String]) -> NetworkConnectRequest {
    let endpoint =
        EndpointSettings { aliases: Some(names.to_vec()), ..EndpointSettings::default() };
    NetworkConnectRequest { container: id.to_owned(), endpoint_config: Some(endpoint) }
}

pub(super) fn volume_order(name: &str, labels: &Labels) -> VolumeCreateRequest {
    VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some(hash_map(labels)),
        ..VolumeCreateRequest::default()
    }
}

pub(super) fn inside_order(command: &[String]) -> ExecConfig {
    ExecConfig {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    }
}

pub(super) fn container_order(order: &ContainerOrder) -> ContainerCreateBody {
    let endpoint = EndpointSettings {
        aliases: Some(order.network_names.clone()),
        ..EndpointSettings::default()
    };
    let endpoints = HashMap::from([(order.network.clone(), endpoint)]);
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    ContainerCreateBody {
        image: Some(order.image.clone()),
        hostname: Some(order.host_name.clone()),
        entrypoint: order.entrypoint.clone(),
        cmd: order.command.clone(),
        env: some(&order.env),
        user: order.user.clone(),
        working_dir: order.working_directory.clone(),
        exposed_ports: Some(order.ports.iter().map(|port| port_key(port.inner)).collect()),
        volumes: some(&order.anonymous_volumes),
        healthcheck: order.health.as_ref().map(health_config),
        labels: Some(hash_map(&order.labels)),
        stop_signal: order.details.stop_signal.clone(),
        host_config: Some(host_config(order)),
        networking_config: Some(NetworkingConfig { endpoints_config: Some(endpoints) }),
        ..ContainerCreateBody::default()
    }
}

fn host_config(order: &ContainerOrder) -> HostConfig {
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let bindings = order.ports.iter().map(|port| {
        let binding = PortBinding {
            host_ip: Some(port.address.clone()),
            host_port: Some(port.outer.unwrap_or(0).to_string()),
        };
        (port_key(port.inner), Some(vec![binding]))
    });
    let ulimits = order.details.ulimits.iter().map(|(name, limit)| ResourcesUlimits {
        name: Some(name.clone()),
        soft: Some(limit.soft),
        hard: Some(limit.hard),
    });
    HostConfig {
        network_mode: Some(order.network.clone()),
        port_bindings: Some(bindings.collect()),
        binds: some(&order.binds),
        tmpfs: (!order.memory_mounts.is_empty()).then(|| hash_map(&order.memory_mounts)),
        memory: order.memory,
        // As much as memory alone: a service that swaps makes every test slow.
        memory_swap: order.memory,
        nano_cpus: order.nano_cpus,
        pids_limit: order.pids,
        shm_size: order.shared_memory,
        extra_hosts: some(&order.extra_hosts),
        privileged: Some(order.privileged),
        init: order.details.init.then_some(true),
        readonly_rootfs: Some(order.details.read_only),
        cap_add: some(&order.details.capabilities_added),
        cap_drop: some(&order.details.capabilities_dropped),
        sysctls: Some(hash_map(&order.details.sysctls)),
        ulimits: Some(ulimits.collect()),
        ..HostConfig::default()
    }
}

fn health_config(health: &HealthOrder) -> HealthConfig {
    let nanos = |time: std::time::Duration| i64::try_from(time.as_nanos()).ok();
    HealthConfig {
        test: Some(health.test.clone()),
        interval: nanos(health.interval),
        timeout: nanos(health.timeout),
        retries: Some(i64::from(health.retries)),
        start_period: nanos(health.start_period),
        start_interval: None,
    }
}

fn port_key(port: u16) -> String {
    format!("{port}/tcp")
}

pub(super) fn facts(seen: ContainerInspectResponse) -> ContainerFacts {
    let state = seen.state.unwrap_or_default();
    let ports = seen.network_settings.and_then(|settings| settings.ports).unwrap_or_default();
    let outer = ports.into_iter().filter_map(|(key, bindings)| {
        let inner = key.strip_suffix("/tcp")?.parse().ok()?;
        let binding = bindings?.into_iter().next()?;
        Some((inner, binding.host_port?.parse().ok()?))
    });
    let health = state.health.and_then(|health| {
        let status = health.status?;
        let last = health.log.unwrap_or_default().pop();
        Some(HealthFacts {
            is_healthy: status == HealthStatusEnum::HEALTHY,
            word: status.to_string(),
            last_output: last.and_then(|look| look.output).unwrap_or_default().trim().to_owned(),
        })
    });
    ContainerFacts {
        runs: state.running.unwrap_or_default(),
        exit_code: state.exit_code.unwrap_or_default(),
        out_of_memory: state.oom_killed.unwrap_or_default(),
        error: state.error.unwrap_or_default(),
        ports: outer.collect(),
        health: health.filter(|health| health.word != "none" && !health.word.is_empty()),
    }
}

fn labels(found: HashMap<String, String>) -> Labels {
    found.into_iter().collect()
}

pub(super) fn container_thing(found: ContainerSummary) -> Thing {
    let name = found.names.unwrap_or_default().into_iter().next().unwrap_or_default();
    let ports = found.ports.unwrap_or_default().into_iter();
    Thing {
        kind: ThingKind::Container,
        name: name.trim_start_matches('/').to_owned(),
        ports: ports.filter_map(|port| Some((port.private_port, port.public_port?))).collect(),
        id: found.id.unwrap_or_default(),
        labels: labels(found.labels.unwrap_or_default()),
        runs: found.state == Some(ContainerSummaryStateEnum::RUNNING),
    }
}

pub(super) fn network_thing(found: Network) -> Thing {
    Thing {
        kind: ThingKind::Network,
        name: found.name.unwrap_or_default(),
        ports: BTreeMap::new(),
        id: found.id.unwrap_or_default(),
        labels: labels(found.labels.unwrap_or_default()),
        runs: false,
    }
}

pub(super) fn volume_thing(found: Volume) -> Thing {
    Thing {
        kind: ThingKind::Volume,
        name: found.name.clone(),
        ports: BTreeMap::new(),
        id: found.name,
        labels: labels(found.labels),
        runs: false,
    }
}
