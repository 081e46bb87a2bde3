//! Path syntax of other languages: array indices, wildcards, subscripts.

use crate::lint::argument::described;
use crate::lint::context::Tool;
use mcppolicy_engine::policy::Path;

/// What is wrong with a path of `tool`, if anything: a segment that the server's
/// schema has is a name, however it looks.
pub(super) fn defect_for(tool: &Tool<'_>, path: &Path) -> Option<String> {
    let known = match tool.listed {
        Some(_) if tool.declared(path).is_some() => return None,
        Some(listed) => described(&listed.arguments(), path).0.len(),
        None => 0,
    };
    defect(path.segments().get(known..).unwrap_or_default())
}

fn defect(segments: &[String]) -> Option<String> {
    segments.iter().find_map(|segment| {
        if segment == "$" {
            return Some("`$` is read as a member's name".to_owned());
        }
        if segment.contains('*') {
            return Some(format!(
                "there are no wildcards, and `{segment}` is read as a member's name"
            ));
        }
        if is_index(segment) {
            return Some(format!(
                "`{segment}` is read as a member's name and not as an index"
            ));
        }
        let brackets = segment.find('[').and_then(|at| segment.get(at..));
        brackets
            .filter(|brackets| is_subscript(brackets))
            .map(|_| format!("there are no brackets, and `{segment}` is read as a member's name"))
    })
}

/// `0`, `-1`: what other path languages have for an element.
pub(super) fn is_index(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `[]`, `[0]`, `['a']`, `[?…]`, `[1:2]`: what other path languages have, and
/// not the `[size]` of an argument's name.
pub(super) fn is_subscript(brackets: &str) -> bool {
    let Some(inside) = brackets.strip_prefix('[') else {
        return false;
    };
    inside.starts_with(['?', '\'', '"', ']']) || {
        let inside = inside.split(']').next().unwrap_or_default();
        inside
            .split(':')
            .all(|part| part.is_empty() || is_index(part))
    }
}
