//! One decision in process, on a compiled folder of 1,000 tenants, over the questions that the bench `http` asks: *warm*
//! from a body to a decision that is remembered, *cold* from a question that was read to a decision that is not, the
//! search for it included.
//!
//! `cargo bench --bench decision`. With `FLOOR_NS`, the processor time of a request of a bare hyper server in
//! nanoseconds (`cargo bench --bench http -- --only throughput` measures it), the means are also stated as parts of it.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench says what it measured"
)]

mod support;

use std::hint::black_box;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use octroi::authzen::read_evaluation;
use octroi::pipeline;
use octroi::snapshot::{Question, Snapshot};
use octroi::source::Sources;
use support::questions::{Distinct, Mix};
use support::world::World;

const WORLD: World = World {
    tenants: 1_000,
    members: 50,
    sub_accounts: 5,
};
const NOW: i64 = 1_796_083_200_000;
const WARM: usize = 10_000;
/// Many times what a cache may hold, so that a question is gone again when its turn comes the next time.
const COLD: usize = 200_000;
/// Questions of one measurement of cold decisions.
const CHUNK: usize = 1_000;

fn decision(criterion: &mut Criterion) {
    let sources = Sources::from_texts(WORLD.files());
    let compile = || support::served(pipeline::compile(sources.clone(), NOW, 1));
    // The snapshot that knows the answers has decided everything once; the one that is measured has decided nothing.
    let drawing = compile();
    let warm = Mix::draw(WORLD, &drawing, NOW, WARM, Distinct::Naturally, 1);
    let cold = Mix::draw(WORLD, &drawing, NOW, COLD, Distinct::InWhatDecides, 2);
    drop(drawing);
    let snapshot = compile();
    println!("warm: {warm}\ncold: {cold}");
    let cold_questions = parsed(&cold);

    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(WARM as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| parsed(black_box(&warm)));
    });
    group.bench_function("warm", |bencher| {
        // Noted, kept, and once more for those whose note was lost meanwhile.
        (0..16).for_each(|_| decide(&snapshot, &parsed(&warm)));
        bencher.iter(|| recall(&snapshot, &warm));
    });
    group.throughput(Throughput::Elements(CHUNK as u64));
    let mut chunks = cold_questions.chunks(CHUNK).cycle();
    group.bench_function("cold", |bencher| {
        bencher.iter_batched(
            || chunks.next().unwrap_or_default(),
            |chunk| decide(&snapshot, chunk),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    print_means(&snapshot, &warm, &cold_questions);
}

/// A question's body and what it says.
type Read<'a> = (&'a [u8], Question<'a>);

fn parsed(mix: &Mix) -> Vec<Read<'_>> {
    let bodies = mix.questions.iter().map(|asked| asked.body.as_bytes());
    bodies
        .map(|body| (body, read_evaluation(body).expect("well-formed")))
        .collect()
}

fn decide(snapshot: &Snapshot, questions: &[Read<'_>]) {
    for (body, question) in questions {
        if let Err(words) = snapshot.recall(body, NOW) {
            black_box(snapshot.decide_and_remember(words, black_box(question), NOW));
        }
    }
}

fn recall(snapshot: &Snapshot, mix: &Mix) {
    for asked in &mix.questions {
        let recalled = snapshot.recall(black_box(asked.body.as_bytes()), NOW);
        assert!(black_box(recalled).is_ok(), "remembered");
    }
}

/// The means of one decision, beside the floor if it is given.
fn print_means(snapshot: &Snapshot, warm: &Mix, cold: &[Read<'_>]) {
    let floor: Option<f64> = std::env::var("FLOOR_NS")
        .ok()
        .and_then(|floor| floor.parse().ok());
    (0..16).for_each(|_| decide(snapshot, &parsed(warm)));
    let measured: [(&str, usize, &dyn Fn()); 2] = [
        ("warm", warm.questions.len(), &|| recall(snapshot, warm)),
        ("cold", cold.len(), &|| decide(snapshot, cold)),
    ];
    for (what, count, work) in measured {
        let started = Instant::now();
        work();
        let count = u32::try_from(count).expect("some");
        let each = started.elapsed().as_secs_f64() * 1e9 / f64::from(count);
        match floor {
            Some(floor) => println!("{what}: {each:.0} ns, {:.3} of the floor", each / floor),
            None => println!("{what}: {each:.0} ns"),
        }
    }
}

criterion_group!(benches, decision);
criterion_main!(benches);
