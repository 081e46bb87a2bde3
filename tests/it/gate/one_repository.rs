//! Repositories and links inside the change.

attacks! {}
