//! The binary as its users meet it: real processes, real files, real HTTP on loopback.
//! Never asserts a duration, never needs a network, never leaves a process behind.
#![cfg(test)]

mod access_policy;
mod altered;
mod between;
mod break_glass;
mod bundle;
mod chains;
mod city;
mod cosigned;
mod crash;
mod data_plane;
mod enrol;
mod exported;
#[path = "../../../transparency/tests/forge/mod.rs"]
mod forge;
mod forged;
mod full;
mod interrupted;
mod live;
mod lying;
mod openapi;
mod opening;
mod plaintext;
mod quorum;
mod resealed;
mod rollback;
mod rotation;
mod routes;
mod terminal;
mod timeline;
