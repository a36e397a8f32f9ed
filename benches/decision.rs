//! One decision in process: the question parsed from its body, and decided on a compiled folder of 1,000 tenants.
//!
//! `cargo bench --bench decision`
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench says what it measured"
)]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use octroi::authzen::read_evaluation;
use octroi::pipeline;
use octroi::snapshot::Question;
use octroi::source::Sources;

const TENANTS: usize = 1_000;
const MEMBERS: usize = 50;
const QUESTIONS: usize = 1_000;
const NOW: i64 = 1_796_083_200_000;

fn decision(criterion: &mut Criterion) {
    let sources = Sources::from_texts(support::folder(TENANTS, MEMBERS));
    let outcome = pipeline::compile(sources, NOW, 1);
    let snapshot = outcome.snapshot.expect("the folder compiles");
    let bodies = support::bodies(TENANTS, MEMBERS, QUESTIONS);
    let questions: Vec<Question<'_>> = bodies
        .iter()
        .map(|body| read_evaluation(body.as_bytes()).expect("well-formed"))
        .collect();
    let allowed = questions
        .iter()
        .filter(|question| snapshot.decide(question, NOW).reason.allows())
        .count();
    println!("{allowed} of {QUESTIONS} questions are allowed");

    let mut group = criterion.benchmark_group("decision");
    group.throughput(Throughput::Elements(QUESTIONS as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            for body in &bodies {
                black_box(read_evaluation(black_box(body.as_bytes()))).ok();
            }
        });
    });
    group.bench_function("decide", |bencher| {
        bencher.iter(|| {
            for question in &questions {
                black_box(snapshot.decide(black_box(question), NOW));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, decision);
criterion_main!(benches);
