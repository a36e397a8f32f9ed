//! The options of `octroi serve` that say how decision listeners are reached, and by whom.

use std::path::PathBuf;
use std::sync::Arc;

use crate::server::{
    BindOptions, CertificateError, CertificateFiles, ListenAddress, Tls, Tokens, TokensError,
    UnixMode,
};

/// Certificates, tokens and the mode of sockets.
#[derive(Debug, clap::Args)]
pub(super) struct TransportArgs {
    /// The certificate of the tls: listeners, PEM, with those between it and its root
    #[arg(
        long,
        env = "OCTROI_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(
        long,
        env = "OCTROI_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
    /// Clients of tls: listeners must have a certificate that one of these signed, PEM
    #[arg(
        long,
        env = "OCTROI_TLS_CLIENT_CA",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    tls_client_ca: Option<PathBuf>,
    /// Who may connect to unix: listeners, in octal
    #[arg(
        long,
        env = "OCTROI_UNIX_MODE",
        value_name = "MODE",
        default_value = "0600"
    )]
    unix_mode: UnixMode,
    /// Callers must send one of the tokens in this file, one a line
    #[arg(long, env = "OCTROI_TOKENS_FILE", value_name = "FILE")]
    tokens_file: Option<PathBuf>,
}

impl TransportArgs {
    /// Says what the options ask for and cannot have together.
    pub(super) fn contradiction(&self, listen: &[ListenAddress]) -> Option<String> {
        let tls = listen
            .iter()
            .find(|address| matches!(address, ListenAddress::Tls(_)));
        match (tls, self.certificates()) {
            (Some(address), None) => Some(format!(
                "--listen {address} needs a certificate and its key: give --tls-cert FILE and --tls-key FILE"
            )),
            (None, Some(_)) => Some(
                "a certificate is given, and no listener has TLS: add one, such as --listen tls:0.0.0.0:8443, \
                 or leave --tls-cert and --tls-key out"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn certificates(&self) -> Option<CertificateFiles> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(CertificateFiles {
            certificate,
            key,
            client_ca: self.tls_client_ca.clone(),
        })
    }

    /// Reads the certificates, and follows them from now on.
    pub(super) fn bind_options(&self) -> Result<BindOptions, CertificateError> {
        Ok(BindOptions {
            tls: self.certificates().map(Tls::start).transpose()?,
            unix_mode: self.unix_mode,
        })
    }

    /// Reads the tokens, and follows them from now on.
    pub(super) fn tokens(&self) -> Result<Option<Arc<Tokens>>, TokensError> {
        self.tokens_file.clone().map(Tokens::start).transpose()
    }
}
