//! One tenant's file among many is edited: how long until the new answer, and what the others notice.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Bench;
use crate::load::{Load, Pace, Probe, Request};
use crate::servers::Where;
use crate::support::questions::Distinct;
use crate::support::world::World;
use crate::table::{Line, median, median_time, time};
use crate::worlds::{Folder, evaluations};

const EDITS: usize = 5;
/// How long until an edit is taken for lost.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a reload leaves behind is gone after this long.
const PAUSE: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);

/// An account that comes and goes in the middlemost tenant.
struct Visitor {
    tenant: usize,
    world: World,
    beside: TempDir,
}

impl Visitor {
    fn of(world: World) -> Self {
        Self {
            tenant: world.tenants / 2,
            world,
            beside: TempDir::new().expect("a folder"),
        }
    }

    /// Asks whether the visitor is a member now.
    fn asked(&self, expected: bool) -> Request {
        Request::evaluation(&reads_dashboard("visitor", self.tenant), expected)
    }

    /// Writes the tenant's file beside the folder, so that the edit itself is one rename.
    fn write(&self, member: bool) -> std::path::PathBuf {
        let text = self
            .world
            .tenant(self.tenant, if member { VISITOR } else { "" });
        let path = self.beside.path().join("tenant.yaml");
        fs::write(&path, text).expect("room on the disk");
        path
    }

    fn publish(&self, folder: &Path, written: &Path) {
        let path = folder.join(World::path(self.tenant));
        fs::rename(written, path).expect("the same file system");
    }
}

const VISITOR: &str = "  - {account: visitor, role: admin}\n";

/// May an account read the dashboard of a tenant?
pub fn reads_dashboard(account: &str, tenant: usize) -> String {
    format!(
        r#"{{"subject":{{"type":"user","id":"{account}"}},"action":{{"name":"read"}},"resource":{{"type":"dashboard","id":"d","properties":{{"tenant":"t{tenant}"}}}}}}"#
    )
}

pub fn measure(bench: &mut Bench<'_>) {
    let world = bench.args.world_of(bench.args.many_tenants);
    let folder = bench.folders.get(world);
    let visitor = Visitor::of(world);
    until_the_answer(bench, &folder, &visitor);
    beside_the_edit(bench, &folder, &visitor);
    // As it was, for the rows to come.
    visitor.publish(folder.path(), &visitor.write(false));
}

fn until_the_answer(bench: &mut Bench<'_>, folder: &Folder, visitor: &Visitor) {
    let server = bench.start_sidecar_at(folder.path(), &[], Where::AllCores);
    let mut probe = Probe::connect(server.address);
    let edits = (0..EDITS).map(|edit| {
        let member = edit % 2 == 0;
        let asked = visitor.asked(member);
        let written = visitor.write(member);
        thread::sleep(PAUSE);
        let edited = Instant::now();
        visitor.publish(folder.path(), &written);
        while !probe.finds(&asked) {
            assert!(edited.elapsed() < PATIENCE, "the edit is lost");
            thread::sleep(Duration::from_micros(500));
        }
        edited.elapsed()
    });
    let after = median_time(edits);
    bench.table.add(Line {
        what: format!(
            "an edit among {} tenants, until the new answer, median of {EDITS}",
            folder.world.tenants
        ),
        goal: "100 ms".to_owned(),
        octroi: time(after),
        figure: time(after),
        met: Some(after <= Duration::from_millis(100)),
        ..Line::default()
    });
}

/// The server has one core for answers and for the reload, and is asked no more than it bears otherwise.
fn beside_the_edit(bench: &mut Bench<'_>, folder: &Folder, visitor: &Visitor) {
    let per_second = bench.bearable();
    let mix = folder.questions(bench.args.questions, Distinct::Naturally, bench.args.seed);
    let requests = evaluations(&mix);
    let server = bench.start_sidecar(folder, &[]);
    let mut load = bench.to_sidecar(&server);
    let pace = Pace::Open(per_second, bench.args.arrivals);
    load.run(&requests, Pace::Closed, SECOND).checked("octroi");
    let edits: Vec<[Duration; 2]> = (0..EDITS)
        .map(|edit| {
            // The last edit of the row before left the visitor a member.
            let written = visitor.write(edit % 2 == 1);
            thread::sleep(PAUSE);
            seconds(&mut load, &requests, pace, || {
                visitor.publish(folder.path(), &written);
            })
        })
        .collect();
    let ratio = median(
        edits
            .iter()
            .map(|[before, with]| with.div_duration_f64(*before)),
    );
    let [before, with] = [0, 1].map(|at| median_time(edits.iter().map(|edit| edit[at])));
    bench.table.add(Line {
        what: format!("p99.9 in the second of the edit, at {per_second:.0}/s, one core"),
        goal: "2 x the second before".to_owned(),
        floor: format!("{} before", time(before)),
        octroi: time(with),
        figure: format!("{ratio:.1} x"),
        met: Some(ratio <= 2.0),
    });
}

/// The p99.9 of the second before an edit and of the one from it on.
fn seconds(
    load: &mut Load,
    requests: &[Request],
    pace: Pace,
    edit: impl FnOnce() + Send,
) -> [Duration; 2] {
    let settle = SECOND / 2;
    let run = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(settle + SECOND);
            edit();
        });
        load.run(requests, pace, settle + SECOND * 2)
    });
    let run = run.checked("octroi");
    let second = |from: Duration| run.quantile(0.999, from, from + SECOND);
    [second(settle), second(settle + SECOND)]
}
