//! Who may send a request to a program that listens on this machine.
//!
//! A page of the web, which anyone may have written, can make a browser send
//! requests to this machine, under a name of its own for it.

use std::net::SocketAddr;

use hyper::Request;
use hyper::header::{self, HeaderMap};
use hyper::http::uri::Authority;

use super::is_loopback;

/// The names by which a program is asked, and the pages that may ask it.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    address: SocketAddr,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Callers {
    /// Those of a program that listens at `address`. `hosts` are names beside those
    /// of this machine, with or without a port, `origins` pages beside this
    /// machine's.
    pub fn new(address: SocketAddr, hosts: Vec<String>, origins: Vec<String>) -> Callers {
        Callers {
            address,
            hosts,
            origins,
        }
    }

    /// Refuses a request from a page or under a name that is not known.
    ///
    /// # Errors
    /// A sentence on why.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), &'static str> {
        let headers = request.headers();
        let of_target = request.uri().authority().map(Authority::as_str);
        let hosts = headers.get_all(header::HOST).iter();
        let mut names: Vec<&str> = hosts
            .map(|host| host.to_str().unwrap_or_default())
            .collect();
        if names.len() != 1 {
            return Err("the name of the host is not given once");
        }
        names.extend(of_target);
        if !names.iter().all(|name| self.is_own(name)) {
            return Err("the name of the host is not that of this machine");
        }
        match origin(headers) {
            Origin::None => Ok(()),
            Origin::Page(origin) if self.admits(origin) => Ok(()),
            Origin::Page(_) | Origin::Unknown => {
                Err("the page that sends this is not of this machine")
            }
        }
    }

    fn is_own(&self, name: &str) -> bool {
        let Ok(host) = name.parse::<Authority>() else {
            return false;
        };
        let port = host.port_u16().unwrap_or(80);
        let is_named = self.hosts.iter().any(|known| {
            known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(host.host())
        });
        let bare = host.host().trim_start_matches('[').trim_end_matches(']');
        let is_this_machine = match self.address.ip().is_loopback() {
            true => is_loopback(bare),
            false => bare.parse() == Ok(self.address.ip()),
        };
        is_named || (is_this_machine && port == self.address.port())
    }

    fn admits(&self, origin: &str) -> bool {
        let mut known = self.origins.iter();
        if known.any(|known| known.eq_ignore_ascii_case(origin)) {
            return true;
        }
        let host = origin.split_once("://").map(|(_, host)| host);
        let host = host.and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| is_loopback(host.host()))
    }
}

/// The page that sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin<'h> {
    /// It is no page.
    None,
    Page(&'h str),
    /// It is one, and is not named in a way that can be compared.
    Unknown,
}

/// The page that headers name.
pub(crate) fn origin(headers: &HeaderMap) -> Origin<'_> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Origin::None,
        (Some(one), None) => one.to_str().map_or(Origin::Unknown, Origin::Page),
        (Some(_), Some(_)) => Origin::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(callers: &Callers, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        callers.check(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn only_known_names_and_pages_are_served() {
        let callers = Callers::new(
            "127.0.0.1:81".parse().unwrap(),
            vec!["guard.example".to_owned(), "other.example:443".to_owned()],
            vec!["https://app.example".to_owned()],
        );
        for host in [
            "127.0.0.1:81",
            "localhost:81",
            "[::1]:81",
            "guard.example",
            "guard.example:9",
            "other.example:443",
        ] {
            assert!(checked(&callers, "/mcp", &[("host", host)]), "{host}");
        }
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:82",
            "evil.example",
            "other.example",
            "127.0.0.1.evil.example:81",
            "a b",
        ] {
            assert!(!checked(&callers, "/mcp", &[("host", host)]), "{host}");
        }
        let host = ("host", "localhost:81");
        assert!(!checked(&callers, "/mcp", &[]));
        assert!(!checked(&callers, "/mcp", &[host, host]));
        assert!(!checked(&callers, "http://evil.example/mcp", &[host]));
        assert!(checked(&callers, "http://localhost:81/mcp", &[host]));
        for origin in ["https://app.example", "http://localhost:3000"] {
            assert!(
                checked(&callers, "/", &[host, ("origin", origin)]),
                "{origin}"
            );
        }
        for origin in ["null", "http://app.example", "https://evil.example", ""] {
            assert!(
                !checked(&callers, "/", &[host, ("origin", origin)]),
                "{origin}"
            );
        }
        let page = ("origin", "https://app.example");
        assert!(!checked(&callers, "/", &[host, page, page]));
        let open = Callers::new("10.0.0.7:81".parse().unwrap(), Vec::new(), Vec::new());
        assert!(checked(&open, "/", &[("host", "10.0.0.7:81")]));
        assert!(!checked(&open, "/", &[("host", "localhost:81")]));
    }
}
