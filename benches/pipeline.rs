//! From files in memory to a snapshot: how long a reload takes, by the number of tenants.
//!
//! `cargo bench --bench pipeline`
#![expect(clippy::indexing_slicing, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use octroi::pipeline;
use octroi::source::Sources;

const MEMBERS: usize = 50;

fn pipeline_by_tenants(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pipeline");
    group.sample_size(10);
    for tenants in [10, 100, 1_000] {
        let sources = Sources::from_texts(support::folder(tenants, MEMBERS));
        group.bench_with_input(
            BenchmarkId::new("tenants", tenants),
            &sources,
            |bencher, sources| {
                bencher.iter(|| black_box(pipeline::compile(sources.clone(), 0, 1)));
            },
        );
    }
    group.finish();
    // The bodies serve the decision bench; here they only show that the folder is the same.
    black_box(support::bodies(1, MEMBERS, 1));
}

criterion_group!(benches, pipeline_by_tenants);
criterion_main!(benches);
