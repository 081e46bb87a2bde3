//! What is read from a text in place, beside the tree that outlives it.

use super::*;
use crate::document::parse::parse_borrowed;

const TEXT: &str =
    r#" {"a":[1,-2.5e1,{"b\n":"x\u00e9"}],"c":null,"d":[],"a":{"e":true},"f":false} "#;

#[test]
fn a_value_is_read_from_the_text_when_it_is_asked_for() {
    let (tree, defects) = parse_borrowed(TEXT).unwrap();
    let root = tree.root();
    assert_eq!(defects.len(), 1);
    let keys: Vec<&str> = root.members().map(|member| member.key).collect();
    assert_eq!(keys, ["a", "c", "d", "a", "f"]);
    let first = root.members().next().unwrap().value;
    assert_eq!(first.items().len(), 3);
    assert_eq!(first.items().nth(1).and_then(Node::as_number), Some(-25.0));
    assert_eq!(first.at("/2/b\n").and_then(Node::as_str), Some("xé"));
    assert_eq!(root.at("/a/e").and_then(Node::as_bool), Some(true));
    assert_eq!(root.at("/a/0").map(Node::span), None);
    assert_eq!(root.get("d").map(|d| d.items().len()), Some(0));
    assert!(root.get("c").is_some_and(Node::is_null));
    assert!(root.get("x").is_none());
    let empty = TEXT.find("[]").map(|at| Span::new(at, at + 2));
    assert_eq!(root.get("d").map(Node::span), empty);
    let member = root.member("a").unwrap();
    let written = TEXT.get(member.key_span.start..member.value.span().end);
    assert_eq!(written, Some(r#""a":{"e":true}"#));
}

#[test]
fn the_tree_that_outlives_the_text_is_the_same() {
    let (tree, _) = parse_borrowed(TEXT).unwrap();
    let owned = tree.root().to_owned();
    assert_eq!(owned.to_value(), tree.root().to_value());
    assert_eq!(
        owned.get("d").map(|d| d.span),
        tree.root().get("d").map(Node::span)
    );
    assert_eq!(owned.members().len(), tree.root().members().len());
}

#[test]
fn a_part_of_a_text_is_a_text_of_its_own() {
    let (tree, _) = parse_borrowed(TEXT).unwrap();
    for pointer in ["", "/a", "/a/e", "/c", "/d", "/f"] {
        let part = tree.root().at(pointer).unwrap();
        let own = part.to_tree();
        assert_eq!(own.root().to_value(), part.to_value(), "{pointer}");
        let Span { start, end } = part.span();
        assert_eq!(own.root().span(), Span::new(0, end - start));
    }
    let first = tree.root().members().next().unwrap().value.to_tree();
    assert_eq!(first.root().at("/2/b\\n").map(Node::span), None);
    assert_eq!(first.root().at("/2/b\n").and_then(Node::as_str), Some("xé"));
}

#[test]
fn a_text_is_read_alike_whatever_room_is_left_of_others() {
    let long = format!("[{}]", "\"a\\n\",".repeat(30_000) + "0");
    let texts = [TEXT, "\"\\u00e9\"", "[]", &long];
    let values = |text: &str| parse_borrowed(text).unwrap().0.root().to_value();
    let first: Vec<Value> = texts.iter().map(|text| values(text)).collect();
    // Several at once, so that each has room of its own.
    let open: Vec<_> = texts
        .iter()
        .map(|text| parse_borrowed(text).unwrap().0)
        .collect();
    for (tree, value) in open.iter().zip(&first) {
        assert_eq!(tree.root().to_value(), *value);
        assert_eq!(tree.detached().root().to_value(), *value);
    }
    drop(open);
    for (text, value) in texts.iter().zip(&first).rev() {
        assert_eq!(values(text), *value);
    }
}
