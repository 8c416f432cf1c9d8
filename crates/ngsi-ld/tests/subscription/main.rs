//! Subscriptions from outside: what is read, what is wanted, what is told, and ETSI's own files
//! where they are at hand. Never uses a network.
#![cfg(test)]

mod etsi;
mod indexed;
mod reading;
mod support;
mod telling;
mod wanting;
