//! Files that are checked and not committed, or the other way round.

attacks! {}
