//! Where to listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// A place to listen at, as an operator writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// The same, with TLS.
    Tls(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// `unix:` and nothing behind it.
    #[error("a path belongs behind unix:, such as unix:/run/octroi.sock")]
    NoPath,
    /// Something else.
    #[error(
        "not an IP address and a port, such as 127.0.0.1:8181, [::1]:8181 or tls:0.0.0.0:8443, \
         nor a Unix socket, such as unix:/run/octroi.sock"
    )]
    Malformed,
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A list in the environment may have blanks behind its commas.
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(AddressError::NoPath),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let tls = text.strip_prefix("tls:");
        let address = tls.unwrap_or(text).parse();
        let address = address.map_err(|_| AddressError::Malformed)?;
        Ok(match tls {
            Some(_) => Self::Tls(address),
            None => Self::Tcp(address),
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Tls(address) => write!(formatter, "tls:{address}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "127.0.0.1:8181",
            "[::1]:8181",
            "tls:0.0.0.0:8443",
            "tls:[::]:0",
            "unix:/run/octroi.sock",
            "unix:octroi.sock",
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            "8181",
            "localhost:8181",
            "tls:",
            "tls:8443",
            "unix:",
            "tls:unix:/a",
        ] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}
