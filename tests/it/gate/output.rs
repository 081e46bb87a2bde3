//! Text from files in reports.

attacks! {}
