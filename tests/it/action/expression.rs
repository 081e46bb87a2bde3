//! As much of the runner's expressions as action.yml uses: names, text in
//! single quotes, `!`, `==`, `!=`, `&&` and the functions of a step's state.
//! What is not known is a mistake of the action, and ends the test.

/// What names mean.
pub trait Names {
    /// The text behind a name such as `inputs.path`.
    fn text(&self, name: &str) -> String;
}

/// A value: conditions are `true` or `false`, as the runner writes them.
type Value = String;

/// Fills every `${{ … }}` of a text in.
pub fn fill(template: &str, names: &dyn Names) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("${{") {
        let (inside, after) = behind.split_once("}}").expect("an expression ends");
        out.push_str(before);
        out.push_str(&evaluate(inside, names));
        rest = after;
    }
    out + rest
}

/// Whether a step runs; `failed` says that one before it has failed, after
/// which only steps run that ask for the job's state themselves.
pub fn condition(text: Option<&str>, failed: bool, names: &dyn Names) -> bool {
    let Some(text) = text else { return !failed };
    let asks = ["cancelled()", "always()", "failure()"];
    if failed && !asks.iter().any(|function| text.contains(function)) {
        return false;
    }
    is_true(&fill(text, names))
}

fn is_true(value: &str) -> bool {
    !matches!(value, "" | "false")
}

fn evaluate(text: &str, names: &dyn Names) -> Value {
    let text = text.trim();
    if let Some((left, right)) = text.split_once("&&") {
        let left = evaluate(left, names);
        return match is_true(&left) {
            true => evaluate(right, names),
            false => left,
        };
    }
    for (operator, wanted) in [("==", true), ("!=", false)] {
        if let Some((left, right)) = text.split_once(operator) {
            let same = evaluate(left, names) == evaluate(right, names);
            return (same == wanted).to_string();
        }
    }
    if let Some(inner) = text.strip_prefix('!') {
        return (!is_true(&evaluate(inner, names))).to_string();
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        return quoted.strip_suffix('\'').expect("a text ends").to_owned();
    }
    match text {
        "cancelled()" => "false".to_owned(),
        "always()" => "true".to_owned(),
        name => {
            let part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            assert!(name.chars().all(part), "{name:?} is no name");
            names.text(name)
        }
    }
}

#[test]
fn expressions_mean_what_the_runner_takes_them_for() {
    struct Fixed;
    impl Names for Fixed {
        fn text(&self, name: &str) -> String {
            match name {
                "inputs.comment" => "true".to_owned(),
                "steps.check.outputs.exit" => "3".to_owned(),
                _ => String::new(),
            }
        }
    }
    let holds = |text, failed| condition(Some(text), failed, &Fixed);
    assert!(holds("${{ inputs.comment == 'true' }}", false));
    assert!(!holds("${{ inputs.comment == 'true' }}", true));
    assert!(!holds("${{ inputs.comment != 'true' }}", false));
    let always = "${{ !cancelled() && steps.check.outputs.exit != '' }}";
    assert!(holds(always, false) && holds(always, true));
    assert!(!holds(
        "${{ !cancelled() && steps.none.outputs.x != '' }}",
        true
    ));
    assert!(condition(None, false, &Fixed) && !condition(None, true, &Fixed));
    let filled = fill(
        "a ${{ steps.check.outputs.exit }}, ${{ inputs.x }}.",
        &Fixed,
    );
    assert_eq!(filled, "a 3, .");
}
