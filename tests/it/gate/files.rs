//! Paths inside files, and files that are written.

attacks! {}
