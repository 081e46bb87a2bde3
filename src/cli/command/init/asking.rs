//! The questions of `init` on a terminal: one for each category that the server
//! has tools of and that no option has answered.

use std::io::{self, BufRead, Write};

use crate::render::printable;
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::starter::{Decided, Words};

/// How many tools of a category are named in its question.
const NAMED: usize = 4;

/// Asks about each category, and adds what is answered to `words`. An empty answer,
/// or none, leaves a category to what is usual for it.
///
/// # Errors
/// When a question cannot be written or its answer not be read.
pub(super) fn ask(
    questions: &[(Category, Vec<Decided>)],
    words: &mut Words,
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (category, tools) in questions {
        if words.on(*category).is_some() {
            continue;
        }
        loop {
            write!(out, "{} ", printable(&question(*category, tools)))?;
            out.flush()?;
            let mut answer = String::new();
            if answers.read_line(&mut answer)? == 0 {
                return writeln!(out);
            }
            match answer.trim().to_ascii_lowercase().as_str() {
                "" => break,
                "y" | "yes" => {
                    words.say(*category, true);
                    break;
                }
                "n" | "no" => {
                    words.say(*category, false);
                    break;
                }
                _ => writeln!(out, "Answer y or n, or press Enter.")?,
            }
        }
    }
    Ok(())
}

fn question(category: Category, tools: &[Decided]) -> String {
    let named: Vec<String> = tools
        .iter()
        .take(NAMED)
        .map(|tool| shorten::call(&tool.name).into_owned())
        .collect();
    let more = match tools.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = match tools.len() {
        1 => "1 tool".to_owned(),
        count => format!("{count} tools"),
    };
    let code = tools.iter().filter(|tool| tool.runs_code.is_some()).count();
    let usual = match category {
        Category::Read | Category::Write => "y".to_owned(),
        Category::Execute if code == 0 => "y".to_owned(),
        Category::Execute if code == tools.len() => "n: they run code of the caller's".to_owned(),
        Category::Execute => format!("all but {code}, which run code of the caller's"),
        Category::Destructive | Category::Financial => "n".to_owned(),
    };
    format!(
        "{category}, {count} ({}{more}): allow within limits? y, n or Enter [{usual}]",
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_analysis::starter::Treatment;

    fn tools(category: Category) -> (Category, Vec<Decided>) {
        let tool = Decided {
            name: format!("{category}_tool"),
            category,
            because: String::new(),
            runs_code: (category == Category::Execute).then(|| "code".to_owned()),
            treatment: Treatment::Allowed,
        };
        (category, vec![tool])
    }

    fn asked(given: &str, said: Option<Category>) -> (Words, String) {
        let questions: Vec<_> = Category::ALL.map(tools).into_iter().collect();
        let mut words = Words::default();
        if let Some(category) = said {
            words.say(category, false);
        }
        let mut out = Vec::new();
        ask(&questions, &mut words, &mut given.as_bytes(), &mut out).unwrap();
        (words, String::from_utf8(out).unwrap())
    }

    #[test]
    fn each_category_is_asked_about_once() {
        let (words, out) = asked("y\nNO\n\nmaybe\nyes\n", None);
        assert_eq!(words.on(Category::Read), Some(true));
        assert_eq!(words.on(Category::Write), Some(false));
        assert_eq!(words.on(Category::Execute), None);
        assert_eq!(words.on(Category::Destructive), Some(true));
        // Nobody has answered the last one.
        assert_eq!(words.on(Category::Financial), None);
        assert_eq!(out.matches("Destructive, 1 tool").count(), 2, "{out}");
        assert!(out.contains("[n: they run code of the caller's]"), "{out}");
    }

    #[test]
    fn what_an_option_has_answered_is_not_asked() {
        let (words, out) = asked("", Some(Category::Read));
        assert_eq!(words.on(Category::Read), Some(false));
        assert!(!out.contains("Read, "), "{out}");
    }
}
