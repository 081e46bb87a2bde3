//! Reading approvals, as strictly as policies: what approves more than its
//! author meant is worse than none, so every member that is unknown, missing or
//! beside the point is a finding with its location.

use crate::compare::Scope;
use crate::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::document::{self, Document, Member, Node, NodeKind, push_pointer};
use mcppolicy_engine::nearest::nearest;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

use super::model::{Approval, Approved, ApprovedFinding, Indexed, part};

/// Reads the file's bytes into `map`: the approvals, and everything that is
/// wrong with them. With findings, none of the approvals counts.
pub fn parse(map: &mut SourceMap, name: &str, bytes: &[u8]) -> (Vec<Approval>, Vec<Finding>) {
    let (file, document, problems) = document::parse::parse(map, name, bytes);
    let findings: Vec<Finding> = problems.into_iter().map(Finding::from).collect();
    let Some(document) = document else {
        return (Vec::new(), findings);
    };
    let mut reader = Reader {
        file,
        text: map.get(file).text(),
        findings,
    };
    let approvals = reader.root(&document.root);
    let mut findings = reader.findings;
    findings.sort_by_key(|finding| (finding.location.span, finding.pointer.clone()));
    (approvals, findings)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn finding(&self, span: Span, pointer: &str, message: String) -> Finding {
        let location = Location {
            file: self.file,
            span,
        };
        Finding::new(
            RuleId::Approvals,
            Severity::Error,
            location,
            pointer,
            message,
        )
    }

    fn complain(&mut self, span: Span, pointer: &str, message: String) {
        let finding = self.finding(span, pointer, message);
        self.findings.push(finding);
    }

    fn root(&mut self, root: &Node) -> Vec<Approval> {
        if !self.object(root, "", "The file of approvals", &["version", "approvals"]) {
            return Vec::new();
        }
        match self.required(root, "", "version").map(Node::as_str) {
            None | Some(Some("1")) => {}
            Some(_) => self.wrong(root, "version", "", "must be \"1\""),
        }
        let Some(list) = self.required(root, "", "approvals") else {
            return Vec::new();
        };
        if !matches!(list.kind, NodeKind::Array(_)) {
            self.wrong(root, "approvals", "", "must be an array");
        }
        let entries = list.items().iter().enumerate();
        entries
            .filter_map(|(at, entry)| self.approval(entry, &format!("/approvals/{at}")))
            .collect()
    }

    fn approval(&mut self, node: &Node, pointer: &str) -> Option<Approval> {
        let known = [
            "policy", "scope", "approved", "removed", "rule", "pointer", "sha256", "reason", "by",
            "date",
        ];
        if !self.object(node, pointer, "An approval", &known) {
            return None;
        }
        let policy = self.text(node, pointer, "policy");
        let reason = self.text(node, pointer, "reason");
        let date = self.date(node, pointer);
        let by = match node.get("by") {
            Some(_) => Some(self.text(node, pointer, "by")?),
            None => None,
        };
        let approved = self.approved(node, pointer);
        Some(Approval {
            policy: policy?,
            approved: approved?,
            reason: reason?,
            by,
            date: date?,
            location: Some(node.location(self.file)),
        })
    }

    fn approved(&mut self, node: &Node, pointer: &str) -> Option<Approved> {
        if let Some(removed) = node.get("removed") {
            if !matches!(removed.kind, NodeKind::Bool(true)) {
                self.wrong(node, "removed", pointer, "must be true, or not be there");
            }
            let what = "says nothing beside `removed`: no part of the policy is left";
            self.none_of(
                node,
                pointer,
                &["scope", "approved", "rule", "pointer", "sha256"],
                what,
            );
            return Some(Approved::Removal);
        }
        if node.get("rule").is_some() {
            let what = "stands in an approval of a scope, and this is one of a finding";
            self.none_of(node, pointer, &["scope", "approved"], what);
            return self.finding_of(node, pointer).map(Approved::Finding);
        }
        let what = "stands beside `rule`, in an approval of a finding";
        self.none_of(node, pointer, &["pointer", "sha256"], what);
        let scope = self
            .required(node, pointer, "scope")
            .and_then(|scope| self.scope(scope, &push_pointer(pointer, "scope")));
        let rules = self
            .required(node, pointer, "approved")
            .and_then(|rules| self.fragment(rules, &push_pointer(pointer, "approved")));
        let (scope, rules) = (scope?, rules?);
        if says_more(&rules, &scope) {
            let what = "says more than its scope; approve each scope by itself";
            self.wrong(node, "approved", pointer, what);
        }
        let rules = Box::new(part(&Indexed::new(&rules), &scope));
        Some(Approved::State { scope, rules })
    }

    /// Reports the members that have no meaning here.
    fn none_of(&mut self, node: &Node, pointer: &str, members: &[&str], what: &str) {
        for member in members.iter().filter(|member| node.get(member).is_some()) {
            self.wrong(node, member, pointer, what);
        }
    }

    fn finding_of(&mut self, node: &Node, pointer: &str) -> Option<ApprovedFinding> {
        let rule = self.text(node, pointer, "rule")?;
        let Some(rule) = RuleId::parse_lint_rule(&rule) else {
            self.wrong(
                node,
                "rule",
                pointer,
                "names no rule whose level can be set",
            );
            return None;
        };
        // The whole document has the empty pointer.
        let Some(at) = self.required(node, pointer, "pointer")?.as_str() else {
            self.wrong(node, "pointer", pointer, "must be a JSON Pointer");
            return None;
        };
        let at = at.to_owned();
        let sha256 = self.text(node, pointer, "sha256")?;
        if !is_sha256(&sha256) {
            let what = "must be 64 lower-case hexadecimal digits";
            self.wrong(node, "sha256", pointer, what);
            return None;
        }
        Some(ApprovedFinding {
            rule,
            pointer: at,
            sha256,
        })
    }

    fn scope(&mut self, node: &Node, pointer: &str) -> Option<Scope> {
        if !self.object(node, pointer, "A scope", &["kind", "tool"]) {
            return None;
        }
        let kind = self.text(node, pointer, "kind")?;
        let scope = match kind.as_str() {
            "tool" => return Some(Scope::Tool(self.text(node, pointer, "tool")?)),
            "unlisted" => Scope::Unlisted,
            "all_tools" => Scope::AllTools,
            _ => {
                let what = "must be \"tool\", \"unlisted\" or \"all_tools\"";
                self.wrong(node, "kind", pointer, what);
                return None;
            }
        };
        if node.get("tool").is_some() {
            self.wrong(
                node,
                "tool",
                pointer,
                "stands only beside the kind \"tool\"",
            );
        }
        Some(scope)
    }

    /// A policy inside the file, held to the whole of the policy language.
    fn fragment(&mut self, node: &Node, pointer: &str) -> Option<Policy> {
        let document = Document {
            file: self.file,
            root: node.clone(),
        };
        let problems = match Policy::from_document(&document, self.text) {
            Ok(policy) => return Some(policy),
            Err(problems) => problems,
        };
        let placed = problems.into_iter().map(|problem| Finding {
            pointer: format!("{pointer}{}", problem.pointer),
            ..Finding::from(problem)
        });
        self.findings.extend(placed);
        None
    }

    fn date(&mut self, node: &Node, pointer: &str) -> Option<String> {
        let date = self.text(node, pointer, "date")?;
        if is_date(&date) {
            return Some(date);
        }
        let what = "must be a day such as \"2026-11-20\"";
        self.wrong(node, "date", pointer, what);
        None
    }

    /// Whether `node` is an object; what it should not have is reported.
    fn object(&mut self, node: &Node, pointer: &str, what: &str, known: &[&str]) -> bool {
        if !matches!(node.kind, NodeKind::Object(_)) {
            let message = format!("{what} must be an object, found {}", node.type_name());
            self.complain(node.span, pointer, message);
            return false;
        }
        let unknown = |member: &&Member| !known.contains(&member.key.as_str());
        for member in node.members().iter().filter(unknown) {
            let help = match nearest(&member.key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it knows {}", known.join(", ")),
            };
            let pointer = push_pointer(pointer, &member.key);
            let message = format!("{what} has no member {:?}", member.key);
            let finding = self.finding(member.key_span, &pointer, message);
            self.findings.push(finding.help(help));
        }
        true
    }

    fn required<'n>(&mut self, node: &'n Node, pointer: &str, key: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() {
            let message = format!("This lacks `{key}`");
            self.complain(node.span, pointer, message);
        }
        found
    }

    /// A text that is there and not blank.
    fn text(&mut self, node: &Node, pointer: &str, key: &str) -> Option<String> {
        let text = self.required(node, pointer, key)?.as_str();
        match text {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            _ => {
                self.wrong(node, key, pointer, "must be a string that is not blank");
                None
            }
        }
    }

    fn wrong(&mut self, node: &Node, key: &str, pointer: &str, what: &str) {
        let span = node.get(key).map_or(node.span, |value| value.span);
        let pointer = push_pointer(pointer, key);
        self.complain(span, &pointer, format!("`{key}` {what}"));
    }
}

/// Whether a fragment speaks of something that its scope does not cover.
fn says_more(rules: &Policy, scope: &Scope) -> bool {
    let part = part(&Indexed::new(rules), scope);
    part.hide.len() != rules.hide.len()
        || part.tools.len() != rules.tools.len()
        || part.all_tools.len() != rules.all_tools.len()
}

fn is_sha256(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(is_digit)
}

/// Whether `text` is a day of the calendar, as `2026-11-20`.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && mcppolicy_engine::time::Time::parse(&format!("{text}T00:00:00Z")).is_ok()
}
