//! The program as a whole: its verbs, its server, its answers compared with a naive model.

mod naive;
mod random;
