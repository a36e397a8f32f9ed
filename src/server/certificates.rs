//! From PEM files to what rustls serves with, or a plain word why not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::files::{self, Contents, FileError};

/// In the order of preference; a client that offers neither is refused.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where certificate, key and the clients' authorities are.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who must have signed the certificates of clients; without it clients are not asked for any.
    pub client_ca: Option<PathBuf>,
}

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// One cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// One is not what it should be.
    #[error("{path}: {reason}")]
    Content {
        /// Which one.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The certificate is for another key.
    #[error(
        "the certificate in {certificate} does not match the private key in {key}; give the two that were made together"
    )]
    Mismatch {
        /// Where the certificate is.
        certificate: PathBuf,
        /// Where the key is.
        key: PathBuf,
    },
    /// rustls refuses to serve with them.
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] Error),
}

impl CertificateFiles {
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let both = [self.certificate.clone(), self.key.clone()];
        both.into_iter().chain(self.client_ca.clone()).collect()
    }

    pub(super) fn read(&self) -> Result<Contents, FileError> {
        files::read(&self.paths())
    }

    /// The configuration that the files' contents make; a new one each time, so that no session of an old certificate
    /// or of an old client authority is resumed.
    pub(super) fn config(&self, contents: &Contents) -> Result<ServerConfig, CertificateError> {
        let content = |index: usize| contents.get(index).map_or(&[] as &[u8], Vec::as_slice);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = self.certified_key(content(0), content(1), &provider)?;
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let config = match &self.client_ca {
            None => config.with_no_client_auth(),
            Some(path) => {
                let roots = Arc::new(authorities(path, content(2))?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                config.with_client_cert_verifier(verifier.map_err(|error| wrong(path, error))?)
            }
        };
        let mut config =
            config.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    fn certified_key(
        &self,
        certificate: &[u8],
        key: &[u8],
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, CertificateError> {
        let chain = certificates(&self.certificate, certificate)?;
        let key = private_key(&self.key, key)?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => CertificateError::Mismatch {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
            },
            Error::InvalidCertificate(_) => wrong(
                &self.certificate,
                "its first certificate is damaged or of a kind that is not known",
            ),
            _ => wrong(
                &self.key,
                "the private key is damaged or of a kind that is not known; RSA, ECDSA on P-256 or P-384 and Ed25519 are",
            ),
        })
    }
}

fn wrong(path: &Path, reason: impl ToString) -> CertificateError {
    CertificateError::Content {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn certificates(
    path: &Path,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match list {
        Ok(list) if list.is_empty() => Err(wrong(
            path,
            "there is no certificate in it; it must be PEM, with lines `-----BEGIN CERTIFICATE-----`",
        )),
        Ok(list) => Ok(list),
        Err(error) => Err(wrong(path, not_pem(&error))),
    }
}

fn private_key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let marks = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    // The older form of an encrypted key looks like a plain one with a header.
    if marks(b"ENCRYPTED") {
        return Err(wrong(
            path,
            "the private key is encrypted, and there is nobody to ask for its password; store it without one, readable by its owner only",
        ));
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => wrong(
            path,
            "there is no private key in it; it must be PEM, with a line `-----BEGIN PRIVATE KEY-----`",
        ),
        error => wrong(path, not_pem(&error)),
    })
}

/// Without the error's own text, which may quote the line it stumbled over, and that may be of a key.
fn not_pem(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => {
            "the PEM in it breaks off before its `-----END` line"
        }
        pem::Error::IllegalSectionStart { .. } => "a `-----BEGIN` line in it is malformed",
        pem::Error::Base64Decode(_) => {
            "what stands between its `-----BEGIN` and `-----END` lines is no base64"
        }
        _ => "it is not PEM",
    }
}

fn authorities(path: &Path, text: &[u8]) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, text)? {
        roots.add(certificate).map_err(|_| {
            wrong(
                path,
                "a certificate in it is damaged or cannot be that of an authority",
            )
        })?;
    }
    Ok(roots)
}
