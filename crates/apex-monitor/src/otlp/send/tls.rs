//! TLS with rustls and ring: certificates of the system, or those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use crate::otlp::settings::Endpoint;

/// What is trusted, and who we are. Reading the certificates of the system takes some
/// milliseconds, so they are read only for `https`.
///
/// # Errors
/// Which file cannot be used and why.
pub(super) fn client(endpoint: &Endpoint) -> Result<ClientConfig, String> {
    let builder = trusting(&endpoint.url, endpoint.certificate.as_deref())?;
    let Some((certificate, key)) = &endpoint.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
    builder
        .with_client_auth_cert(certificates(certificate)?, key)
        .map_err(|error| unusable(certificate, &error))
}

/// The same for a place that is known by its URL alone.
///
/// # Errors
/// Why the certificates of the system cannot be used.
pub(super) fn plain_client(url: &str) -> Result<ClientConfig, String> {
    Ok(trusting(url, None)?.with_no_client_auth())
}

fn trusting(
    url: &str,
    certificate: Option<&Path>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?;
    let roots = match certificate {
        _ if !url.starts_with("https:") => RootCertStore::empty(),
        Some(file) => authorities(file)?,
        None => of_system()?,
    };
    Ok(builder.with_root_certificates(roots))
}

fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(certificates(file)?);
    if known == 0 {
        return Err(format!("`{}` holds no certificate of an authority", file.display()));
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (known, _) = roots.add_parsable_certificates(found.certs);
    if known == 0 {
        return Err("this system has no certificates of authorities; name a file with \
                    OTEL_EXPORTER_OTLP_CERTIFICATE"
            .to_owned());
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(file).map_err(|error| unusable(file, &error))?;
    all.collect::<Result<_, _>>().map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &dyn std::error::Error) -> String {
    format!("`{}` cannot be used for TLS: {error}", file.display())
}
