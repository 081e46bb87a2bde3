//! The words read back into the policy that they tell of.

use serde_json::{Map, Value as Json, json};

/// The policy that sentences about its tools tell of, and the words about all tools
/// together.
pub(super) fn policy(sentences: &[String], shared: Option<&str>) -> Json {
    let (mut tools, mut hide) = (Map::new(), Vec::new());
    let mut default = "deny";
    for sentence in sentences {
        let mut text = Text(sentence);
        if text.take("every other tool ") {
            match text.0 {
                "never passes: the default is deny" => {}
                "never passes: `hide` has every tool" => hide.push(json!("*")),
                _ => {
                    default = "allow";
                    let rules = text.tool();
                    assert_eq!(rules["require"], json!([]));
                }
            }
            continue;
        }
        let name = text.name();
        text.must(" ");
        match text.0 {
            "never passes: `hide` names it" => hide.push(json!(name)),
            "never passes: `hide` has every tool" => {}
            "never passes: a `deny_if` without conditions refuses every call" => {
                tools.insert(name, json!({"deny_if": [{"conditions": []}]}));
            }
            _ => {
                tools.insert(name, text.tool());
            }
        }
    }
    let shared = shared.map(|shared| Text(shared).limits());
    json!({"version": "1", "default": default, "hide": hide, "tools": tools,
           "all_tools": {"limits": shared.unwrap_or_else(|| json!([]))}})
}

/// What of a text has not been read yet.
struct Text<'t>(&'t str);

impl<'t> Text<'t> {
    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.0.strip_prefix(prefix);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn must(&mut self, prefix: &str) {
        assert!(self.take(prefix), "no {prefix:?} in {:?}", self.0);
    }

    fn until(&mut self, end: &str) -> &'t str {
        let (text, rest) = self.0.split_once(end).unwrap();
        self.0 = rest;
        text
    }

    fn value(&mut self) -> Json {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        let word = self.0.len() - self.0.trim_start_matches(is_word).len();
        if word > 0 {
            let (word, rest) = self.0.split_at(word);
            self.0 = rest;
            return serde_json::from_str(word).unwrap();
        }
        let mut values = serde_json::Deserializer::from_str(self.0).into_iter::<Json>();
        let value = values.next().unwrap().unwrap();
        self.0 = &self.0[values.byte_offset()..];
        value
    }

    fn name(&mut self) -> String {
        if self.take("`") {
            return self.until("`").to_owned();
        }
        self.value().as_str().unwrap().to_owned()
    }

    fn tool(&mut self) -> Json {
        let (mut require, mut deny_if) = (Vec::new(), Vec::new());
        if self.take("passes when ") {
            require.push(self.rule());
            while self.take(", and ") {
                require.push(self.rule());
            }
        } else {
            self.must("passes with any arguments");
        }
        if self.take(", unless ") {
            deny_if.push(self.rule());
            while self.take(", or unless ") {
                deny_if.push(self.rule());
            }
        }
        let mut limits = json!([]);
        while self.take("; ") {
            if self.take("with all tools together ") {
                self.limits();
            } else if !self.take("any number of calls") {
                limits = self.limits();
            }
        }
        assert_eq!(self.0, "");
        json!({"require": require, "deny_if": deny_if, "limits": limits})
    }

    fn rule(&mut self) -> Json {
        let mut conditions = self.conditions();
        while self.take(" and ") {
            conditions.append(&mut self.conditions());
        }
        json!({"conditions": conditions})
    }

    /// One condition, or the two of a range.
    fn conditions(&mut self) -> Vec<Json> {
        let path = format!("args.{}", self.name());
        self.must(" is ");
        let tests = self.tests();
        let condition = |(op, value)| json!({"path": path, "op": op, "value": value});
        tests.into_iter().map(condition).collect()
    }

    fn tests(&mut self) -> Vec<(&'static str, Json)> {
        if self.take("missing or null") {
            return vec![("exists", json!(false))];
        }
        if self.take("one of no values") {
            return vec![("in", json!([]))];
        }
        if self.take("present") {
            return vec![("not_in", self.excluded())];
        }
        if self.take("a number ") {
            return self.bounds();
        }
        if self.take("text in which ") {
            let pattern = self.name();
            self.must(" matches");
            return vec![("regex", json!(pattern))];
        }
        if self.take("text that contains ") {
            let text = self.value();
            self.must(" or a list with an element ");
            assert_eq!(self.value(), text);
            self.note();
            return vec![("contains", text)];
        }
        if self.take("a list with an element ") {
            let element = self.value();
            self.note();
            return vec![("contains", element)];
        }
        vec![("in", self.list())]
    }

    fn excluded(&mut self) -> Json {
        if self.take(" and none of ") {
            return self.list();
        }
        if self.take(" and not ") {
            let value = self.value();
            self.note();
            return json!([value]);
        }
        json!([])
    }

    fn list(&mut self) -> Json {
        let mut values = vec![self.value()];
        // Behind a comma, `or unless` and `and` go on with the sentence.
        let is_value = |rest: &str| rest.starts_with(|c| !matches!(c, 'a' | 'o' | 'u'));
        while self.0.strip_prefix(", ").is_some_and(is_value) {
            self.must(", ");
            values.push(self.value());
        }
        if self.take(" or ") {
            values.push(self.value());
        }
        self.note();
        Json::from(values)
    }

    fn note(&mut self) {
        if self.0.starts_with(" (also as ") || self.0.starts_with(" (nor as ") {
            self.until(")");
        }
    }

    fn bounds(&mut self) -> Vec<(&'static str, Json)> {
        if self.take("from ") {
            let low = self.value();
            self.must(" to ");
            return vec![("gte", low), ("lte", self.value())];
        }
        let mut bounds = Vec::new();
        if self.take("of at least ") {
            bounds.push(("gte", self.value()));
        } else if self.take("above ") {
            bounds.push(("gt", self.value()));
        }
        if bounds.is_empty() || self.0.starts_with(" and below") || self.0.starts_with(" and up") {
            self.take(" and ");
            if self.take("below ") {
                bounds.push(("lt", self.value()));
            } else if self.take("up to ") {
                bounds.push(("lte", self.value()));
            }
        }
        bounds
    }

    fn limits(&mut self) -> Json {
        let mut limits = Vec::new();
        loop {
            let mut limit = json!({"counter": format!("c{}", limits.len()), "scope": "grant"});
            if self.take("at most ") {
                limit["max"] = self.number();
                self.must(if limit["max"] == json!(1) {
                    " call "
                } else {
                    " calls "
                });
            } else {
                self.must("a sum of ");
                limit["increment_from"] = json!(format!("args.{}", self.name()));
                self.must(" (a number of at least 0, rounded up) up to ");
                limit["max"] = self.number();
                self.must(" ");
            }
            let windows = [
                ("a minute", "minute"),
                ("an hour", "hour"),
                ("a day", "day"),
            ];
            let mut window = windows.into_iter().filter(|(words, _)| self.take(words));
            limit["window"] = json!(window.next().unwrap().1);
            limits.push(limit);
            if self.take(" for each grant") {
                return Json::from(limits);
            }
            if !self.take(", ") {
                self.must(" and ");
            }
        }
    }

    /// A number with its thousands apart.
    fn number(&mut self) -> Json {
        let is_digit = |c: char| c.is_ascii_digit();
        let mut digits = String::new();
        loop {
            let rest = self.0.trim_start_matches(is_digit);
            digits.push_str(&self.0[..self.0.len() - rest.len()]);
            self.0 = rest;
            match rest.strip_prefix(' ') {
                Some(more) if more.starts_with(is_digit) => self.0 = more,
                _ => return json!(digits.parse::<u64>().unwrap()),
            }
        }
    }
}
