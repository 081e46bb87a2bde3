//! Headers: a file of them that its owner alone can read, those that concern one
//! connection only, and those that hold a credential.

use std::path::Path;

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};

use crate::cli::support::files::{InputFile, Role};
use crate::cli::support::input;
use mcppolicy_analysis::report::Failure;

/// Reads a file of headers, one a line: `Name: value`. It must be readable by
/// its owner alone, because credentials are in it.
///
/// # Errors
/// A file that cannot be read, that others can read, or a line that is no
/// header. Nothing of its content is in the message.
pub(crate) fn read(path: &Path) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    let failure = |message: String| Failure {
        input: input::display_name(path),
        message,
    };
    let text = String::from_utf8(private(path)?).map_err(|_| failure("is not UTF-8".to_owned()))?;
    let mut headers = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let header = header_in(line)
            .ok_or_else(|| failure(format!("line {} is not `Name: value`", at + 1)))?;
        if is_of_the_connection(&header.0) || header.0 == header::HOST {
            return Err(failure(format!(
                "line {}: {} cannot be set",
                at + 1,
                header.0
            )));
        }
        headers.push(header);
    }
    Ok(headers)
}

/// Reads a file that its owner alone can read.
///
/// # Errors
/// A file that cannot be read, or that others can read.
pub(crate) fn private(path: &Path) -> Result<Vec<u8>, Failure> {
    let file = InputFile::of_person(path);
    let bytes = file.read(Role::Configuration);
    let bytes = bytes.map_err(|refusal| refusal.failure(&file.name()))?;
    if is_readable_by_others(path) {
        return Err(Failure {
            input: input::display_name(path),
            message: "can be read by others than its owner, and holds credentials; chmod 600 it"
                .to_owned(),
        });
    }
    Ok(bytes)
}

fn header_in(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim().parse().ok()?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// Whether a regular file can be read by more than its owner. What is passed as
/// a pipe has no other reader.
fn is_readable_by_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let data = std::fs::metadata(path).ok();
        data.is_some_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Whether a header concerns one connection, and so is not passed on.
fn is_of_the_connection(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::EXPECT,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
        || ["keep-alive", "proxy-connection"].contains(&name.as_str())
}

/// The headers that go from one connection to the next: without those that
/// concern the one they came over. The length of a body is kept.
pub(crate) fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(header::CONNECTION);
    let named: Vec<String> = named
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        let is_named = named.iter().any(|named| named == name.as_str());
        let is_length = *name == header::CONTENT_LENGTH;
        if is_length || !(is_named || is_of_the_connection(name)) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

/// Whether a body is compressed.
pub(crate) fn is_compressed(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    let mut encodings = encodings.iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The type of a body, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}

/// The shortest value that is taken for a credential: a shorter one would be
/// found in ordinary words.
const SHORTEST: usize = 8;

/// The credentials in headers: the values of those that hold one by their name,
/// without the scheme before them.
pub(crate) fn credentials(headers: &HeaderMap) -> Vec<String> {
    let parts = ["auth", "cookie", "key", "secret", "session", "token"];
    let of_name = |name: &HeaderName| parts.iter().any(|part| name.as_str().contains(part));
    let held = headers.iter().filter(|(name, _)| of_name(name));
    let mut found = Vec::new();
    for (_, value) in held {
        let Ok(value) = value.to_str() else { continue };
        let words = value.split([' ', ';', ',', '=', '"']);
        found.extend(
            words
                .filter(|word| word.len() >= SHORTEST)
                .map(str::to_owned),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn what_concerns_one_connection_is_not_passed_on() {
        let all = headers(&[
            ("connection", "x-own, Keep-Alive"),
            ("x-own", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "7"),
            ("mcp-session-id", "s"),
        ]);
        let passed = passed_on(&all);
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "mcp-session-id"]);
    }

    #[test]
    fn credentials_are_known_by_the_names_of_their_headers() {
        let all = headers(&[
            ("authorization", "Bearer abcdefgh.1"),
            ("cookie", "a=12345678; b=1"),
            ("x-api-key", "kkkkkkkkk"),
            ("accept", "application/json"),
        ]);
        let mut found = credentials(&all);
        found.sort_unstable();
        assert_eq!(found, ["12345678", "abcdefgh.1", "kkkkkkkkk"]);
    }

    #[test]
    fn a_line_is_a_name_and_a_value() {
        let (name, value) = header_in("Authorization:  Bearer x:y ").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("authorization", "Bearer x:y")
        );
        assert!(value.is_sensitive());
        for wrong in ["Authorization", ": x", "A B: c", "A: \u{1}"] {
            assert!(header_in(wrong).is_none(), "{wrong}");
        }
    }
}
