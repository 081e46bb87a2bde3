//! Several changes at once.

use super::{condition, limit, rule, says, sum, tool};
use serde_json::json;

#[test]
fn four_edits_read_as_four_things() {
    let old = tool(json!({
        "require": [rule(&[
            condition("amount", "lte", 100),
            condition("currency", "in", json!(["EUR"])),
        ])],
        "deny_if": [
            rule(&[condition("vip", "eq", true)]),
            rule(&[condition("country", "eq", "KP")]),
        ],
        "limits": [limit("calls", "minute", 60), sum("spend", "day", 500, "amount")],
    }));
    let new = tool(json!({
        "require": [rule(&[
            condition("amount", "lte", 1000),
            condition("currency", "in", json!(["EUR", "GBP"])),
        ])],
        "limits": [limit("calls", "minute", 600), sum("spend", "day", 5_000, "amount")],
    }));
    says(&old, &new, &[]);
}
