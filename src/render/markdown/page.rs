//! A page as a list of blocks, so that cutting it to the size that a forge takes
//! never leaves anything open.

/// Findings and cases shown unfolded.
pub(super) const UNFOLDED: usize = 20;

/// The blocks of a page, each complete in itself.
#[derive(Default)]
pub(super) struct Page {
    blocks: Vec<String>,
}

impl Page {
    /// Adds a block.
    pub fn push(&mut self, block: String) {
        self.blocks.push(block);
    }

    /// A block that is folded away.
    pub fn fold(&mut self, title: &str, content: &str) {
        self.push(format!(
            "<details><summary>{title}</summary>\n\n{content}\n</details>\n"
        ));
    }

    /// The blocks as one text of at most `limit` bytes; what is left out is
    /// counted in the last line.
    pub fn finish(self, limit: Option<usize>) -> String {
        let whole: usize = self.blocks.iter().map(|block| block.len() + 1).sum();
        let limit = limit.unwrap_or(usize::MAX);
        if whole <= limit {
            return self.blocks.join("\n");
        }
        let note = |left: usize| {
            format!("**Cut here: {left} more sections do not fit the size that is taken.**\n")
        };
        let room = limit.saturating_sub(note(self.blocks.len()).len());
        let mut out = String::new();
        let mut shown = 0;
        for block in &self.blocks {
            if out.len() + block.len() + 1 > room {
                break;
            }
            out.push_str(block);
            out.push('\n');
            shown += 1;
        }
        let note = note(self.blocks.len() - shown);
        if out.len() + note.len() <= limit {
            out.push_str(&note);
        }
        out
    }
}
