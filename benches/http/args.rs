//! What to measure.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::support::world::World;

/// The sidecar beside a bare hyper server, over HTTP
#[derive(Debug, Parser)]
pub struct Args {
    /// Tenants of the folder that most rows ask about
    #[arg(long, default_value_t = 1_000)]
    pub tenants: usize,
    /// Members of each tenant
    #[arg(long, default_value_t = 50)]
    pub members: usize,
    /// Sub-accounts of each tenant
    #[arg(long, default_value_t = 5)]
    pub sub_accounts: usize,
    /// Different questions
    #[arg(long, default_value_t = 10_000)]
    pub questions: usize,
    /// Questions of the rows whose questions are all new; 0 for ten times what the decision cache holds
    #[arg(long, default_value_t = 0)]
    pub new_questions: usize,
    /// Tenants of the rows that measure how the sidecar scales
    #[arg(long, default_value_t = 10_000)]
    pub many_tenants: usize,
    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// Rounds, in which the compared take turns
    #[arg(long, default_value_t = 9)]
    pub rounds: usize,
    /// Milliseconds of a round
    #[arg(long, default_value_t = 1_000)]
    pub round_ms: u64,
    /// When requests of an open loop are due
    #[arg(long, value_enum, default_value_t = Arrivals::Even)]
    pub arrivals: Arrivals,
    /// Chooses other questions
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The rows to measure; all if none is given
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Row>,
    /// Measure this program instead of the one that was built with the bench: another version, to compare
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_octroi"), hide_default_value = true)]
    pub program: PathBuf,
    /// Small and short: shows that the bench works, its figures mean nothing
    #[arg(long)]
    pub quick: bool,
    /// Write a picture here, SVG: tenants against latency, members against memory
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// What `cargo bench` passes to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// When requests of an open loop are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Arrivals {
    /// At even distances
    Even,
    /// At random, as those of many independent callers
    Poisson,
}

/// A group of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// Evaluations a second, and processor time of each
    Throughput,
    /// The same with every question new
    New,
    /// Latency at half the floor's throughput
    Latency,
    /// One decision in process
    Decision,
    /// Evaluations of 20 items
    Batch,
    /// Many tenants against ten
    Tenants,
    /// Time until ready, memory, size of the program
    Start,
    /// An edit of one file among many, until the new answer
    Edit,
    /// A thousand edits in a second, under load
    Burst,
    /// Latency by tenants, memory by members
    Curves,
}

impl Args {
    /// Whether a group of rows is wanted. The curves take long and have a picture as their point.
    pub fn wants(&self, row: Row) -> bool {
        match self.only.is_empty() {
            true => row != Row::Curves || self.plot.is_some(),
            false => self.only.contains(&row),
        }
    }

    /// The folder that most rows ask about.
    pub fn world(&self) -> World {
        self.world_of(self.tenants)
    }

    /// The same with another number of tenants.
    pub fn world_of(&self, tenants: usize) -> World {
        World {
            tenants,
            members: self.members,
            sub_accounts: self.sub_accounts,
        }
    }

    /// As given, smaller and shorter if that was asked for.
    pub fn settled(mut self) -> Self {
        if self.quick {
            self.tenants = self.tenants.min(20);
            self.many_tenants = self.many_tenants.min(100);
            self.questions = self.questions.min(1_000);
            self.new_questions = 5_000;
            self.rounds = self.rounds.min(3);
            self.round_ms = self.round_ms.min(200);
        }
        self
    }
}
