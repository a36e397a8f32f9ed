//! One decision in process: *warm* from a question's bytes to a decision that is remembered, *cold* from a question that
//! was read to a decision that is not, the search for it included.

use std::hint::black_box;
use std::time::Duration;

use octroi::authzen::read_evaluation;
use octroi::snapshot::{Question, Snapshot};

use super::Bench;
use crate::cores::time_of_this_thread;
use crate::support::questions::{Distinct, Mix};
use crate::table::{Line, median_time, time};

/// Questions that are decided for the first time.
const NEW: usize = 200_000;

pub fn measure(bench: &mut Bench<'_>) {
    let floor = bench.floor().time_each;
    let (folder, warm) = bench.main();
    let new = if bench.args.quick { 5_000 } else { NEW };
    let new = folder.questions(new, Distinct::InWhatDecides, bench.args.seed + 2);
    // The folder's own snapshot has decided all of them to know the answers; this one has decided nothing.
    let fresh = folder.compile();
    let new = decide_all(&fresh, folder.now, &new);
    // The first time they are noted, the second time kept; again for those whose note had to give way meanwhile.
    (0..16).for_each(|_| {
        decide_all(&fresh, folder.now, &warm);
    });
    let rounds = 0..bench.args.rounds;
    let warm = median_time(rounds.map(|_| recall_all(&fresh, folder.now, &warm)));
    for (what, each, limit) in [
        ("one decision in process, warm", warm, 0.08),
        ("one decision in process, cold", new, 0.6),
    ] {
        let ratio = each.div_duration_f64(floor);
        bench.table.add(Line {
            what: what.to_owned(),
            goal: format!("{limit} of the floor's processor time"),
            floor: time(floor),
            octroi: time(each),
            figure: format!("{ratio:.2}"),
            met: Some(ratio <= limit),
        });
    }
}

/// The mean processor time of deciding each question once.
fn decide_all(snapshot: &Snapshot, now: i64, mix: &Mix) -> Duration {
    let bodies = mix.questions.iter().map(|asked| asked.body.as_bytes());
    let questions: Vec<(&[u8], Question<'_>)> = bodies
        .filter_map(|body| Some((body, read_evaluation(body).ok()?)))
        .collect();
    each(questions.len(), || {
        for (body, question) in &questions {
            if let Err(words) = snapshot.recall(body, now) {
                black_box(snapshot.decide_and_remember(words, black_box(question), now));
            }
        }
    })
}

/// The mean processor time of recalling each decision once.
fn recall_all(snapshot: &Snapshot, now: i64, mix: &Mix) -> Duration {
    each(mix.questions.len(), || {
        for asked in &mix.questions {
            let recalled = snapshot.recall(black_box(asked.body.as_bytes()), now);
            assert!(black_box(recalled).is_ok(), "remembered");
        }
    })
}

fn each(count: usize, work: impl FnOnce()) -> Duration {
    let before = time_of_this_thread();
    work();
    let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    time_of_this_thread().saturating_sub(before) / count
}
