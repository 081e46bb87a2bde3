//! Changes that are large where the gate works hardest.

attacks! {}
