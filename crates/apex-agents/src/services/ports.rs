//! Host ports: free ones, and who holds one that is not.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use apex_config::model::{Service, ServiceSource};

/// How often a free port is asked for before giving up.
const TRIES: u32 = 32;

/// A fixed port that cannot be had, with its holder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "port {port} (`{label}`) is taken{}; end that program, or write another port or 0 for a free \
     one", held_by(.holder)
)]
pub struct PortTaken {
    /// Label of the port.
    pub label: String,
    /// The port.
    pub port: u16,
    /// Process id and program of the holder, when they can be seen.
    pub holder: Option<(u32, String)>,
}

fn held_by(holder: &Option<(u32, String)>) -> String {
    holder.as_ref().map_or(String::new(), |(id, program)| format!(" by `{program}` (pid {id})"))
}

/// Chooses the host ports of a service that is a program: fixed ones as written, free ones
/// otherwise. `given` are ports that other services of this run have.
pub(super) fn choose(
    service: &Service,
    given: &HashSet<u16>,
) -> Result<BTreeMap<String, u16>, String> {
    let mut chosen = BTreeMap::new();
    // Listeners stay open until all ports are chosen, so that no port is chosen twice.
    let mut listeners = Vec::new();
    let labels: std::collections::BTreeSet<&String> =
        service.ports.keys().chain(service.host_ports.keys()).collect();
    for label in labels {
        let fixed = service.host_ports.get(label).or_else(|| service.ports.get(label));
        let listener = match fixed.copied().filter(|port| *port != 0) {
            Some(port) => fixed_port(label, port).map_err(|taken| taken.to_string())?,
            None => free_port(given)?,
        };
        let port = listener.local_addr().map_err(|error| no_free_port(&error))?.port();
        chosen.insert(label.clone(), port);
        listeners.push(listener);
    }
    Ok(chosen)
}

/// Lets a service have a free port wherever the one that is fixed for it is taken now, so that a
/// run can go on beside the one that has it.
pub fn give_way(service: &mut Service) {
    let is_program = matches!(service.source, ServiceSource::Process { .. });
    let own = service.ports.values_mut().filter(|_| is_program);
    for port in service.host_ports.values_mut().chain(own).filter(|port| **port != 0) {
        if fixed_port("", *port).is_err() {
            *port = 0;
        }
    }
}

/// Looks whether a fixed port can be had.
pub(super) fn check_fixed(label: &str, port: u16) -> Result<(), PortTaken> {
    fixed_port(label, port).map(drop)
}

fn fixed_port(label: &str, port: u16) -> Result<TcpListener, PortTaken> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|_| PortTaken {
        label: label.to_owned(),
        port,
        holder: holder(port),
    })
}

fn free_port(given: &HashSet<u16>) -> Result<TcpListener, String> {
    for _ in 0..TRIES {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| no_free_port(&error))?;
        if listener.local_addr().is_ok_and(|address| !given.contains(&address.port())) {
            return Ok(listener);
        }
    }
    Err(format!("found no free port in {TRIES} tries; end services that are not needed any more"))
}

fn no_free_port(error: &std::io::Error) -> String {
    format!("cannot get a free port: {error}; check the network of this machine (`ip addr`)")
}

/// Process id and program that listens on a port; none when that cannot be seen.
fn holder(port: u16) -> Option<(u32, String)> {
    let socket = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_socket(&table, port))?;
    let wanted = format!("socket:[{socket}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    for process in processes {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let has_it = files
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == &*wanted));
        if has_it {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some((id, name.trim().to_owned()));
        }
    }
    None
}

/// The inode of the socket that listens on a port, from a table like `/proc/net/tcp` (proc(5)).
fn listening_socket(table: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let local_port = fields.get(1)?.rsplit_once(':')?.1;
        let is_it = u16::from_str_radix(local_port, 16) == Ok(port) && fields[3] == LISTENING;
        if is_it { fields.get(9).map(|inode| (*inode).to_owned()) } else { None }
    })
}
