//! Which credential a list was asked for with, as a digest that says nothing of
//! it: keyed with random bytes that stand beside it, so that it differs from file
//! to file, and too short to tell a guess from the credential.

use hmac::{Hmac, Mac};
use hyper::header::{HeaderName, HeaderValue};
use sha2::Sha256;

use mcppolicy_analysis::inventory::write::AskedWith;

/// Bytes of a key.
const KEY: usize = 16;
/// Bytes of a digest: two credentials of one file are told apart, and one in four
/// thousand million guesses at one looks right.
const DIGEST: usize = 4;

/// The digest of these headers, with the key of the list that is `kept`; `None`
/// without any header.
pub(super) fn of(
    headers: &[(HeaderName, HeaderValue)],
    kept: Option<&AskedWith>,
) -> Option<String> {
    if headers.is_empty() {
        return None;
    }
    let kept = kept.and_then(|kept| kept.credential.as_deref());
    let key = kept.and_then(|kept| bytes(kept.split_once(':')?.0));
    let key = match key {
        Some(key) => key,
        None => {
            let mut key = vec![0; KEY];
            getrandom::fill(&mut key).ok()?;
            key
        }
    };
    let mut sorted: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(b"\0");
        mac.update(value);
        mac.update(b"\0");
    }
    let digest = mac.finalize().into_bytes();
    let digest = digest.get(..DIGEST)?;
    Some(format!("{}:{}", digits(&key), digits(digest)))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Vec<u8> = pairs.collect::<Option<_>>()?;
    (bytes.len() == KEY).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(token: &'static str) -> Vec<(HeaderName, HeaderValue)> {
        vec![(
            HeaderName::from_static("authorization"),
            HeaderValue::from_static(token),
        )]
    }

    #[test]
    fn a_digest_is_the_same_for_one_credential_of_one_file_only() {
        let first = of(&headers("Bearer a"), None).unwrap();
        let kept = AskedWith {
            protocol: None,
            credential: Some(first.clone()),
        };
        assert_eq!(of(&headers("Bearer a"), Some(&kept)), Some(first.clone()));
        assert_ne!(of(&headers("Bearer b"), Some(&kept)), Some(first.clone()));
        assert_ne!(of(&headers("Bearer a"), None), Some(first));
        assert_eq!(of(&[], Some(&kept)), None);
    }
}
