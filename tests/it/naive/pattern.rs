//! The twin's own matcher of the regex dialect (§2): it reads the pattern with
//! a small recursive descent, and matches by asking each piece where it could
//! end. Nothing is compiled; the pattern is read again for every text.

/// Whether `pattern` matches somewhere in `text`.
///
/// # Panics
/// When the pattern is not of the dialect: the generator writes no other.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut reader = Reader {
        pattern: pattern.chars().collect(),
        at: 0,
    };
    let node = reader.group(Flags::default());
    assert!(reader.at == reader.pattern.len(), "cannot read {pattern:?}");
    let text: Vec<char> = text.chars().collect();
    (0..=text.len()).any(|start| !node.ends(&text, start).is_empty())
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    dot_matches_newline: bool,
    multi_line: bool,
}

#[derive(Debug)]
enum Node {
    /// One character of a class, or none of it.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
        ignore_case: bool,
    },
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat {
        what: Box<Node>,
        least: usize,
        most: Option<usize>,
    },
}

struct Reader {
    pattern: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.pattern.get(self.at).copied()
    }

    fn next(&mut self) -> char {
        let next = self.peek().expect("the pattern ends too early");
        self.at += 1;
        next
    }

    fn skip(&mut self, text: &str) -> bool {
        let there = self.pattern[self.at..].iter().copied();
        let found = there.take(text.chars().count()).eq(text.chars());
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Switches on the flags that are here, up to `end`.
    fn flags(&mut self, mut flags: Flags, end: char) -> Flags {
        loop {
            match self.next() {
                'i' => flags.ignore_case = true,
                's' => flags.dot_matches_newline = true,
                'm' => flags.multi_line = true,
                other => {
                    assert!(other == end, "flags end with {other:?}");
                    return flags;
                }
            }
        }
    }

    /// Whether `(?i)` and the like are here, and not `(?i:…)`.
    fn at_flags(&self) -> bool {
        let mut rest = self.pattern[self.at..].iter();
        rest.next() == Some(&'(')
            && rest.next() == Some(&'?')
            && rest.find(|character| !"ism".contains(**character)) == Some(&')')
    }

    /// Everything up to the end of the group; flags may be at its start.
    fn group(&mut self, mut flags: Flags) -> Node {
        while self.at_flags() {
            self.at += 2;
            flags = self.flags(flags, ')');
        }
        let mut choices = vec![self.sequence(flags)];
        while self.skip("|") {
            choices.push(self.sequence(flags));
        }
        Node::Choice(choices)
    }

    fn sequence(&mut self, flags: Flags) -> Node {
        let mut items = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let item = self.item(flags);
            items.push(self.repeated(item));
        }
        Node::Sequence(items)
    }

    fn repeated(&mut self, what: Node) -> Node {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let least = self.count();
                let most = match self.peek() {
                    Some(',') => {
                        self.at += 1;
                        (self.peek() != Some('}')).then(|| self.count())
                    }
                    _ => Some(least),
                };
                (least, most)
            }
            _ => return what,
        };
        // Behind the operator, or the brace that ends the count.
        self.at += 1;
        // A lazy repeat matches the same texts.
        self.skip("?");
        Node::Repeat {
            what: Box::new(what),
            least,
            most,
        }
    }

    fn count(&mut self) -> usize {
        let mut count = 0;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            count = count * 10 + digit as usize;
            self.at += 1;
        }
        count
    }

    fn item(&mut self, flags: Flags) -> Node {
        let class = |negated, ranges| Node::Class {
            negated,
            ranges,
            ignore_case: flags.ignore_case,
        };
        match self.next() {
            '.' if flags.dot_matches_newline => class(true, vec![]),
            '.' => class(true, vec![('\n', '\n')]),
            '^' if flags.multi_line => Node::LineStart,
            '^' => Node::TextStart,
            '$' if flags.multi_line => Node::LineEnd,
            '$' => Node::TextEnd,
            '(' => {
                let mut inner = flags;
                if self.skip("?P<") {
                    while self.next() != '>' {}
                } else if self.skip("?") {
                    inner = self.flags(flags, ':');
                }
                let node = self.group(inner);
                assert!(self.skip(")"), "a group is not closed");
                node
            }
            '[' => {
                let (negated, ranges) = self.bracket();
                class(negated, ranges)
            }
            '\\' => match self.peek() {
                Some('A') => {
                    self.at += 1;
                    Node::TextStart
                }
                Some('z') => {
                    self.at += 1;
                    Node::TextEnd
                }
                Some('b') => {
                    self.at += 1;
                    Node::WordBoundary
                }
                _ => match self.escape() {
                    Escape::Class(negated, ranges) => class(negated, ranges),
                    Escape::Character(literal) => class(false, vec![(literal, literal)]),
                },
            },
            literal => class(false, vec![(literal, literal)]),
        }
    }

    /// A bracket class behind its `[`.
    fn bracket(&mut self) -> (bool, Vec<(char, char)>) {
        let negated = self.skip("^");
        let mut ranges = Vec::new();
        let first = self.at;
        loop {
            let low = match self.next() {
                ']' if self.at - 1 > first => return (negated, ranges),
                '\\' => match self.escape() {
                    Escape::Class(false, more) => {
                        ranges.extend(more);
                        continue;
                    }
                    Escape::Class(true, excluded) => {
                        ranges.extend(complement(&excluded));
                        continue;
                    }
                    Escape::Character(literal) => literal,
                },
                literal => literal,
            };
            let ranges_on = self.peek() == Some('-') && self.pattern.get(self.at + 1) != Some(&']');
            let high = if ranges_on {
                self.at += 1;
                match self.next() {
                    '\\' => match self.escape() {
                        Escape::Character(literal) => literal,
                        Escape::Class(..) => panic!("a class ends a range"),
                    },
                    literal => literal,
                }
            } else {
                low
            };
            ranges.push((low, high));
        }
    }

    /// An escape behind its backslash.
    fn escape(&mut self) -> Escape {
        let digits = vec![('0', '9')];
        let word = vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
        let space = vec![('\t', '\n'), ('\x0C', '\r'), (' ', ' ')];
        match self.next() {
            'd' => Escape::Class(false, digits),
            'D' => Escape::Class(true, digits),
            'w' => Escape::Class(false, word),
            'W' => Escape::Class(true, word),
            's' => Escape::Class(false, space),
            'S' => Escape::Class(true, space),
            't' => Escape::Character('\t'),
            'n' => Escape::Character('\n'),
            'r' => Escape::Character('\r'),
            'f' => Escape::Character('\x0C'),
            'x' => {
                let mut code = 0;
                if self.skip("{") {
                    while self.peek() != Some('}') {
                        code = code * 16 + self.next().to_digit(16).expect("a hexadecimal digit");
                    }
                    self.at += 1;
                } else {
                    for _ in 0..2 {
                        code = code * 16 + self.next().to_digit(16).expect("a hexadecimal digit");
                    }
                }
                Escape::Character(char::from_u32(code).expect("a character"))
            }
            punctuation if punctuation.is_ascii_punctuation() => Escape::Character(punctuation),
            other => panic!("no such escape: {other}"),
        }
    }
}

enum Escape {
    Class(bool, Vec<(char, char)>),
    Character(char),
}

/// All characters outside of ascending ranges.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut out = Vec::new();
    let mut from = 0;
    for (low, high) in ranges {
        if let Some(before) = (*low as u32).checked_sub(1)
            && before >= from
        {
            out.push((
                char::from_u32(from).unwrap(),
                char::from_u32(before).unwrap(),
            ));
        }
        from = *high as u32 + 1;
    }
    out.push((char::from_u32(from).unwrap(), char::MAX));
    out
}

impl Node {
    /// Where a match that begins at `start` can end, each position once.
    fn ends(&self, text: &[char], start: usize) -> Vec<usize> {
        let here_when = |holds: bool| if holds { vec![start] } else { vec![] };
        let is_word = |at: Option<&char>| {
            at.is_some_and(|character| character.is_ascii_alphanumeric() || *character == '_')
        };
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        let after = text.get(start);
        match self {
            Node::TextStart => here_when(before.is_none()),
            Node::TextEnd => here_when(after.is_none()),
            Node::LineStart => here_when(matches!(before, None | Some('\n'))),
            Node::LineEnd => here_when(matches!(after, None | Some('\n'))),
            Node::WordBoundary => here_when(is_word(before) != is_word(after)),
            Node::Class {
                negated,
                ranges,
                ignore_case,
            } => match after {
                Some(character) if in_class(*character, ranges, *ignore_case) != *negated => {
                    vec![start + 1]
                }
                _ => vec![],
            },
            Node::Sequence(items) => {
                let mut ends = vec![start];
                for item in items {
                    ends = from_each(&ends, |end| item.ends(text, end));
                }
                ends
            }
            Node::Choice(choices) => {
                let mut ends: Vec<usize> = choices
                    .iter()
                    .flat_map(|choice| choice.ends(text, start))
                    .collect();
                ends.sort_unstable();
                ends.dedup();
                ends
            }
            Node::Repeat { what, least, most } => {
                let mut ends = vec![start];
                for _ in 0..*least {
                    ends = from_each(&ends, |end| what.ends(text, end));
                }
                // More rounds, until none reaches a new position.
                let mut all = ends;
                for _ in 0..most.map_or(usize::MAX, |most| most - least) {
                    let mut more = from_each(&all, |end| what.ends(text, end));
                    more.retain(|end| !all.contains(end));
                    if more.is_empty() {
                        break;
                    }
                    all.extend(more);
                }
                all
            }
        }
    }
}

fn from_each(starts: &[usize], ends: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut all: Vec<usize> = starts.iter().flat_map(|start| ends(*start)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn in_class(character: char, ranges: &[(char, char)], ignore_case: bool) -> bool {
    let within = |character: char| {
        ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&character))
    };
    within(character) || (ignore_case && case_mates(character).into_iter().any(within))
}

/// The other characters that simple folding takes for the same. The Kelvin
/// sign and the long s fold to letters of ASCII, and no mapping of theirs leads
/// back.
fn case_mates(character: char) -> Vec<char> {
    let mut mates: Vec<char> = character
        .to_lowercase()
        .chain(character.to_uppercase())
        .collect();
    match character {
        'k' | 'K' | '\u{212A}' => mates.extend(['k', 'K', '\u{212A}']),
        's' | 'S' | '\u{17F}' => mates.extend(['s', 'S', '\u{17F}']),
        _ => {}
    }
    mates
}
