//! Tenants against latency, members against memory, as a picture.

use std::fs;
use std::time::Duration;

use super::Bench;
use crate::load::Pace;
use crate::support::questions::Distinct;
use crate::svg::{Curve, Panel, picture};
use crate::table::{Line, median_time, time};
use crate::worlds::evaluations;

const TENANTS: [usize; 4] = [10, 100, 1_000, 10_000];
const PARTS: [(f64, &str); 2] = [(0.5, "p50"), (0.99, "p99")];

pub fn measure(bench: &mut Bench<'_>) {
    let per_second = bench.bearable();
    let most = bench.args.many_tenants;
    let mut latency = PARTS.map(|(_, name)| Curve::new(format!("octroi {name}")));
    let mut floors = PARTS.map(|(_, name)| Curve::new(format!("floor {name}")));
    let mut memory = Curve::new("octroi, resident".to_owned());
    for tenants in TENANTS.into_iter().filter(|tenants| *tenants <= most) {
        let point = point(bench, tenants, per_second);
        for at in 0..PARTS.len() {
            let us = |time: Duration| time.as_secs_f64() * 1e6;
            latency[at].add(tenants as f64, us(point.octroi[at]));
            floors[at].add(tenants as f64, us(point.floor[at]));
        }
        memory.add((tenants * bench.args.members) as f64, point.resident_mib);
        let both = |times: [Duration; 2]| format!("{}, {}", time(times[0]), time(times[1]));
        bench.table.add(Line {
            what: format!("p50, p99 with {tenants} tenants, open loop at {per_second:.0}/s"),
            floor: both(point.floor),
            octroi: both(point.octroi),
            figure: format!("{:.1} MiB resident", point.resident_mib),
            ..Line::default()
        });
    }
    let Some(path) = &bench.args.plot else {
        return;
    };
    let panels = [
        Panel {
            title: format!("Latency at {per_second:.0} questions a second"),
            across: "tenants",
            up: "microseconds",
            curves: latency.into_iter().chain(floors).collect(),
        },
        Panel {
            title: "Memory".to_owned(),
            across: "members",
            up: "MiB",
            curves: vec![memory],
        },
    ];
    fs::write(path, picture(&panels)).expect("the picture's file");
}

struct Point {
    octroi: [Duration; 2],
    floor: [Duration; 2],
    resident_mib: f64,
}

fn point(bench: &mut Bench<'_>, tenants: usize, per_second: f64) -> Point {
    let folder = bench.folders.get(bench.args.world_of(tenants));
    let (count, seed) = (bench.args.questions, bench.args.seed);
    let requests = evaluations(&folder.questions(count, Distinct::Naturally, seed));
    let floor = bench.start_floor();
    let octroi = bench.start_sidecar(&folder, &[]);
    let mut contestants = [
        super::Contestant::new("the floor", &floor, bench.to_floor(&floor), &requests),
        super::Contestant::new("octroi", &octroi, bench.to_sidecar(&octroi), &requests),
    ];
    let pace = Pace::Open(per_second, bench.args.arrivals);
    let rounds = super::alternate(&mut contestants, pace, bench.args.rounds, bench.round());
    let of = |at: usize| {
        PARTS.map(|(part, _)| {
            let rounds = rounds[at].iter();
            median_time(rounds.map(|it| it.run.quantile(part, Duration::ZERO, Duration::MAX)))
        })
    };
    Point {
        floor: of(0),
        octroi: of(1),
        resident_mib: octroi.resident_mib(),
    }
}
