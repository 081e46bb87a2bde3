//! Policies, tests and findings that a change hides.

attacks! {}
