//! NGSI-LD's rules, tried from outside clause by clause: tables, laws over random input, the
//! fuzzer's corpus, ETSI's own files and another implementation. Never uses a network.
#![cfg(test)]

mod context;
mod corpus;
mod etsi;
mod etsi_evolutions;
mod etsi_temporal;
mod etsi_updates;
mod evolution;
mod finding;
mod history;
mod history_laws;
mod laws;
mod oracle;
mod reading;
mod support;
mod temporal;
mod temporal_http;
mod updating;
mod writing;
