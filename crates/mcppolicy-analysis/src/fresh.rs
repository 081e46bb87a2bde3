//! Names that are not taken yet.

/// The first of `base`, `base_2`, `base_3` and so on that is not taken. Only
/// finitely many names may be taken.
pub(crate) fn fresh_name(base: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = base.to_owned();
    let mut number = 1_u64;
    while is_taken(&name) {
        number += 1;
        name = format!("{base}_{number}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_the_next_number() {
        assert_eq!(fresh_name("tool", |_| false), "tool");
        assert_eq!(fresh_name("tool", |name| name == "tool"), "tool_2");
        let taken = ["tool", "tool_2", "tool_4"];
        assert_eq!(fresh_name("tool", |name| taken.contains(&name)), "tool_3");
    }
}
