//! What the pages and the Action tell users to do.

attacks! {}
