//! Latency in an open loop: requests come at half the rate that the floor can take, whatever the answers do.

use std::time::Duration;

use super::{Bench, Contestant, alternate};
use crate::load::Pace;
use crate::table::{Line, median, median_time, time};
use crate::worlds::evaluations;

pub fn measure(bench: &mut Bench<'_>) {
    let half = bench.floor().per_second / 2.0;
    let (folder, mix) = bench.main();
    let requests = evaluations(&mix);
    let floor = bench.start_floor();
    let octroi = bench.start_sidecar(&folder, &[]);
    let mut contestants = [
        Contestant::new("the floor", &floor, bench.to_floor(&floor), &requests),
        Contestant::new("octroi", &octroi, bench.to_sidecar(&octroi), &requests),
    ];
    let pace = Pace::Open(half, bench.args.arrivals);
    let rounds = alternate(&mut contestants, pace, bench.args.rounds, bench.round());
    // Who cannot keep up has a queue that grows as long as the round lasts: its latency says only that.
    let keeps_up = median(rounds[1].iter().map(|round| round.per_second)) >= 0.98 * half;
    let overloaded = if keeps_up { "" } else { ", overloaded" };
    for (part, name, limit) in [
        (0.5, "p50", None),
        (0.99, "p99", Some(1.5)),
        (0.999, "p99.9", None),
    ] {
        let of = |at: usize| -> Vec<Duration> {
            let rounds = rounds[at].iter();
            let all = |round: &super::rounds::Round| {
                round.run.quantile(part, Duration::ZERO, Duration::MAX)
            };
            rounds.map(all).collect()
        };
        let (floors, octrois) = (of(0), of(1));
        let pairs = floors.iter().zip(&octrois);
        let ratio = median(pairs.map(|(floor, it)| it.div_duration_f64(*floor)));
        bench.table.add(Line {
            what: format!("{name}, open loop at {half:.0}/s, half the floor's"),
            goal: limit.map_or(String::new(), |limit| format!("{limit} x the floor")),
            floor: time(median_time(floors)),
            octroi: time(median_time(octrois)),
            figure: format!("{ratio:.2} x{overloaded}"),
            met: limit.map(|limit| keeps_up && ratio <= limit),
        });
    }
}
