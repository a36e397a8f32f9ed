//! The same with every question new: no cache can help, and none may grow.

use super::Bench;
use crate::servers::{Server, cache_by_default, with_cache};
use crate::support::questions::Distinct;
use crate::table::{Line, rate};
use crate::worlds::{Folder, evaluations};

/// Questions, if it is not for a cache to say.
const QUESTIONS: usize = 100_000;
/// More of them take too much memory here; the cache is made smaller then.
const QUESTIONS_MAX: usize = 1_000_000;

pub fn measure(bench: &mut Bench<'_>) {
    let folder = bench.folders.get(bench.args.world());
    let Some(default) = cache_by_default(&bench.args.program) else {
        bench
            .table
            .note("this version has no option `--decision-cache`");
        let count = asked_for(bench).unwrap_or(QUESTIONS);
        measure_with(bench, &folder, count, &[], "every question new");
        return;
    };
    let count = asked_for(bench).unwrap_or((default * 10).clamp(QUESTIONS, QUESTIONS_MAX));
    let holds = (count / 10).min(default);
    let options = if holds == default {
        Vec::new()
    } else {
        with_cache(holds)
    };
    let what = format!("every question new, a cache of {holds} for {count}");
    measure_with(bench, &folder, count, &options, &what);
    measure_with(
        bench,
        &folder,
        count,
        &with_cache(0),
        "every question new, the cache off",
    );
}

fn asked_for(bench: &Bench<'_>) -> Option<usize> {
    Some(bench.args.new_questions).filter(|count| *count > 0)
}

fn measure_with(
    bench: &mut Bench<'_>,
    folder: &Folder,
    count: usize,
    options: &[String],
    what: &str,
) {
    let mix = folder.questions(count, Distinct::InWhatDecides, bench.args.seed + 1);
    bench.table.note(format!("{what}: {mix}"));
    let server = bench.start_sidecar(folder, options);
    let duel = bench.against_floor(&server, &evaluations(&mix));
    bench.table.add(Line {
        what: format!("{what}{}", hits(&server)),
        goal: "0.55 of the floor".to_owned(),
        floor: rate(duel.floor.per_second),
        octroi: rate(duel.octroi.per_second),
        figure: duel.describe(),
        met: Some(duel.reaches(0.55)),
    });
}

/// How many questions the cache answered after all, as the sidecar itself counts.
fn hits(server: &Server) -> String {
    let all = server.metric("octroi_decision_cache_total");
    if all == 0.0 {
        return String::new();
    }
    let hits = server.metric(r#"octroi_decision_cache_total{result="hit""#);
    format!(" ({:.1} % hits)", hits / all * 100.0)
}
