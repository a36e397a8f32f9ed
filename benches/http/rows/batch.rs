//! Evaluations of 20 items, in requests of the floor.

use super::Bench;
use crate::table::{Line, rate};
use crate::worlds::batches;

const ITEMS: u32 = 20;

pub fn measure(bench: &mut Bench<'_>) {
    let (folder, mix) = bench.main();
    let server = bench.start_sidecar(&folder, &[]);
    let requests = batches(&mix, ITEMS as usize);
    let duel = bench.against_floor(&server, &requests);
    let items = f64::from(ITEMS);
    let in_one = duel.ratio * items;
    bench.table.add(Line {
        what: format!("decisions in evaluations of {ITEMS}"),
        goal: "4 in the time of a floor request".to_owned(),
        floor: rate(duel.floor.per_second),
        octroi: rate(duel.octroi.per_second * items),
        figure: format!(
            "{in_one:.1} (by processor time {:.1})",
            items / duel.time_ratio
        ),
        met: Some(duel.reaches(4.0 / items)),
    });
}
