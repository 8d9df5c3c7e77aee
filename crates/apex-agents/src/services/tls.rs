//! Encryption of readiness checks: whom they trust. The library is rustls, with ring.

use std::path::Path;
use std::sync::Arc;

use apex_config::model::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::addresses::Endpoint;

/// What a check speaks TLS with.
#[derive(Clone, Debug)]
pub(super) struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Reads the certificates that count.
    ///
    /// # Errors
    /// A text for people.
    pub(super) fn of(tls: &Tls, root: &Path) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be used: {error}"))?;
        let config = if tls.unverified {
            let anybody = Arc::new(Anybody(provider));
            builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
        } else {
            let trusted = trusted(tls.authorities.as_deref().map(|file| root.join(file)))?;
            builder.with_root_certificates(trusted).with_no_client_auth()
        };
        Ok(Self(Arc::new(config)))
    }

    /// Connects. A certificate of a service on this machine is for `localhost`, for its address,
    /// or for both.
    ///
    /// # Errors
    /// A text for people.
    pub(super) async fn connect(&self, at: &Endpoint) -> Result<TlsStream<TcpStream>, String> {
        let names: &[&str] =
            if at.host == "127.0.0.1" { &["localhost", "127.0.0.1"] } else { &[at.host.as_str()] };
        let mut refused = String::new();
        for name in names {
            let stream = TcpStream::connect((at.host.as_str(), at.port))
                .await
                .map_err(|error| format!("{at} does not accept connections: {error}"))?;
            let name = ServerName::try_from((*name).to_owned())
                .map_err(|error| format!("`{name}` is no name for TLS: {error}"))?;
            match TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refused = format!("{at} is not trusted, or speaks no TLS: {error}"),
            }
        }
        Err(refused)
    }
}

/// The certificates of the system, and those of a file.
fn trusted(file: Option<std::path::PathBuf>) -> Result<RootCertStore, String> {
    let mut trusted = RootCertStore::empty();
    // One of the system that cannot be read is missing where it is needed, which is said there.
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let Some(file) = file else { return Ok(trusted) };
    let wrong = |why: String| {
        format!("`ca_file` {} cannot be used: {why}; it holds certificates (PEM)", file.display())
    };
    let certificates =
        CertificateDer::pem_file_iter(&file).map_err(|error| wrong(error.to_string()))?;
    let mut count = 0;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        trusted.add(certificate).map_err(|error| wrong(error.to_string()))?;
        count += 1;
    }
    if count == 0 { Err(wrong("it holds none".to_owned())) } else { Ok(trusted) }
}

/// Takes every certificate. That who answers also has its key is still checked.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
