//! What the formats have in common.

mod shares;
