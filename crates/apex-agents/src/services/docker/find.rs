//! Where the container engine is: `DOCKER_HOST`, the context of the Docker command, or one of the
//! usual sockets. It reads small files and connects to nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use apex_config::environment_variables::{
    DOCKER_CERT_PATH, DOCKER_CONFIG, DOCKER_CONTEXT, DOCKER_HOST, DOCKER_TLS_VERIFY,
    XDG_RUNTIME_DIR,
};
use serde_json::Value;

/// The socket where Docker usually is.
const DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// The socket of podman for the whole system; that of a user is below `XDG_RUNTIME_DIR`.
const PODMAN_SOCKET: &str = "/run/podman/podman.sock";

/// Where an engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket of this machine.
    Socket {
        /// Its path.
        path: String,
        /// What named it, for messages.
        by: String,
    },
    /// Another machine, or a port of this one; without encryption.
    Tcp {
        /// Its address, `tcp://host:port`.
        url: String,
        /// What named it, for messages.
        by: String,
    },
    /// Another machine, or a port of this one; with TLS.
    Encrypted {
        /// Its address, `tcp://host:port`.
        url: String,
        /// What named it, for messages.
        by: String,
        /// What it is trusted by, and what it trusts us by.
        certificates: Certificates,
    },
}

/// The files for TLS with an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// Who signs the certificate of the engine.
    pub authority: PathBuf,
    /// Our own certificate.
    pub own: PathBuf,
    /// The key of our own.
    pub key: PathBuf,
}

impl Certificates {
    /// The files of a folder, called as the Docker command calls them.
    fn of(folder: &Path, by: &str) -> Result<Self, String> {
        let file = |name: &str| {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(path);
            }
            Err(format!(
                "the container engine ({by}) wants TLS, and {} does not exist\nnext: put ca.pem, \
                 cert.pem and key.pem there, or say with {DOCKER_CERT_PATH} where they are",
                path.display()
            ))
        };
        Ok(Self { authority: file("ca.pem")?, own: file("cert.pem")?, key: file("key.pem")? })
    }
}

impl Address {
    /// The host at which its published ports answer; none when that is this machine.
    #[must_use]
    pub fn remote_host(&self) -> Option<String> {
        let (Self::Tcp { url, .. } | Self::Encrypted { url, .. }) = self else { return None };
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        (!is_here).then(|| host.to_owned())
    }
}

/// Finds the engine from the variables of a run.
///
/// # Errors
/// A text for people: a scheme that is not spoken, or a context that does not exist.
pub fn find(variables: &BTreeMap<String, String>) -> Result<Address, String> {
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let folder = variable(DOCKER_CONFIG).map(PathBuf::from);
    let folder = folder.or_else(|| Some(Path::new(variable("HOME")?).join(".docker")));
    if let Some(host) = variable(DOCKER_HOST) {
        let address = read_host(host, DOCKER_HOST)?;
        let is_encrypted = variable(DOCKER_TLS_VERIFY).is_some() || host.starts_with("https://");
        let files = variable(DOCKER_CERT_PATH).map(PathBuf::from).or(folder);
        return if is_encrypted {
            encrypted(address, &files.unwrap_or_default())
        } else {
            Ok(address)
        };
    }
    if let Some(folder) = folder
        && let Some(context) =
            variable(DOCKER_CONTEXT).cloned().or_else(|| current_context(&folder))
        && context != "default"
    {
        return host_of_context(&folder, &context);
    }
    let of_user = variable(XDG_RUNTIME_DIR).map(|folder| format!("{folder}/podman/podman.sock"));
    let sockets = [Some(DOCKER_SOCKET.to_owned()), of_user, Some(PODMAN_SOCKET.to_owned())];
    let found = sockets.into_iter().flatten().find(|path| Path::new(path).exists());
    Ok(Address::Socket {
        path: found.unwrap_or_else(|| DOCKER_SOCKET.to_owned()),
        by: "the usual place".to_owned(),
    })
}

/// The same address with TLS; a socket of this machine needs none.
fn encrypted(address: Address, folder: &Path) -> Result<Address, String> {
    match address {
        Address::Tcp { url, by } => {
            let certificates = Certificates::of(folder, &by)?;
            Ok(Address::Encrypted { url, by, certificates })
        }
        other => Ok(other),
    }
}

/// Reads the address of an engine as `DOCKER_HOST` writes it.
fn read_host(host: &str, by: &str) -> Result<Address, String> {
    let by = by.to_owned();
    match host.split_once("://") {
        Some(("unix", path)) => Ok(Address::Socket { path: path.to_owned(), by }),
        Some(("tcp" | "http" | "https", rest)) => {
            Ok(Address::Tcp { url: format!("tcp://{rest}"), by })
        }
        None if host.starts_with('/') => Ok(Address::Socket { path: host.to_owned(), by }),
        _ => Err(format!(
            "the container engine at `{host}` ({by}) cannot be used: only `unix://` and `tcp://` \
             are spoken\nnext: unset {by}, or forward its socket, for example with \
             `ssh -L /tmp/engine.sock:/var/run/docker.sock HOST` and \
             `DOCKER_HOST=unix:///tmp/engine.sock`"
        )),
    }
}

/// The context that `docker context use` chose.
fn current_context(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("config.json")).ok()?;
    let config: Value = serde_json::from_str(&text).ok()?;
    config.get("currentContext")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The address of a context, from the files that the Docker command keeps.
fn host_of_context(folder: &Path, context: &str) -> Result<Address, String> {
    let contexts = fs::read_dir(folder.join("contexts").join("meta"));
    let metas = contexts.into_iter().flatten().flatten().filter_map(|entry| {
        let text = fs::read_to_string(entry.path().join("meta.json")).ok()?;
        Some((entry.file_name(), serde_json::from_str::<Value>(&text).ok()?))
    });
    let found = metas.into_iter().find(|(_, meta)| meta["Name"].as_str() == Some(context));
    let endpoint = found.as_ref().map(|(_, meta)| &meta["Endpoints"]["docker"]);
    let host = endpoint.and_then(|endpoint| endpoint["Host"].as_str());
    if endpoint.is_some_and(|endpoint| endpoint["SkipTLSVerify"] == Value::Bool(true)) {
        return Err(format!(
            "the Docker context `{context}` takes any certificate of its engine, which Apex does \
             not\nnext: give it the certificate of the engine (`docker context update {context} \
             --docker host=...,ca=FILE,cert=FILE,key=FILE`)"
        ));
    }
    match (host, found.as_ref()) {
        (Some(host), Some((entry, _))) => {
            let address = read_host(host, &format!("context `{context}`"))?;
            let files = folder.join("contexts").join("tls").join(entry).join("docker");
            if files.is_dir() { encrypted(address, &files) } else { Ok(address) }
        }
        _ => Err(format!(
            "the Docker context `{context}` says no address in {}\nnext: `docker context ls` shows \
             those that exist, `docker context use default` takes the engine of this machine",
            folder.join("contexts").display()
        )),
    }
}

/// Why nothing answers at an address, and what to do next.
#[must_use]
pub fn explain_unreachable(address: &Address, cause: &str) -> String {
    let (place, by) = match address {
        Address::Socket { path, by } => (path, by),
        Address::Tcp { url, by } | Address::Encrypted { url, by, .. } => (url, by),
    };
    let next = if cause.contains("ermission denied") {
        "add yourself to the group that owns the socket (`sudo usermod -aG docker $USER`, then log \
         in again)"
    } else if cause.contains("ertificate") || cause.contains("tls handshake") {
        "give Apex the certificates of that engine (`DOCKER_CERT_PATH`), and make sure that its own \
         one names the host"
    } else if cause.contains("HTTP response to HTTPS") || cause.contains("HTTP request to an HTTPS")
    {
        "set DOCKER_TLS_VERIFY for an engine that speaks TLS, and unset it for one that does not"
    } else if cause.contains("No such file") {
        "install and start Docker or podman (`sudo systemctl start docker`), or say where the \
         engine is with DOCKER_HOST"
    } else if cause.contains("gave no answer") {
        "look whether the engine hangs (`docker version`), and restart it"
    } else {
        "start the engine (`sudo systemctl start docker`), or correct where it is said to be"
    };
    format!(
        "no container engine answers at {place} ({by}): {cause}\nnext: {next}; services that are \
         `process` or `external` need none"
    )
}
