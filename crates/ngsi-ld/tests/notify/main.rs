//! Notifications over real sockets: receivers that answer, fail, hang and come back, an MQTT
//! server where one is installed, and a notifier that is killed. Never leaves this machine.
#![cfg(test)]

mod killed;
mod letters;
mod mqtt;
mod over_http;
mod over_tls;
mod routes;
mod support;
