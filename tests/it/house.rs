//! What Cargo cannot hold: words that belong to one place, and modules of one
//! folder that must not import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Modules, and the words that no other module may use.
const RESERVED: [&str; 7] = [
    // The other formats must not depend on how findings are drawn.
    "src/render/human: miette",
    // Lowering alone says whether a policy is valid.
    "src/schema: jsonschema",
    // What a library prints, its caller cannot catch.
    "src/cli src/render src/main: println! print! eprintln! eprint! stdout() stderr()",
    // To everything but the command line, the rest of the world is an input.
    "src/cli src/main: std::fs std::process std::env File::open",
    // Whoever opens a file there says who has named it, and follows no link.
    // What lies in git's own directory is no file of the change.
    "src/cli/support/files src/cli/support/git: fs::read fs::write fs::rename fs::create_dir_all fs::remove_file \
     File::open File::create OpenOptions",
    "src/cli: SystemTime Instant::now Timestamp::now Zoned::now",
    // A build without `live` leaves these out.
    "src/cli/command/guard src/cli/command/inventory src/cli/command/record src/cli/support/http \
     src/cli/support/server: rmcp tokio signal_hook",
];

/// Accepted circles: a folder and its modules, each with the reason.
const ACCEPTED: [&str; 0] = [];

#[test]
fn reserved_words_are_used_in_their_place_only() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        for (places, words) in RESERVED.iter().filter_map(|of| of.split_once(": ")) {
            let rest = |place| path.strip_prefix(place).unwrap_or_default();
            let mut rests = places.split(' ').map(rest);
            if !rests.any(|rest| rest == ".rs" || rest.starts_with('/')) {
                let words = words.split(' ').filter(|word| {
                    let mut used = code.match_indices(word);
                    used.any(|(at, _)| !code[..at].ends_with(is_part_of_a_name))
                });
                wrong.extend(words.map(|word| format!("{path} uses `{word}`")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_of_a_folder_do_not_import_each_other_in_a_circle() {
    let mut wrong = Vec::new();
    let sources = sources();
    for (folder, mut imports) in imports_by_folder(&sources) {
        // What an imported module imports is imported, too.
        for middle in imports.keys().copied().collect::<Vec<_>>() {
            let behind = imports[middle].clone();
            let importing = imports.values_mut().filter(|used| used.contains(middle));
            importing.for_each(|used| used.extend(&behind));
        }
        imports.retain(|name, used| used.contains(name));
        let accepted = ACCEPTED.iter().filter_map(|of| of.split_once(": "));
        let mut accepted = accepted.filter(|(of, _)| *of == folder);
        let accepted = accepted.next().map_or("", |(_, names)| names);
        imports.retain(|name, _| !accepted.split(' ').any(|known| known == *name));
        if !imports.is_empty() {
            wrong.push(format!("{folder}: {:?}", imports.keys()));
        }
    }
    assert!(wrong.is_empty(), "in circles:\n{}", wrong.join("\n"));
}

#[test]
fn every_form_of_import_is_read() {
    let mut found = Vec::new();
    expand(
        "{self, a::{b, c::*}, super::d}; e",
        vec!["x", "y"],
        &mut found,
    );
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["x::y::self", "x::y::a::b", "x::y::a::c::", "x::d"]);
}

/// Modules with those that they import.
type Imports<'c> = BTreeMap<&'c str, BTreeSet<&'c str>>;

/// The imports between the modules of each folder.
fn imports_by_folder(sources: &BTreeMap<String, String>) -> BTreeMap<String, Imports<'_>> {
    let mut folders: BTreeMap<String, Imports<'_>> = BTreeMap::new();
    // A test may import whatever it tests with.
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    for (path, code) in sources.iter().filter(|(path, _)| !is_test(path)) {
        let (root, own) = path.trim_end_matches(".rs").split_once("src/").unwrap();
        let own: Vec<&str> = own.split('/').collect();
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let mut used = Vec::new();
        for (at, start) in code.match_indices("crate::") {
            expand(&code[at + start.len()..], Vec::new(), &mut used);
        }
        for (at, _) in code.match_indices("super::") {
            if !code[..at].ends_with("super::") {
                expand(&code[at..], own.clone(), &mut used);
            }
        }
        for used in used {
            let same = own.iter().zip(&used).take_while(|(a, b)| a == b).count();
            let folder = format!("{root}src/{}", own[..same].join("/"));
            let folder = folder.trim_end_matches('/').to_owned();
            if let (Some(from), Some(to)) = (own.get(same), used.get(same))
                && sources.contains_key(&format!("{folder}/{to}.rs"))
            {
                let imports = folders.entry(folder).or_default();
                imports.entry(from).or_default().insert(to);
            }
        }
    }
    folders
}

/// Adds the paths that `rest` begins with, `a::b` or a group of such, behind
/// `base`; returns their length.
fn expand<'c>(rest: &'c str, mut base: Vec<&'c str>, found: &mut Vec<Vec<&'c str>>) -> usize {
    let name = rest.split(|c| !is_part_of_a_name(c)).next().unwrap();
    let mut at = name.len();
    if rest.starts_with('{') {
        while rest[at..].starts_with(|c| c != '}') {
            let is_path = rest[at..].starts_with(is_part_of_a_name);
            at += if is_path {
                expand(&rest[at..], base.clone(), found)
            } else {
                1
            };
        }
        return at + 1;
    }
    match name {
        "super" => drop(base.pop()),
        name => base.push(name),
    }
    match rest[at..].strip_prefix("::") {
        Some(behind) => at += 2 + expand(behind, base, found),
        None => found.push(base),
    }
    at
}

fn is_part_of_a_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// Every source file by its path, without comments and the content of strings.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut paths = vec![root.join("src"), root.join("crates")];
    while let Some(path) = paths.pop() {
        let name = path.strip_prefix(root).unwrap().to_string_lossy();
        let name = name.replace('\\', "/");
        if path.is_dir() {
            let entries = fs::read_dir(path).unwrap();
            paths.extend(entries.map(|entry| entry.unwrap().path()));
        } else if name.ends_with(".rs") && name.contains("src/") {
            let text = fs::read_to_string(&path).unwrap().replace("\\\"", "");
            let code = |line: &str| {
                let line: Vec<&str> = line.split('"').step_by(2).collect();
                line.join("\"").split("//").next().unwrap().to_owned() + "\n"
            };
            found.insert(name, text.lines().map(code).collect());
        }
    }
    assert!(found.len() > 100, "the sources are not where they were");
    found
}
