//! Throughput with many tenants against few: the same number of questions, over all of them.

use super::{Bench, Contestant, alternate};
use crate::load::Pace;
use crate::support::questions::Distinct;
use crate::table::{Line, median, rate};
use crate::worlds::evaluations;

const FEW: usize = 10;

pub fn measure(bench: &mut Bench<'_>) {
    let many_tenants = bench.args.many_tenants;
    let folders = [FEW, many_tenants].map(|tenants| {
        let world = bench.args.world_of(tenants);
        bench.folders.get(world)
    });
    let requests = folders.each_ref().map(|folder| {
        let seed = bench.args.seed;
        evaluations(&folder.questions(bench.args.questions, Distinct::Naturally, seed))
    });
    let servers = folders
        .each_ref()
        .map(|folder| bench.start_sidecar(folder, &[]));
    let mut contestants = [0, 1].map(|at| {
        let load = bench.to_sidecar(&servers[at]);
        Contestant::new("octroi", &servers[at], load, &requests[at])
    });
    let rounds = alternate(
        &mut contestants,
        Pace::Closed,
        bench.args.rounds,
        bench.round(),
    );
    let per_second = |at: usize| median(rounds[at].iter().map(|round| round.per_second));
    let pairs = || rounds[0].iter().zip(&rounds[1]);
    let ratio = median(pairs().map(|(few, many)| many.per_second / few.per_second));
    let times = pairs().map(|(few, many)| many.time_each.div_duration_f64(few.time_each));
    bench.table.add(Line {
        what: format!("evaluations a second with {many_tenants} tenants"),
        goal: format!("0.95 of those with {FEW}"),
        floor: format!("{} with {FEW}", rate(per_second(0))),
        octroi: rate(per_second(1)),
        figure: format!("{ratio:.2} (processor time {:.2} x)", median(times)),
        met: Some(ratio >= 0.95),
    });
}
