//! From files in memory to a snapshot: how long a reload takes, by the number of tenants.
//!
//! `cargo bench --bench pipeline`

#[path = "support/world.rs"]
mod world;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use octroi::pipeline;
use octroi::source::Sources;
use world::World;

fn pipeline_by_tenants(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pipeline");
    group.sample_size(10);
    for tenants in [10, 100, 1_000] {
        let world = World {
            tenants,
            members: 50,
            sub_accounts: 5,
        };
        let sources = Sources::from_texts(world.files());
        group.bench_with_input(
            BenchmarkId::new("tenants", tenants),
            &sources,
            |bencher, sources| {
                bencher.iter(|| black_box(pipeline::compile(sources.clone(), 0, 1)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, pipeline_by_tenants);
criterion_main!(benches);
