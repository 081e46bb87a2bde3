//! A page as a list of blocks, so that cutting it to the size that a forge takes
//! never leaves anything open, and never what matters most.

/// Findings and cases shown unfolded.
pub(super) const UNFOLDED: usize = 20;

/// The blocks of a page, each complete in itself.
#[derive(Default)]
pub(super) struct Page {
    blocks: Vec<Block>,
    /// What stands over the next block.
    heading: String,
}

/// A part of a page: text, and behind it the rows of a table, if it is one.
struct Block {
    text: String,
    rows: Vec<String>,
    /// What can stand for it where there is too little room.
    short: Option<String>,
    /// Whether it goes before the others where there is too little room.
    is_kept: bool,
}

/// How much of a block is in a page that is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Out,
    Short,
    /// The text with so many rows.
    Rows(usize),
}

impl Block {
    fn in_form(&self, form: Form) -> String {
        match form {
            Form::Out => String::new(),
            Form::Short => self.short.clone().unwrap_or_default(),
            Form::Rows(count) => {
                let rows: String = self.rows.iter().take(count).map(String::as_str).collect();
                let note = match self.rows.len() - count {
                    0 => String::new(),
                    left => format!("\n… {left} more rows are cut here.\n"),
                };
                format!("{}{rows}{note}", self.text)
            }
        }
    }

    fn whole(&self) -> Form {
        Form::Rows(self.rows.len())
    }

    /// The bytes that it has in a page, the line break behind it included.
    fn cost(&self, form: Form) -> usize {
        match self.in_form(form).len() {
            0 => 0,
            length => length + 1,
        }
    }

    /// The form with the most rows that has at most so many bytes.
    fn longest(&self, room: usize) -> Form {
        if self.cost(self.whole()) <= room {
            return self.whole();
        }
        // What is left for rows beside the text and the note.
        let note = self.cost(Form::Rows(0)).max(self.text.len() + 40);
        let Some(mut left) = room.checked_sub(note) else {
            return Form::Out;
        };
        let fits = |row: &&String| match left.checked_sub(row.len()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        };
        match self.rows.iter().take_while(fits).count() {
            0 => Form::Out,
            count => Form::Rows(count),
        }
    }
}

impl Page {
    /// Adds a block.
    pub fn push(&mut self, text: String) {
        self.add(text, Vec::new(), None, false);
    }

    /// Puts a heading over the next block, with which it is cut.
    pub fn head(&mut self, heading: &str) {
        self.heading.push_str(heading);
        self.heading.push('\n');
    }

    /// Adds a block that stays when others are cut.
    pub fn keep(&mut self, text: String) {
        self.add(text, Vec::new(), None, true);
    }

    /// Adds a block that stays when others are cut, if need be in a shorter
    /// form.
    pub fn keep_or(&mut self, text: String, short: String) {
        self.add(text, Vec::new(), Some(short), true);
    }

    /// Adds a table that stays when others are cut, if need be with fewer rows.
    pub fn keep_table(&mut self, head: String, rows: Vec<String>) {
        self.add(head, rows, None, true);
    }

    fn add(&mut self, text: String, rows: Vec<String>, short: Option<String>, is_kept: bool) {
        let heading = std::mem::take(&mut self.heading);
        self.blocks.push(Block {
            text: heading + &text,
            rows,
            short,
            is_kept,
        });
    }

    /// A block that is folded away.
    pub fn fold(&mut self, title: &str, content: &str) {
        self.push(folded(title, content));
    }

    /// The blocks as one text of at most `limit` bytes. Where they have more, the
    /// kept ones go first, and everything else is cut from the end; what is left
    /// out is counted in the last line.
    pub fn finish(self, limit: Option<usize>) -> String {
        let limit = limit.unwrap_or(usize::MAX);
        let whole: usize = self.blocks.iter().map(|of| of.cost(of.whole())).sum();
        if whole <= limit {
            let all = self.blocks.iter().map(|of| of.in_form(of.whole()));
            return all.collect::<Vec<_>>().join("\n");
        }
        let room = limit.saturating_sub(note(self.blocks.len()).len());
        let forms = self.forms(room);
        let mut out = String::new();
        let mut left = 0;
        for (block, form) in self.blocks.iter().zip(&forms) {
            match block.in_form(*form) {
                text if text.is_empty() => left += 1,
                text => {
                    out.push_str(&text);
                    out.push('\n');
                }
            }
        }
        let note = note(left);
        if out.len() + note.len() <= limit {
            out.push_str(&note);
        }
        out
    }

    /// How much of each block fits into so many bytes.
    fn forms(&self, room: usize) -> Vec<Form> {
        let mut cut = Cut {
            forms: vec![Form::Out; self.blocks.len()],
            room,
        };
        // Tables must not take the room of what proves their rows.
        let mut for_tables = room / 3;
        for (at, block) in self.kept() {
            let form = match (&block.short, block.rows.is_empty()) {
                (Some(_), _) => Form::Short,
                (None, true) => block.whole(),
                (None, false) => block.longest(for_tables.min(cut.room)),
            };
            if !cut.take(at, block, form) {
                break;
            }
            if !block.rows.is_empty() {
                for_tables = for_tables.saturating_sub(block.cost(form));
            }
        }
        let is_in = |cut: &Cut, at: usize| cut.forms.get(at) != Some(&Form::Out);
        for (at, block) in self.kept().filter(|(_, block)| block.rows.is_empty()) {
            if !is_in(&cut, at) || !cut.take(at, block, block.whole()) {
                break;
            }
        }
        for (at, block) in self.kept().filter(|(_, block)| !block.rows.is_empty()) {
            let own = cut.forms.get(at).map_or(0, |form| block.cost(*form));
            let form = block.longest(cut.room + own);
            if !cut.take(at, block, form) || form != block.whole() {
                break;
            }
        }
        let mut others = self.blocks.iter().enumerate();
        let mut others = others.by_ref().filter(|(_, block)| !block.is_kept);
        others.all(|(at, block)| cut.take(at, block, block.whole()));
        cut.forms
    }

    fn kept(&self) -> impl Iterator<Item = (usize, &Block)> {
        let all = self.blocks.iter().enumerate();
        all.filter(|(_, block)| block.is_kept)
    }
}

/// What has been chosen for a page that is cut, and the bytes that are left.
struct Cut {
    forms: Vec<Form>,
    room: usize,
}

impl Cut {
    /// Gives a block another form, if there is room for it.
    fn take(&mut self, at: usize, block: &Block, form: Form) -> bool {
        let Some(own) = self.forms.get_mut(at) else {
            return false;
        };
        match (self.room + block.cost(*own)).checked_sub(block.cost(form)) {
            Some(rest) => {
                self.room = rest;
                *own = form;
                true
            }
            None => false,
        }
    }
}

fn note(left: usize) -> String {
    format!("**Cut here: {left} more sections do not fit the size that is taken.**\n")
}

/// A block that is folded away.
pub(super) fn folded(title: &str, content: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{content}\n</details>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(proofs: usize, rows: usize) -> Page {
        let mut page = Page::default();
        page.keep("verdict\n".to_owned());
        let rows = (0..rows).map(|row| format!("| row {row} |\n")).collect();
        page.keep_table("| table |\n|---|\n".to_owned(), rows);
        for proof in 0..proofs {
            let text = format!("proof {proof} {}\n", "long ".repeat(40));
            page.keep_or(text, format!("- proof {proof}\n"));
        }
        page.head("### heading\n");
        page.push("findings\n".to_owned());
        page.push(format!("tests {}\n", "x".repeat(5_000)));
        page.push("traffic\n".to_owned());
        page
    }

    #[test]
    fn what_fits_is_whole() {
        let text = page(2, 2).finish(Some(6_000));
        assert!(
            text.ends_with("traffic\n") && !text.contains("Cut here"),
            "{text}"
        );
    }

    #[test]
    fn the_verdict_the_table_and_every_proof_stay_and_the_end_is_cut() {
        let text = page(20, 3).finish(Some(5_500));
        assert!(text.starts_with("verdict\n\n| table |"), "{text}");
        assert!(
            text.contains("row 2 ") && text.contains("proof 19 long"),
            "{text}"
        );
        assert!(
            text.contains("findings") && !text.contains("tests"),
            "{text}"
        );
        assert!(text.contains("Cut here: 2 more"), "{text}");
    }

    #[test]
    fn proofs_get_shorter_before_any_is_left_out() {
        let text = page(20, 3).finish(Some(1_500));
        assert!(text.contains("proof 0 long"), "{text}");
        assert!(text.contains("- proof 19\n"), "{text}");
        assert!(text.len() <= 1_500);
    }

    #[test]
    fn a_long_table_leaves_room_for_the_proofs() {
        let text = page(10, 1_000).finish(Some(2_000));
        assert!(
            text.contains("row 9 ") && text.contains("more rows are cut here"),
            "{text}"
        );
        assert!(text.contains("proof 9") && text.len() <= 2_000, "{text}");
    }

    #[test]
    fn no_size_is_exceeded() {
        for limit in 0..3_000 {
            assert!(page(7, 30).finish(Some(limit)).len() <= limit, "{limit}");
        }
    }
}
