//! The NGSI-LD API over HTTP as clause 6 has it, asked through the city's one door: tables of
//! requests and what they answer, each row with its clause. Never uses a network.
#![cfg(test)]

mod batch;
mod discovery;
mod durable;
mod joins;
mod shown;
mod town;
