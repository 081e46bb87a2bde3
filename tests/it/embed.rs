//! The example that gateways start from does what its comments say.

#[allow(dead_code, reason = "its `main` only prints")]
#[path = "../../examples/embed.rs"]
mod example;

#[test]
fn the_embedding_example_denies_limits_releases_and_reloads() {
    let expected = [
        "[POLICY DENIED] Call cannot be decided: unknown-arguments",
        "forwarded",
        "[POLICY DENIED] Call is refused by /tools/refund/deny_if/0",
        "forwarded",
        "forwarded",
        "[POLICY DENIED] Limit of 2 per minute reached for refunds",
        "[POLICY DENIED] Tool \"delete_account\" is not permitted by policy",
        "forwarded",
        "[POLICY DENIED] Limit of 3 per minute reached for refunds",
    ];
    assert_eq!(example::session().unwrap(), expected);
}
