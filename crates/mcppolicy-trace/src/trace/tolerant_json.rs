//! JSON in logs: what is odd about it matters only where a call is, and
//! arguments may have been redacted.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::call::RecordedArguments;
use super::known::KnownArguments;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use mcppolicy_engine::document::borrowed::{Node, Tree};
use mcppolicy_engine::document::parse::{
    Defect, SyntaxError, Trouble, parse_borrowed, parse_first,
};

/// A JSON text, read tolerantly: what is odd about it is kept and matters only
/// where a call is.
pub(crate) struct Json<'t> {
    tree: Tree<'t>,
    problems: Vec<Defect>,
}

impl<'t> Json<'t> {
    /// Reads `text`.
    ///
    /// # Errors
    /// The reason for which the line is skipped.
    pub fn parse(text: &'t str) -> Result<Json<'t>, &'static str> {
        match parse_borrowed(text) {
            Ok((tree, problems)) => Ok(Json { tree, problems }),
            Err(error) => Err(why(text, &error)),
        }
    }

    /// Reads the first value of `text`, and says what comes behind it.
    ///
    /// # Errors
    /// The reason for which the line is skipped.
    pub fn parse_first(text: &'t str) -> Result<(Json<'t>, &'t str), &'static str> {
        match parse_first(text) {
            Ok((tree, problems, end)) => {
                Ok((Json { tree, problems }, text.get(end..).unwrap_or_default()))
            }
            Err(error) => Err(why(text, &error)),
        }
    }

    /// The same, without a reason where there is none.
    pub fn ahead(text: &'t str) -> Option<(Json<'t>, &'t str)> {
        let (tree, problems, end) = parse_first(text).ok()?;
        Some((Json { tree, problems }, text.get(end..)?))
    }

    /// The same with a copy of the text, which it outlives.
    pub fn detached(&self) -> Json<'static> {
        Json {
            tree: self.tree.detached(),
            problems: self.problems.clone(),
        }
    }

    /// The one value of the text.
    pub fn root(&self) -> Node<'_> {
        self.tree.root()
    }

    /// What is odd about the value at `pointer`: whether a member in it is
    /// repeated.
    ///
    /// # Errors
    /// What keeps any gateway from parsing it.
    pub fn flaws(&self, pointer: Pointer<'_>) -> Result<bool, &'static str> {
        if self.problems.is_empty() {
            return Ok(false);
        }
        let pointer = pointer.to_string();
        let mut repeats = false;
        for problem in &self.problems {
            let inside = problem.pointer.strip_prefix(pointer.as_str());
            if !inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                continue;
            }
            match problem.trouble {
                Trouble::NumberOverflow => return Err(reason::OVERFLOW),
                Trouble::LoneSurrogate => return Err(reason::SURROGATE),
                Trouble::DuplicateKey { .. } => repeats = true,
                Trouble::InexactNumber => {}
            }
        }
        Ok(repeats)
    }
}

fn why(text: &str, error: &SyntaxError) -> &'static str {
    let text = text.trim_start();
    if error.message.contains("nested deeper") {
        reason::TOO_DEEP
    } else if text.starts_with(['{', '[']) && Outline::end_of(text).is_none() {
        reason::CUT_OFF
    } else {
        reason::NOT_JSON
    }
}

/// Arguments that a message or a log holds as a value: a hash or a redaction in
/// their place leaves them unknown.
pub(super) fn arguments(node: Option<Node<'_>>) -> RecordedArguments {
    match node {
        Some(node) if node.as_str().is_some_and(is_redaction) => RecordedArguments::Unknown,
        Some(node) if node.is_object() => {
            RecordedArguments::Known(KnownArguments::of_tree(node.to_tree()))
        }
        _ => node.map(Node::to_value).into(),
    }
}

/// Arguments that a log holds as JSON in a string, and whether one of them is
/// repeated. What is no JSON object leaves them unknown.
///
/// # Errors
/// What keeps any gateway from parsing them.
fn arguments_in_text(text: &str) -> Result<(RecordedArguments, bool), &'static str> {
    let Ok(json) = Json::parse(text) else {
        return Ok((RecordedArguments::Unknown, false));
    };
    let repeats = json.flaws(Pointer::Root)?;
    let root = json.root();
    let arguments = if root.is_object() {
        RecordedArguments::Known(KnownArguments::of_tree(json.tree.detached()))
    } else if root.is_null() {
        RecordedArguments::from(None)
    } else {
        RecordedArguments::Unknown
    };
    Ok((arguments, repeats))
}

/// Arguments that a client wrote, and whether one of them is repeated: an
/// object, or JSON in a string; blank, null and absent ones are none. What is
/// odd about an object that is no string is in the text around it.
///
/// # Errors
/// What keeps any gateway from parsing them.
pub(super) fn written_arguments(
    node: Option<Node<'_>>,
) -> Result<(RecordedArguments, bool), &'static str> {
    match node.and_then(Node::as_str) {
        Some(text) => written_text(text),
        None => Ok((arguments(node), false)),
    }
}

/// The same for a string.
///
/// # Errors
/// What keeps any gateway from parsing them.
pub(super) fn written_text(text: &str) -> Result<(RecordedArguments, bool), &'static str> {
    if text.trim().is_empty() {
        return Ok((RecordedArguments::from(None), false));
    }
    arguments_in_text(text)
}

/// Whether a text replaces a value: a hash, a mask, or the mark of a cut.
pub(super) fn is_redaction(text: &str) -> bool {
    let text = text.trim();
    is_hash(text) || is_mask(text) || cut_mark(text).is_some()
}

/// Whether a text is a hash, which is long.
fn is_hash(text: &str) -> bool {
    const SHORTEST: usize = 32;
    if text.len() < SHORTEST {
        return false;
    }
    let hash = ["sha256:", "sha-256:", "sha512:", "sha1:", "md5:", "hmac:"]
        .iter()
        .find_map(|prefix| {
            let (head, rest) = text.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then_some(rest)
        })
        .unwrap_or(text);
    hash.len() >= SHORTEST && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text says that a value was taken out: the word `redacted` or one
/// like it, or asterisks.
pub(super) fn is_mask(text: &str) -> bool {
    let text = text.trim();
    let word = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let words = [
        "redacted",
        "filtered",
        "masked",
        "hidden",
        "omitted",
        "truncated",
    ];
    let asterisks = text.len() >= 3 && text.bytes().all(|byte| byte == b'*');
    let is_one_of_them = words.iter().any(|of| word.eq_ignore_ascii_case(of));
    asterisks || is_one_of_them || (!text.starts_with('{') && says_redacted(text))
}

/// Whether the word `redacted` is in a text, in any case.
fn says_redacted(text: &str) -> bool {
    const WORD: &[u8] = b"redacted";
    let bytes = text.as_bytes();
    let mut starts = memchr::memchr2_iter(b'r', b'R', bytes);
    starts.any(|at| {
        let word = bytes.get(at..at + WORD.len());
        word.is_some_and(|word| word.eq_ignore_ascii_case(WORD))
    })
}

/// The span of a mark such as `...[14696 chars truncated]...` in a text.
pub(super) fn cut_mark(text: &str) -> Option<(usize, usize)> {
    const END: &str = " chars truncated]...";
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(END));
    let end = FINDER.find(text.as_bytes())?;
    let head = text.get(..end)?;
    let start = head.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let start = head.get(..start)?.strip_suffix("...[")?.len();
    Some((start, end + END.len()))
}

/// A member that is a string with something in it.
pub(super) fn name_in<'n>(node: Node<'n>, keys: &[&str]) -> Option<&'n str> {
    let texts = keys.iter().filter_map(|key| node.get(key));
    texts.filter_map(Node::as_str).find(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_or_a_redaction_is_no_value() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for text in [
            "[REDACTED]",
            "redacted",
            "***",
            hash,
            "<arguments redacted by policy>",
        ] {
            assert!(is_redaction(text), "{text}");
        }
        assert!(is_redaction(&format!("sha256:{hash}")));
        assert!(is_redaction("abc...[14696 chars truncated]...def"));
        for text in [
            "",
            "{}",
            "null",
            "abc",
            "[1]",
            "{\"a\":\"[REDACTED]\"}",
            "cafe",
        ] {
            assert!(!is_redaction(text), "{text}");
        }
    }

    #[test]
    fn what_no_gateway_could_parse_matters_only_where_the_call_is() {
        let json = Json::parse(r#"{"a":{"n":1e400},"ab":{"x":1,"x":2},"c":"\ud800"}"#);
        let json = json.unwrap_or_else(|reason| panic!("{reason}"));
        let flaws = |key| json.flaws(Pointer::Root.member(key));
        assert_eq!(flaws("a"), Err(reason::OVERFLOW));
        assert_eq!(flaws("ab"), Ok(true));
        assert_eq!(flaws("c"), Err(reason::SURROGATE));
        assert_eq!(flaws("d"), Ok(false));
    }

    #[test]
    fn what_comes_behind_the_first_value_is_left() {
        let rest =
            |text| Json::parse_first(text).map(|(json, rest)| (json.root().raw().len(), rest));
        assert_eq!(rest("{\"a\":[1]} { x"), Ok((9, " { x")));
        assert_eq!(rest(" 12\n"), Ok((2, "\n")));
        assert_eq!(rest("\"a\"\"b\""), Ok((3, "\"b\"")));
        assert_eq!(rest("{\"a\""), Err(reason::CUT_OFF));
        assert_eq!(rest("{\"a\"}}"), Err(reason::NOT_JSON));
    }

    #[test]
    fn the_reasons_for_which_a_text_is_not_read_are_distinguished() {
        let why = |text: &str| Json::parse(text).err();
        assert_eq!(why("hello"), Some(reason::NOT_JSON));
        assert_eq!(why("{\"a\":}"), Some(reason::NOT_JSON));
        assert_eq!(why("{\"a\":\"b"), Some(reason::CUT_OFF));
        assert_eq!(why(&"[".repeat(1000)), Some(reason::TOO_DEEP));
    }
}
