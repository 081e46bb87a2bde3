//! A server's live answers to `tools/list` as the text of an inventory.
//!
//! Each tool is in it as the server wrote it: every member, in the
//! server's order, numbers and escapes in the server's spelling. Only the white
//! space is ours, and the order of the tools, which is by name: a list that
//! comes in another order tomorrow is the same inventory.

use std::collections::BTreeSet;

use mcppolicy_engine::document::parse::{parse_text, quoted};
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::value::Value;

/// The most pages that are asked for.
const MOST_PAGES: usize = 10_000;
/// The most text that a server may list, in bytes.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The pages of one list.
#[derive(Debug, Default)]
pub struct Pages {
    tools: Vec<Listed>,
    cursors: BTreeSet<String>,
    pages: usize,
    bytes: usize,
    is_public: bool,
    asked: AskedWith,
}

/// How a server was asked: what it lists may depend on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedWith {
    /// The protocol version that was agreed on.
    pub protocol: Option<String>,
    /// A keyed digest of the credential; `None` without one.
    pub credential: Option<String>,
}

/// The member of `_meta` in which a kept list has it.
const ASKED: &str = "mcppolicy/asked";

impl AskedWith {
    /// How the list in a kept file was asked for; `None` when the file does not say.
    pub fn of_kept(bytes: &[u8]) -> Option<AskedWith> {
        let (root, _) = parse_text(std::str::from_utf8(bytes).ok()?).ok()?;
        let asked = root.get("_meta")?.get(ASKED)?;
        let text = |key: &str| asked.get(key).and_then(Node::as_str).map(str::to_owned);
        Some(AskedWith {
            protocol: text("protocolVersion"),
            credential: text("credential"),
        })
    }

    /// In what this differs from how a kept list was asked for, in sentences.
    pub fn differences(&self, kept: &AskedWith) -> Vec<String> {
        let mut differences = Vec::new();
        if self.protocol != kept.protocol {
            let name = |version: &Option<String>| match version {
                Some(version) => quoted(version),
                None => "no protocol version".to_owned(),
            };
            differences.push(format!(
                "The list was kept under {} and is compared under {}: a server may list other tools",
                name(&kept.protocol),
                name(&self.protocol)
            ));
        }
        if self.credential != kept.credential {
            let how = match (&kept.credential, &self.credential) {
                (None, _) => "without a credential and is compared with one",
                (_, None) => "with a credential and is compared without one",
                _ => "with another credential",
            };
            differences.push(format!(
                "The list was kept {how}: a server may list other tools to another caller"
            ));
        }
        differences
    }

    /// The members of `_meta`, in JSON; empty where nothing is known.
    fn json(&self) -> String {
        let known = [
            ("protocolVersion", &self.protocol),
            ("credential", &self.credential),
        ];
        let known = known.into_iter().filter_map(|(key, value)| {
            let value = Value::from(value.as_deref()?);
            Some(format!("\"{key}\":{value}"))
        });
        let members: Vec<String> = known.collect();
        if members.is_empty() {
            return String::new();
        }
        format!(",\"_meta\":{{\"{ASKED}\":{{{}}}}}", members.join(","))
    }
}

/// One tool: its name, if it has one, and its text.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    name: Option<String>,
    text: String,
}

impl Pages {
    /// Adds a page, a whole JSON-RPC response. The cursor of the next one, when
    /// the server says that there is one.
    ///
    /// # Errors
    /// In a sentence: what is no list of tools, and a list that has no end
    /// (a cursor that comes again, too many pages, too much text).
    pub fn add(&mut self, response: &str) -> Result<Option<String>, String> {
        self.pages += 1;
        self.bytes += response.len();
        if self.pages > MOST_PAGES || self.bytes > MOST_BYTES {
            return Err(format!(
                "the list of tools has no end: {} pages with {} bytes so far",
                self.pages, self.bytes
            ));
        }
        let (root, _) = parse_text(response)
            .map_err(|error| format!("the list of tools cannot be read: {}", error.message))?;
        let result = root.get("result").unwrap_or(&root);
        let tools = match result.get("tools").map(|tools| &tools.kind) {
            Some(NodeKind::Array(tools)) => tools,
            _ => return Err("the answer to tools/list has no array of tools".to_owned()),
        };
        self.tools.extend(tools.iter().map(|tool| {
            Listed {
                name: tool.get("name").and_then(Node::as_str).map(str::to_owned),
                text: response
                    .get(tool.span.start..tool.span.end)
                    .unwrap_or_default()
                    .to_owned(),
            }
        }));
        self.is_public |= result.get("cacheScope").and_then(Node::as_str) == Some("public");
        let cursor = result.get("nextCursor").and_then(Node::as_str);
        let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else {
            return Ok(None);
        };
        if !self.cursors.insert(cursor.to_owned()) {
            return Err(format!(
                "the list of tools has no end: the cursor {} comes a second time",
                quoted(cursor)
            ));
        }
        Ok(Some(cursor.to_owned()))
    }

    /// Whether a page says that a cache may give it to anyone.
    pub fn is_public(&self) -> bool {
        self.is_public
    }

    /// How the server was asked, which the inventory says.
    pub fn asked_with(&mut self, asked: AskedWith) {
        self.asked = asked;
    }

    /// How many pages there are.
    pub fn count(&self) -> usize {
        self.pages
    }

    /// The inventory: an object with the array `tools`, sorted by name, what
    /// has no name last. A tool that a later page repeats letter for letter
    /// is there once.
    pub fn write(&self) -> String {
        let mut tools: Vec<&Listed> = self.tools.iter().collect();
        tools.sort_by_key(|tool| (tool.name.is_none(), tool.name.as_deref()));
        tools.dedup();
        let texts: Vec<&str> = tools.iter().map(|tool| tool.text.as_str()).collect();
        let (tools, asked) = (texts.join(","), self.asked.json());
        let mut out = indented(&format!("{{\"tools\":[{tools}]{asked}}}"));
        out.push('\n');
        out
    }
}

/// JSON, spread over lines with two spaces for each level; nothing but white
/// space is changed.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let (mut in_string, mut escaped) = (false, false);
    let mut opened = false;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    for character in json.chars() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        let closes = matches!(character, ']' | '}');
        match character {
            ' ' | '\t' | '\n' | '\r' => continue,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // What is empty stays on one line.
        if opened != closes {
            line(&mut out, depth);
        }
        opened = false;
        out.push(character);
        match character {
            '[' | '{' => {
                depth += 1;
                opened = true;
            }
            ',' => line(&mut out, depth),
            ':' => out.push(' '),
            '"' => in_string = true,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tools: &str, cursor: &str) -> String {
        let cursor = match cursor {
            "" => String::new(),
            cursor => format!(",\"nextCursor\":\"{cursor}\""),
        };
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"tools\":[{tools}]{cursor}}}}}")
    }

    #[test]
    fn tools_are_sorted_and_stand_there_as_the_server_wrote_them() {
        let odd = r#"{"name":"b","z":1.50,"a":9223372036854775807,"s":"\u00e9\"},{\\","e":[],"o":{ },"n":[1, [2]],"m":null}"#;
        let mut pages = Pages::default();
        assert_eq!(pages.add(&page(odd, "x")), Ok(Some("x".to_owned())));
        let second = format!(r#"{{"title":"no name"}},{{"name":"a"}},{odd}"#);
        assert_eq!(pages.add(&page(&second, "")), Ok(None));
        assert_eq!(pages.count(), 2);
        let due = r#"{
  "tools": [
    {
      "name": "a"
    },
    {
      "name": "b",
      "z": 1.50,
      "a": 9223372036854775807,
      "s": "\u00e9\"},{\\",
      "e": [],
      "o": {},
      "n": [
        1,
        [
          2
        ]
      ],
      "m": null
    },
    {
      "title": "no name"
    }
  ]
}
"#;
        assert_eq!(pages.write(), due);
        assert_eq!(indented(due.trim_end()), due.trim_end());
    }

    #[test]
    fn a_kept_list_says_how_it_was_asked_for() {
        let mut pages = Pages::default();
        pages.add(&page("{\"name\":\"a\"}", "")).unwrap();
        assert!(!pages.is_public());
        assert_eq!(AskedWith::of_kept(pages.write().as_bytes()), None);
        let asked = AskedWith {
            protocol: Some("2026-07-28".to_owned()),
            credential: Some("00:11".to_owned()),
        };
        pages.asked_with(asked.clone());
        let text = pages.write();
        let kept = AskedWith::of_kept(text.as_bytes()).unwrap();
        assert_eq!(kept, asked, "{text}");
        assert_eq!(asked.differences(&kept), [""; 0]);
        let other = AskedWith {
            protocol: Some("2025-11-25".to_owned()),
            credential: None,
        };
        let differences = other.differences(&kept);
        assert!(
            differences[0].contains("under \"2026-07-28\" and is compared under \"2025-11-25\"")
        );
        assert!(differences[1].contains("compared without one"));
        pages
            .add("{\"tools\":[],\"cacheScope\":\"public\"}")
            .unwrap();
        assert!(pages.is_public());
    }

    #[test]
    fn an_empty_list_is_a_list_and_an_error_is_none() {
        let mut pages = Pages::default();
        assert_eq!(pages.add(&page("", "")), Ok(None));
        assert_eq!(pages.write(), "{\n  \"tools\": []\n}\n");
        for answer in [
            "{\"result\":{}}",
            "{\"result\":{\"tools\":{}}}",
            "{\"error\":{}}",
        ] {
            let refused = Pages::default().add(answer).unwrap_err();
            assert_eq!(refused, "the answer to tools/list has no array of tools");
        }
    }

    #[test]
    fn a_list_without_an_end_is_refused() {
        let mut pages = Pages::default();
        assert!(pages.add(&page("{}", "x")).is_ok());
        assert!(pages.add(&page("{}", "y")).is_ok());
        assert_eq!(
            pages.add(&page("{}", "x")),
            Err("the list of tools has no end: the cursor \"x\" comes a second time".to_owned())
        );
        let mut pages = Pages::default();
        let refused = (0..).find_map(|n| pages.add(&page("{}", &n.to_string())).err());
        assert!(
            refused
                .unwrap()
                .starts_with("the list of tools has no end: 10001 pages")
        );
    }
}
