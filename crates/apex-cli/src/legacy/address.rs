//! Where a service is expected to answer, and whether it does.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use apex_config::model::{Service, ServiceSource};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(String);

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Address {
    /// That of a service: its URL, or its first port on this machine.
    pub(crate) fn of_service(service: &Service) -> Option<Self> {
        match &service.source {
            ServiceSource::External { url } => Self::of_url(url),
            _ => {
                let mut ports = service.host_ports.values().chain(service.ports.values());
                ports.next().map(|port| Self(format!("127.0.0.1:{port}")))
            }
        }
    }

    /// That of a URL; the usual port of its scheme where it has none.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let host = rest.split('/').next().filter(|host| !host.is_empty())?;
        let host = host.rsplit('@').next().unwrap_or(host);
        let port = match scheme {
            "https" => 443,
            "postgresql" | "postgres" => 5432,
            "redis" => 6379,
            _ => 80,
        };
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Some(Self(if has_port { host.to_owned() } else { format!("{host}:{port}") }))
    }

    /// Whether somebody takes a connection there.
    pub(crate) fn answers(&self) -> bool {
        let addresses = self.0.to_socket_addrs();
        let mut addresses = addresses.into_iter().flatten();
        addresses.any(|at| TcpStream::connect_timeout(&at, PATIENCE).is_ok())
    }
}

/// Where the two services that everybody knows are, when a project defines them nowhere: what
/// variables say, else their usual port here.
pub(crate) fn usual(name: &str, variables: &BTreeMap<String, String>) -> Option<Address> {
    let (urls, ports, port): (&[&str], &[&str], u16) = match name {
        "postgresql" | "postgres" => {
            (&["DATABASE_URL", "POSTGRES_URL"], &["TEST_POSTGRES_PORT", "POSTGRES_PORT"], 5432)
        }
        "redis" => (&["REDIS_URL"], &["TEST_REDIS_PORT", "REDIS_PORT"], 6379),
        _ => return None,
    };
    let said = |names: &[&str]| names.iter().find_map(|name| variables.get(*name));
    if let Some(address) = said(urls).and_then(|url| Address::of_url(url)) {
        return Some(address);
    }
    let port = said(ports).and_then(|text| text.parse().ok()).unwrap_or(port);
    Some(Address(format!("127.0.0.1:{port}")))
}
