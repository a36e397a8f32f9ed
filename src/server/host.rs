//! Who may address the admin listener: a page that a browser was lured to must neither read nor change anything,
//! not even by a name that was made to point at this machine (DNS rebinding).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use hyper::header::{HOST, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use super::Refusal;

/// A name, beside the loopback ones, under which the admin listener is served; a port is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminHost(String);

impl FromStr for AdminHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare: Option<Ipv6Addr> = text.parse().ok();
        let text = bare.map_or_else(|| text.to_owned(), |address| format!("[{address}]"));
        match text.parse::<Authority>() {
            Ok(authority) if authority.as_str() == authority.host() => {
                Ok(Self(authority.host().to_ascii_lowercase()))
            }
            _ => Err("not a host name or an IP address, without scheme and port"),
        }
    }
}

/// Refuses a request that addresses another host, or comes from a page of another origin.
pub(super) fn check(head: &Parts, known: &[AdminHost]) -> Result<(), Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(authority), hosts.next()) else {
        return Err(Refusal::ForeignHost);
    };
    // A target in absolute form overrules `Host`, so it has to be as good.
    let target = head.uri.authority();
    if !is_known(&host, known) || target.is_some_and(|target| !is_known(target, known)) {
        return Err(Refusal::ForeignHost);
    }
    let is_own = |origin: &HeaderValue| is_origin_of(origin, &host);
    if head.headers.get_all(ORIGIN).iter().all(is_own) {
        Ok(())
    } else {
        Err(Refusal::ForeignOrigin)
    }
}

fn authority(value: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(value.as_bytes()).ok()?;
    (!authority.as_str().contains('@')).then_some(authority)
}

fn is_known(authority: &Authority, known: &[AdminHost]) -> bool {
    let host = authority.host();
    is_loopback(host) || known.iter().any(|name| name.0.eq_ignore_ascii_case(host))
}

fn is_loopback(host: &str) -> bool {
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .and_then(|host| host.parse::<Ipv6Addr>().ok());
    let v4 = host.parse::<Ipv4Addr>().ok();
    host.eq_ignore_ascii_case("localhost")
        || v4.is_some_and(|address| address.is_loopback())
        || v6.is_some_and(|address| address.is_loopback())
}

/// Whether an origin is that of the very host and port that are asked.
fn is_origin_of(origin: &HeaderValue, host: &Authority) -> bool {
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn checked(host: Option<&str>, origin: Option<&str>) -> bool {
        let mut request = Request::get("/status");
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let known = [
            "octroi.internal".parse().unwrap(),
            "fd00::1".parse().unwrap(),
        ];
        let head = request.body(()).unwrap().into_parts().0;
        check(&head, &known).is_ok()
    }

    #[test]
    fn knows_its_own_names() {
        for host in [
            "localhost:8182",
            "LOCALHOST",
            "127.0.0.1:8182",
            "127.1.2.3",
            "[::1]:8182",
            "octroi.internal:80",
            "Octroi.Internal",
            "[fd00::1]:8182",
        ] {
            assert!(checked(Some(host), None), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "10.0.0.1",
            "user@localhost",
            "",
            "[::2]",
        ] {
            assert!(!checked(Some(host), None), "{host}");
        }
        assert!(!checked(None, None));
    }

    #[test]
    fn answers_no_foreign_page() {
        let host = Some("localhost:8182");
        assert!(checked(host, Some("http://localhost:8182")));
        for origin in [
            "http://localhost:3000",
            "http://evil.example",
            "http://localhost:8182.evil.example",
            "null",
            "",
        ] {
            assert!(!checked(host, Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_host_option_is_a_name_alone() {
        for text in ["http://a.example", "a.example:80", "a b", "", "u@a.example"] {
            assert!(text.parse::<AdminHost>().is_err(), "{text}");
        }
    }
}
