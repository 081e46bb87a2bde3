//! Text that is shortened, and what is left out.

use crate::render::words;

/// A name cut to what a chart has room for.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A line for what is left out.
pub(super) fn further(out: &mut String, count: usize, what: &str) {
    if count > 0 {
        let count = words::counted(count as u64, what);
        out.push_str(&format!(
            "<p class=\"muted\">{count} not shown here; the JSON report has all of them.</p>\n"
        ));
    }
}
