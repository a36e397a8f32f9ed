//! Evaluations a second, and what each costs the server.

use super::Bench;
use crate::table::{Line, rate, time};
use crate::worlds::evaluations;

pub fn measure(bench: &mut Bench<'_>) {
    let (folder, mix) = bench.main();
    bench.table.note(format!(
        "{} tenants x {} members x {} sub-accounts: {mix}",
        folder.world.tenants, folder.world.members, folder.world.sub_accounts
    ));
    let server = bench.start_sidecar(&folder, &[]);
    let threads = server.threads();
    let duel = bench.against_floor(&server, &evaluations(&mix));
    bench.sidecar = Some(duel.octroi.per_second);
    bench.table.note(format!(
        "octroi runs {threads} threads, one of which answers; it kept {:.0} % of its core busy, the load {:.0} % of its own",
        duel.server_busy * 100.0,
        duel.load_busy * 100.0
    ));
    bench.table.add(Line {
        what: "evaluations a second".to_owned(),
        goal: "0.80 of the floor".to_owned(),
        floor: rate(duel.floor.per_second),
        octroi: rate(duel.octroi.per_second),
        figure: duel.describe(),
        met: Some(duel.reaches(0.80)),
    });
    bench.table.add(Line {
        what: "processor time of an evaluation".to_owned(),
        floor: time(duel.floor.time_each),
        octroi: time(duel.octroi.time_each),
        figure: format!("{:.2} x the floor", duel.time_ratio),
        ..Line::default()
    });
}
