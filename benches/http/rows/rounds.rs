//! Rounds in which servers take turns: what slows the machine for a while slows neighbours alike.

use std::time::Duration;

use crate::load::{Load, Pace, Request, Run};
use crate::servers::Server;

/// A server with its load.
pub struct Contestant<'a> {
    name: &'static str,
    server: &'a Server,
    load: Load,
    requests: &'a [Request],
}

/// One turn of one server.
#[derive(Debug)]
pub struct Round {
    /// Answers a second.
    pub per_second: f64,
    /// The server's processor time for each.
    pub time_each: Duration,
    /// How much of the time the load's core was busy with the load.
    pub load_busy: f64,
    /// How much of the time the server's core was busy with the server.
    pub server_busy: f64,
    /// Everything else.
    pub run: Run,
}

impl<'a> Contestant<'a> {
    /// A server that is asked these requests.
    pub fn new(
        name: &'static str,
        server: &'a Server,
        load: Load,
        requests: &'a [Request],
    ) -> Self {
        Self {
            name,
            server,
            load,
            requests,
        }
    }

    /// One turn, every answer checked.
    pub fn turn(&mut self, pace: Pace, time: Duration) -> Round {
        let before = self.server.time();
        let run = self.load.run(self.requests, pace, time).checked(self.name);
        let spent = self.server.time().saturating_sub(before);
        let answers = u32::try_from(run.answers.max(1)).unwrap_or(u32::MAX);
        Round {
            per_second: run.per_second(),
            time_each: spent / answers,
            load_busy: run.load_busy,
            server_busy: spent.div_duration_f64(run.took),
            run,
        }
    }
}

/// Some rounds of each, after one that does not count; each second time in the other order.
pub fn alternate(
    contestants: &mut [Contestant<'_>],
    pace: Pace,
    rounds: usize,
    time: Duration,
) -> Vec<Vec<Round>> {
    let mut all: Vec<Vec<Round>> = contestants.iter().map(|_| Vec::new()).collect();
    for contestant in contestants.iter_mut() {
        contestant.turn(pace, time);
    }
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            all[at].push(contestants[at].turn(pace, time));
        }
    }
    all
}
