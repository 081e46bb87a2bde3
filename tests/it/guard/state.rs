//! Counters that are shared and that survive.
