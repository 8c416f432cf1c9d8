//! The NGSI-LD API over HTTP as clause 6 has it, asked through the city's one door: tables of
//! requests and what they answer, each row with its clause, and ETSI's own fixtures. Never uses a
//! network.
#![cfg(test)]

mod attributes;
mod batch;
mod bundle;
mod contexts;
mod devices;
mod discovery;
mod durable;
mod entities;
mod entity_maps;
mod etsi;
mod etsi_changes;
mod etsi_joins;
mod etsi_shown;
mod fetched;
mod gauge;
mod joins;
mod ordering;
mod paging;
mod protocol;
mod query;
mod short_lived;
mod shown;
mod temporal;
mod town;
mod versions;
