//! TLS: the certificate the server shows, from files, exchanged while it runs.
//!
//! Invariant: there is always a certificate that fits its key. New files that cannot be used
//! change nothing, and are told. HTTP/1.1 only, as without TLS.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::config::TlsFiles;
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file cannot be read as what it must be.
    #[error("{}: {why}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Certificate and key cannot be used with one another.
    #[error("{} does not fit to {}: {why}", .files.key.display(), .files.certificate.display())]
    Pair {
        /// The files.
        files: TlsFiles,
        /// Why not.
        why: rustls::Error,
    },
    /// The cryptography was built without what TLS needs.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The certificate in use. Clones share it.
#[derive(Clone)]
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    shown: Arc<ArcSwap<CertifiedKey>>,
}

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// A file that is missing or holds something else; a key of another certificate.
    pub fn read(files: TlsFiles) -> Result<Certificate, TlsFault> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let shown = Arc::new(ArcSwap::from_pointee(pair(&files, &provider)?));
        Ok(Certificate { files, provider, shown })
    }

    /// Reads both again; connections that are made from now on see them.
    ///
    /// # Errors
    /// As [`Certificate::read`]; the old ones stay in use.
    pub fn read_again(&self) -> Result<(), TlsFault> {
        self.shown.store(Arc::new(pair(&self.files, &self.provider)?));
        Ok(())
    }

    /// How the server speaks TLS with it.
    ///
    /// # Errors
    /// The cryptography was built without what TLS needs.
    pub fn server_config(&self) -> Result<ServerConfig, TlsFault> {
        let config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsFault::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        Ok(config)
    }
}

/// Reads the certificate again with every SIGHUP.
pub async fn read_again_on_hangup(certificate: Certificate) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(source) => {
            tracing::warn!(%source, "SIGHUP cannot be listened to");
            return;
        }
    };
    while hangups.recv().await.is_some() {
        match certificate.read_again() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(fault) => tracing::error!(%fault, "the old certificate stays in use"),
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.files.certificate.display())
    }
}

fn pair(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsFault> {
    let unreadable = |path: &Path, fault: pem::Error| TlsFault::File {
        path: path.to_owned(),
        why: fault.to_string(),
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|fault| unreadable(&files.certificate, fault))?;
    if chain.is_empty() {
        let why = "there is no certificate in it".to_owned();
        return Err(TlsFault::File { path: files.certificate.clone(), why });
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|fault| unreadable(&files.key, fault))?;
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|why| TlsFault::Pair { files: files.clone(), why })
}

#[cfg(test)]
mod tests;
