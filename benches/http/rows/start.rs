//! How long a start takes, what stays in memory, how large the program is. Everything on all cores, as it would run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Bench;
use crate::servers::{Server, Where};
use crate::table::{Line, median, median_time, time};

const STARTS: usize = 5;

/// Medians of some starts.
struct Started {
    after: Duration,
    time: Duration,
    resident_mib: f64,
    own_mib: f64,
    peak_mib: f64,
}

pub fn measure(bench: &mut Bench<'_>) {
    let floor = starts(|| Server::floor(&bench.cores, Where::AllCores));
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    started(bench, "the shipped policies", &policies, &floor, 0.05, 15.0);
    let world = bench.args.world_of(bench.args.many_tenants);
    let folder = bench.folders.get(world);
    let what = format!("{} tenants x {} members", world.tenants, world.members);
    started(bench, &what, folder.path(), &floor, 6.0, 400.0);
    let bytes = fs::metadata(&bench.args.program).map_or(0, |file| file.len());
    let mb = bytes as f64 / 1e6;
    bench.table.add(Line {
        what: "the program".to_owned(),
        goal: "15 MB".to_owned(),
        octroi: format!("{mb:.1} MB"),
        figure: format!("{mb:.1} MB"),
        met: Some(mb <= 15.0),
        ..Line::default()
    });
}

fn starts(start: impl Fn() -> Server) -> Started {
    let all: Vec<Started> = (0..STARTS)
        .map(|_| {
            let server = start();
            Started {
                after: server.started_in,
                time: server.time(),
                resident_mib: server.resident_mib(),
                own_mib: server.own_mib(),
                peak_mib: server.peak_mib(),
            }
        })
        .collect();
    Started {
        after: median_time(all.iter().map(|start| start.after)),
        time: median_time(all.iter().map(|start| start.time)),
        resident_mib: median(all.iter().map(|start| start.resident_mib)),
        own_mib: median(all.iter().map(|start| start.own_mib)),
        peak_mib: median(all.iter().map(|start| start.peak_mib)),
    }
}

fn started(
    bench: &mut Bench<'_>,
    what: &str,
    folder: &Path,
    floor: &Started,
    seconds_max: f64,
    mib_max: f64,
) {
    let octroi = starts(|| bench.start_sidecar_at(folder, &[], Where::AllCores));
    bench.table.add(Line {
        what: format!("ready with {what}, median of {STARTS}"),
        goal: time(Duration::from_secs_f64(seconds_max)),
        floor: time(floor.after),
        octroi: format!(
            "{}, {} of processor time in threads that live on",
            time(octroi.after),
            time(octroi.time)
        ),
        figure: time(octroi.after),
        met: Some(octroi.after.as_secs_f64() <= seconds_max),
    });
    bench.table.add(Line {
        what: format!("resident then, with {what}"),
        goal: format!("{mib_max} MiB"),
        floor: format!("{:.1} MiB, {:.1} of its own", floor.resident_mib, floor.own_mib),
        octroi: format!(
            "{:.1} MiB, {:.1} of its own, the rest pages of its file and of libraries; at most before {:.1}",
            octroi.resident_mib, octroi.own_mib, octroi.peak_mib
        ),
        figure: format!("{:.1} MiB", octroi.resident_mib),
        met: Some(octroi.resident_mib <= mib_max),
    });
}
