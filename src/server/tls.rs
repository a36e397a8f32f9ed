//! TLS, with certificates that are replaced while it serves.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::certificates::{CertificateError, CertificateFiles};
use super::files::{self, Contents, FileError, FileHealth};

/// What every TLS listener serves with.
pub struct Tls {
    files: CertificateFiles,
    config: ArcSwap<ServerConfig>,
    health: FileHealth,
}

impl Tls {
    /// Reads the files for the first time, and begins to follow them.
    ///
    /// # Errors
    /// When they cannot be read, are not what they should be, or do not belong together.
    pub fn start(files: CertificateFiles) -> Result<Arc<Self>, CertificateError> {
        let contents = files.read()?;
        let config = ArcSwap::from_pointee(files.config(&contents)?);
        files::warn_if_open("the private key", &files.key);
        let tls = Arc::new(Self {
            files,
            config,
            health: FileHealth::new("certificates"),
        });
        tokio::spawn(Arc::clone(&tls).follow(contents));
        Ok(tls)
    }

    /// Whether the files could be taken when they changed last.
    pub fn health(&self) -> FileHealth {
        self.health.clone()
    }

    /// For one connection that has just come in: with the certificate of this moment.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    async fn follow(self: Arc<Self>, known: Contents) {
        let paths = self.files.paths();
        files::follow(paths, known, |contents| self.changed(contents)).await;
    }

    fn changed(&self, contents: &Result<Contents, FileError>) {
        let contents = contents.as_ref().map_err(|error| error.clone().into());
        let config = contents.and_then(|contents| self.files.config(contents));
        let certificate = self.files.certificate.display();
        match config {
            Ok(config) => {
                self.config.store(Arc::new(config));
                self.health.is_good();
                tracing::info!(%certificate, "TLS certificates reloaded, new connections get them");
            }
            Err(error) => {
                self.health.is_bad(&error);
                tracing::error!(%error, %certificate, "TLS certificates not reloaded, the ones before stay");
            }
        }
    }
}
