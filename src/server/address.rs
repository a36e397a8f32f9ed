//! Where to listen.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// A place to listen at, as an operator writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port; port 0 lets the system choose.
    Tcp(SocketAddr),
}

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// A path where only TCP is served.
    #[error("unix sockets are not served yet; give an address and a port, such as 127.0.0.1:8181")]
    Unix,
    /// Something else.
    #[error("not an IP address and a port, such as 127.0.0.1:8181 or [::1]:8181")]
    Malformed,
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("unix:") {
            return Err(AddressError::Unix);
        }
        text.parse()
            .map(Self::Tcp)
            .map_err(|_| AddressError::Malformed)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
        }
    }
}
