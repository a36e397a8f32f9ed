//! `octroi health`: asks a running sidecar whether it is ready, for container health checks.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use hyper::Uri;

use super::Exit;

/// How long a sidecar may take to accept, and to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Arguments of `octroi health`.
#[derive(Debug, clap::Args)]
pub(super) struct HealthArgs {
    /// The admin listener; by default the one that --admin names, on this machine
    #[arg(long, env = "OCTROI_URL", value_name = "URL")]
    url: Option<Uri>,
    /// The address that the sidecar was told to be administered at
    #[arg(
        long,
        env = "OCTROI_ADMIN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8182",
        hide = true
    )]
    admin: SocketAddr,
}

/// Where to ask, and for what.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// As in the header `Host`.
    authority: String,
    host: String,
    port: u16,
    path: String,
}

/// Why a sidecar counts as not ready.
#[derive(Debug, thiserror::Error)]
enum NotReady {
    #[error("the URL must be http://HOST[:PORT][/PATH]")]
    Url,
    #[error("no sidecar answers at {0}: {1}")]
    Io(String, io::Error),
    #[error("the sidecar at {0} answers: {1}")]
    Status(String, String),
}

/// Asks once.
pub(super) fn run(args: &HealthArgs) -> Exit {
    match check(args) {
        Ok(()) => Exit::Success,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            Exit::Failure
        }
    }
}

fn check(args: &HealthArgs) -> Result<(), NotReady> {
    let target = match &args.url {
        Some(url) => Target::from_url(url).ok_or(NotReady::Url)?,
        None => Target::from_admin(args.admin),
    };
    let failed = |error| NotReady::Io(target.authority.clone(), error);
    let status = ask(&target).map_err(failed)?;
    if status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    Err(NotReady::Status(target.authority, status))
}

impl Target {
    fn from_url(url: &Uri) -> Option<Self> {
        if url.scheme_str().is_some_and(|scheme| scheme != "http") {
            return None;
        }
        let authority = url.authority()?;
        let host = authority.host();
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        Some(Self {
            authority: authority.as_str().to_owned(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: if path == "/" { "/readyz" } else { path }.to_owned(),
        })
    }

    /// An address that stands for every address of the machine is asked on the loopback.
    fn from_admin(admin: SocketAddr) -> Self {
        let mut address = admin;
        match admin {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
                address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
                address.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
            }
            _ => {}
        }
        Self {
            authority: address.to_string(),
            host: address.ip().to_string(),
            port: address.port(),
            path: "/readyz".to_owned(),
        }
    }
}

/// The status line of the answer: a whole client would be a lot for one line.
fn ask(target: &Target) -> io::Result<String> {
    let mut stream = connect(target)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (path, authority) = (&target.path, &target.authority);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = String::new();
    BufReader::new(io::Read::take(stream, 1024)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn connect(target: &Target) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (target.host.as_str(), target.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_its_target() {
        for (url, authority, host, port, path) in [
            (
                "http://127.0.0.1:8182",
                "127.0.0.1:8182",
                "127.0.0.1",
                8182,
                "/readyz",
            ),
            ("http://localhost/", "localhost", "localhost", 80, "/readyz"),
            ("http://[::1]:9/livez", "[::1]:9", "::1", 9, "/livez"),
        ] {
            let target = Target::from_url(&url.parse().unwrap()).unwrap();
            assert_eq!(target.authority, authority);
            assert_eq!((target.host.as_str(), target.port), (host, port));
            assert_eq!(target.path, path);
        }
        assert!(Target::from_url(&"https://localhost".parse().unwrap()).is_none());
        assert_eq!(
            Target::from_admin("0.0.0.0:1".parse().unwrap()).host,
            "127.0.0.1"
        );
        assert_eq!(
            Target::from_admin("[::]:1".parse().unwrap()).authority,
            "[::1]:1"
        );
    }
}
