//! The JSON Schema of the policy format, which editors complete and explain
//! policies with.

/// The schema of a policy, draft 2020-12, as `mcppolicy schema` prints it.
pub const POLICY_SCHEMA: &str = include_str!("../schema/policy.schema.json");
