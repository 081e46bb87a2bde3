//! HTTP to a server that a person names: the address, the headers of a file,
//! and one client for clear text and TLS.

pub(crate) mod callers;
pub(crate) mod headers;
mod last;
pub(crate) mod listen;
pub(crate) mod sse;

use std::path::Path;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::{Request, Response, Uri};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::cli::support::input;
use mcppolicy_analysis::report::Failure;

/// A body that is sent.
pub(crate) type Body = BoxBody<Bytes, hyper::Error>;

/// A body of these bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed()
}

/// A body without any bytes.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// A server of the network, and what is sent with each request to it.
#[derive(Clone)]
pub(crate) struct Upstream {
    url: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    client: Client<HttpsConnector<HttpConnector>, Body>,
}

impl Upstream {
    /// The server at a URL, with the headers of a file.
    ///
    /// # Errors
    /// A URL that is none of http or https or has a password in it, a file of
    /// headers that cannot be used, or credentials that would be sent in the clear
    /// over a network.
    pub fn open(url: &str, header_file: Option<&Path>) -> Result<Upstream, Failure> {
        let parsed: Option<Uri> = url.parse().ok();
        let failure = |message: &str| Failure {
            // A URL can hold a key in its query, or a password.
            input: parsed.as_ref().map_or_else(|| "the URL".to_owned(), shown),
            message: message.to_owned(),
        };
        let uri = parsed.clone().ok_or_else(|| failure("is not one"))?;
        let authority = uri.authority().ok_or_else(|| failure("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(failure(
                "has a credential in it; put a header into a file for --header-file",
            ));
        }
        let is_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(failure("is neither http nor https")),
        };
        let headers = header_file
            .map(headers::read)
            .transpose()?
            .unwrap_or_default();
        if !is_tls && !headers.is_empty() && !is_loopback(authority.host()) {
            return Err(failure(
                "is not encrypted, and the headers of --header-file are for nobody else",
            ));
        }
        let connector = connector(is_tls).map_err(|message| failure(&message))?;
        Ok(Upstream {
            url: uri,
            headers,
            // A connection that is kept may be closed by the server just when a call
            // is sent on it, and nobody knows then whether the call was executed.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(connector),
        })
    }

    /// Its address, as it may be shown: without a query.
    pub fn shown(&self) -> String {
        shown(&self.url)
    }

    /// The host of its address.
    pub fn host(&self) -> &str {
        self.url.host().unwrap_or_default()
    }

    /// The path of its address.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The values of the headers that are sent with each request.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The address of another path on the same server; of its own without one.
    pub fn address(&self, path: Option<&PathAndQuery>) -> Uri {
        let Some(path) = path.filter(|path| path.path() != self.path()) else {
            // A query that the person has named is a part of the address.
            return self.url.clone();
        };
        let mut parts = self.url.clone().into_parts();
        parts.path_and_query = Some(path.clone());
        Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone())
    }

    /// Sends a request, which gets the headers of the file, and asks for an answer
    /// that is not compressed.
    ///
    /// # Errors
    /// A sentence on why there is no answer.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Incoming>, String> {
        let headers = request.headers_mut();
        headers.remove(header::HOST);
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        for (name, _) in &self.headers {
            headers.remove(name);
        }
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        self.client
            .request(request)
            .await
            .map_err(|error| reason(&error))
    }
}

/// An address without what may be secret in it.
fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}"));
    let (host, path) = (uri.host().unwrap_or_default(), uri.path());
    format!("{scheme}://{host}{}{path}", port.unwrap_or_default())
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn connector(is_tls: bool) -> Result<HttpsConnector<HttpConnector>, String> {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = if is_tls {
        config.with_native_roots().map_err(|error| {
            format!(
                "cannot be trusted: this machine's certificates cannot be read: {}",
                input::plain(&error)
            )
        })?
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config.with_no_client_auth())
        .https_or_http()
        .enable_http1()
        .build())
}

/// The innermost reason of an error, which is the one that says something.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        Some(error) => input::plain(error),
        None => innermost.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_http_without_credentials() {
        let opened = |url: &str| Upstream::open(url, None).map(|upstream| upstream.shown());
        assert_eq!(
            opened("http://127.0.0.1:8080/mcp?key=s3cret").unwrap(),
            "http://127.0.0.1:8080/mcp"
        );
        for url in [
            "ftp://a/b",
            "/mcp",
            "a.example",
            "http://u:s3cret@a.example/",
            "http:// a",
        ] {
            let failure = opened(url).unwrap_err();
            assert!(!failure.input.contains("s3cret"), "{}", failure.input);
        }
        assert!(is_loopback("localhost") && is_loopback("[::1]") && is_loopback("127.9.9.9"));
        assert!(!is_loopback("127.0.0.1.example.org") && !is_loopback("0.0.0.0"));
    }

    #[test]
    fn another_path_is_of_the_same_server_and_its_own_keeps_its_query() {
        let upstream = Upstream::open("http://a.example:81/mcp?k=1", None).unwrap();
        let address = |path: &str| {
            let path: PathAndQuery = path.parse().unwrap();
            upstream.address(Some(&path)).to_string()
        };
        assert_eq!(address("/mcp"), "http://a.example:81/mcp?k=1");
        assert_eq!(address("/x?y=2"), "http://a.example:81/x?y=2");
    }
}
