//! NGSI-LD's rules, tried from outside clause by clause: tables, laws over random input, the
//! fuzzer's corpus, ETSI's own files and another implementation. Never uses a network.
#![cfg(test)]

mod context;
mod corpus;
mod etsi;
mod etsi_updates;
mod laws;
mod oracle;
mod reading;
mod support;
mod updating;
mod writing;
