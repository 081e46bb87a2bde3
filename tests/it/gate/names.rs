//! Names of revisions, paths and patterns that mean two things.

attacks! {}
