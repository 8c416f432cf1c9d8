//! The seal's laws, tried from outside: chain, custody, vectors, Python, corpus, types.
//! Never uses a network, never asserts a time.
#![cfg(test)]

mod chain_laws;
mod city;
mod corpus;
mod custody_laws;
mod python;
mod types;
mod vectors;
