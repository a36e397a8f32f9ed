//! The program as a whole: its verbs, its server, its answers compared with a naive model.
#![expect(clippy::string_slice, reason = "a test fails by panicking")]

#[cfg(test)]
mod admin;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod editor;
#[cfg(test)]
mod fuzz_replay;
#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod health;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod http;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod incremental;
#[cfg(test)]
mod init;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod monitoring;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod random;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod reload_cost;
#[cfg(test)]
mod reload_requests;
#[cfg(test)]
mod reload_time;
#[cfg(test)]
mod reload_ways;
#[cfg(test)]
mod reload_whole;
#[cfg(test)]
mod search;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod suites;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod unix_socket;
#[cfg(test)]
mod workbench;
#[cfg(test)]
mod would_allow;
