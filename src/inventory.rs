//! What is known of the server's tools besides the policy.
//!
//! For now that is their [`category`], told from the name alone. The server's
//! own `tools/list` will be read here. What a policy says of a tool has no
//! business in this room.

pub mod category;
