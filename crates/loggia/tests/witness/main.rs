//! Witnesses as their users meet them: `loggia witness` and a second one in Python, written from
//! the specification, as processes on loopback. One suite for both, and each checks the other's
//! word.
#![cfg(test)]

mod kills;
mod peer;
mod suite;

#[path = "../../../transparency/tests/forge/mod.rs"]
mod forge;
