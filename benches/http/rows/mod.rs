//! The rows of the table, one file a group, and what they share.

mod batch;
mod burst;
mod curves;
mod decision;
mod edit;
mod latency;
mod new;
mod rounds;
mod start;
mod tenants;
mod throughput;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::args::{Args, Row};
use super::cores::Cores;
use super::load::{Load, Pace, Request};
use super::servers::{Server, Where};
use super::table::{self, Table};
use super::worlds::{Folder, Folders, evaluations};
use crate::support::questions::{Distinct, Mix};
use rounds::{Contestant, alternate};

/// Measures a group of rows and adds them to the table.
type Measure = fn(&mut Bench<'_>);

/// Measures what was asked for.
pub fn measure(args: &Args) -> Table {
    let mut bench = Bench::new(args);
    // The floor's rate and processor time are the measure of nearly all else.
    let groups: [(Row, Measure); 10] = [
        (Row::Throughput, throughput::measure),
        (Row::New, new::measure),
        (Row::Latency, latency::measure),
        (Row::Decision, decision::measure),
        (Row::Batch, batch::measure),
        (Row::Burst, burst::measure),
        (Row::Tenants, tenants::measure),
        (Row::Edit, edit::measure),
        (Row::Curves, curves::measure),
        (Row::Start, start::measure),
    ];
    for (row, measure) in groups {
        if args.wants(row) {
            measure(&mut bench);
        }
    }
    bench.table
}

/// What the rows share.
struct Bench<'a> {
    args: &'a Args,
    cores: Cores,
    folders: Folders,
    table: Table,
    floor: Option<Floor>,
    /// Evaluations a second of the sidecar.
    sidecar: Option<f64>,
}

/// What the floor takes, measured in this run.
#[derive(Debug, Clone, Copy)]
struct Floor {
    per_second: f64,
    time_each: Duration,
}

impl<'a> Bench<'a> {
    fn new(args: &'a Args) -> Self {
        let cores = Cores::divide();
        cores.take_load();
        let mut table = Table::default();
        table.note(format!(
            "{}; {} connections; {} rounds of {} ms, medians",
            cores.describe(),
            args.connections,
            args.rounds,
            args.round_ms
        ));
        if args.quick {
            table.note("quick: these figures mean nothing");
        }
        Self {
            args,
            cores,
            folders: Folders::default(),
            table,
            floor: None,
            sidecar: None,
        }
    }

    fn round(&self) -> Duration {
        Duration::from_millis(self.args.round_ms)
    }

    /// The folder that most rows ask about, and its questions.
    fn main(&mut self) -> (Rc<Folder>, Mix) {
        let folder = self.folders.get(self.args.world());
        let mix = folder.questions(self.args.questions, Distinct::Naturally, self.args.seed);
        (folder, mix)
    }

    fn start_floor(&self) -> Server {
        Server::floor(&self.cores, Where::OneCore)
    }

    fn start_sidecar(&self, folder: &Folder, options: &[String]) -> Server {
        self.start_sidecar_at(folder.path(), options, Where::OneCore)
    }

    fn start_sidecar_at(&self, folder: &Path, options: &[String], place: Where) -> Server {
        Server::sidecar(&self.args.program, folder, options, &self.cores, place)
    }

    fn to_floor(&self, server: &Server) -> Load {
        Load::to_floor(server.address, self.args.connections)
    }

    fn to_sidecar(&self, server: &Server) -> Load {
        Load::to_sidecar(server.address, self.args.connections)
    }

    /// What the floor takes; measured now if it was not before.
    fn floor(&mut self) -> Floor {
        if let Some(floor) = self.floor {
            return floor;
        }
        let (_, mix) = self.main();
        let requests = evaluations(&mix);
        let server = self.start_floor();
        let mut floor = [Contestant::new(
            "the floor",
            &server,
            self.to_floor(&server),
            &requests,
        )];
        let rounds = alternate(&mut floor, Pace::Closed, self.args.rounds, self.round());
        let floor = Floor::of(&rounds[0]);
        self.floor = Some(floor);
        floor
    }

    /// A rate that both bear, for rows that compare a server with itself: a quarter of what the floor could take, and
    /// at most half of what the sidecar could.
    fn bearable(&mut self) -> f64 {
        let sidecar = match self.sidecar {
            Some(sidecar) => sidecar,
            None => {
                let (folder, mix) = self.main();
                let server = self.start_sidecar(&folder, &[]);
                let duel = self.against_floor(&server, &evaluations(&mix));
                *self.sidecar.insert(duel.octroi.per_second)
            }
        };
        (self.floor().per_second / 4.0).min(sidecar / 2.0)
    }

    /// The sidecar against the floor, in alternating rounds; the floor's figures are kept.
    fn against_floor(&mut self, sidecar: &Server, asked: &[Request]) -> Duel {
        let (_, mix) = self.main();
        let plain = evaluations(&mix);
        let floor = self.start_floor();
        let mut contestants = [
            Contestant::new("the floor", &floor, self.to_floor(&floor), &plain),
            Contestant::new("octroi", sidecar, self.to_sidecar(sidecar), asked),
        ];
        let rounds = alternate(
            &mut contestants,
            Pace::Closed,
            self.args.rounds,
            self.round(),
        );
        let [floor, octroi] = [Floor::of(&rounds[0]), Floor::of(&rounds[1])];
        self.floor.get_or_insert(floor);
        let pairs = || rounds[0].iter().zip(&rounds[1]);
        Duel {
            floor,
            octroi,
            ratio: table::median(pairs().map(|(floor, it)| it.per_second / floor.per_second)),
            time_ratio: table::median(
                pairs().map(|(floor, it)| it.time_each.div_duration_f64(floor.time_each)),
            ),
            load_busy: table::median(rounds[0].iter().map(|round| round.load_busy)),
            server_busy: table::median(rounds[1].iter().map(|round| round.server_busy)),
        }
    }
}

/// What came of [`Bench::against_floor`].
struct Duel {
    floor: Floor,
    octroi: Floor,
    /// Of the throughputs, the median of the rounds' ratios.
    ratio: f64,
    /// Of the processor times.
    time_ratio: f64,
    /// How much of its core the load took while it asked the floor.
    load_busy: f64,
    /// How much of its core the sidecar took.
    server_busy: f64,
}

impl Duel {
    /// The ratio of the throughputs, and what it would be if each server had its core to itself all the time. While the
    /// machine is busy with other things, the load keeps the faster server less busy, which flatters the slower one.
    fn describe(&self) -> String {
        format!(
            "{:.2} (by processor time {:.2})",
            self.ratio,
            1.0 / self.time_ratio
        )
    }

    /// Whether both are as high as this.
    fn reaches(&self, ratio: f64) -> bool {
        self.ratio >= ratio && 1.0 / self.time_ratio >= ratio
    }
}

impl Floor {
    fn of(rounds: &[rounds::Round]) -> Self {
        Self {
            per_second: table::median(rounds.iter().map(|round| round.per_second)),
            time_each: table::median_time(rounds.iter().map(|round| round.time_each)),
        }
    }
}
