//! A thousand edits in a second while the sidecar is asked as much as it can take.
//!
//! Each edit takes `left` out of a tenant and puts `right` in, or the other way round, in one file and so at once. A
//! batch asks about both ten times: its answer must be all of one time, whichever. Everybody else's answers never
//! change.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Bench;
use super::edit::reads_dashboard;
use crate::load::{Load, Pace, Probe, Request, Run};
use crate::servers::Server;
use crate::support::world::World;
use crate::table::{Line, time};
use crate::worlds::{Folder, evaluations};

const EDITS: usize = 1_000;
const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(120);
/// How long everything that a reload leaves behind may take to be gone: the allocator gives it back when it is next asked
/// for a page, in a server that rests by the walk through the folder every ten seconds.
const SETTLED: Duration = Duration::from_secs(12);
/// One request in so many asks about both halves of an edit.
const HALVES_EVERY: usize = 16;

/// Who is a member of each tenant: `right`, or else `left`.
struct Tenants<'a> {
    folder: &'a Folder,
    beside: TempDir,
    right: Vec<bool>,
}

impl<'a> Tenants<'a> {
    /// All left.
    fn new(folder: &'a Folder) -> Self {
        let tenants = Self {
            folder,
            beside: TempDir::new().expect("a folder"),
            right: vec![false; folder.world.tenants],
        };
        for tenant in 0..folder.world.tenants {
            tenants.write(0, tenant, "  - {account: left, role: admin}\n");
            tenants.publish(0, tenant);
        }
        tenants
    }

    fn write(&self, edit: usize, tenant: usize, member: &str) {
        let text = self.folder.world.tenant(tenant, member);
        let path = self.beside.path().join(edit.to_string());
        fs::write(path, text).expect("room on the disk");
    }

    fn publish(&self, edit: usize, tenant: usize) {
        let path = self.folder.path().join(World::path(tenant));
        let written = self.beside.path().join(edit.to_string());
        fs::rename(written, path).expect("the same file system");
    }

    /// Writes the files of a burst, so that each edit is one rename, and says which tenants they are of.
    fn prepare(&mut self) -> Vec<usize> {
        let edited: Vec<usize> = (0..EDITS).map(|edit| edit % self.right.len()).collect();
        for (edit, tenant) in edited.iter().enumerate() {
            let right = !self.right[*tenant];
            self.right[*tenant] = right;
            let who = if right { "right" } else { "left" };
            self.write(
                edit,
                *tenant,
                &format!("  - {{account: {who}, role: admin}}\n"),
            );
        }
        edited
    }

    fn burst(&self, edited: &[usize]) {
        let started = Instant::now();
        for (edit, tenant) in edited.iter().enumerate() {
            self.publish(edit, *tenant);
            let at = SECOND * u32::try_from(edit).unwrap_or(0) / EDITS as u32;
            thread::sleep(at.saturating_sub(started.elapsed()));
        }
    }

    /// How long until every answer is that of the files.
    fn until_right(&self, server: &Server) -> Duration {
        let started = Instant::now();
        let mut probe = Probe::connect(server.address);
        for (tenant, right) in self.right.iter().enumerate() {
            let asked = Request::evaluation(&reads_dashboard("right", tenant), *right);
            while !probe.finds(&asked) {
                assert!(started.elapsed() < PATIENCE, "an edit is lost");
                thread::sleep(Duration::from_millis(1));
            }
        }
        started.elapsed()
    }
}

impl Drop for Tenants<'_> {
    /// Leaves the folder as it was.
    fn drop(&mut self) {
        for tenant in 0..self.right.len() {
            self.write(0, tenant, "");
            self.publish(0, tenant);
        }
    }
}

/// What one burst did.
struct Burst {
    run: Run,
    right_after: Duration,
    resident_mib: f64,
}

pub fn measure(bench: &mut Bench<'_>) {
    let (folder, mix) = bench.main();
    let mut tenants = Tenants::new(&folder);
    let server = bench.start_sidecar(&folder, &[]);
    let mut requests = evaluations(&mix);
    for (at, request) in requests.iter_mut().step_by(HALVES_EVERY).enumerate() {
        let asked = ["left", "right"].map(|it| reads_dashboard(it, at % folder.world.tenants));
        *request = Request::halves(&asked[0], &asked[1], 10);
    }
    let mut load = bench.to_sidecar(&server);
    load.run(&requests, Pace::Closed, 2 * SECOND)
        .checked("octroi");
    thread::sleep(SETTLED);
    let before = server.resident_mib();
    let bursts = [(); 2].map(|()| burst(&mut tenants, &server, &mut load, &requests));
    let [first, second] = &bursts;
    if let Some(wrong) = &first.run.first_wrong {
        bench.table.note(format!("burst: {wrong}"));
    }
    let wrong = first.run.wrong + second.run.wrong;
    bench.table.add(Line {
        what: format!("{EDITS} edits in a second, under full load, twice"),
        goal: "no failed, wrong or mixed answer".to_owned(),
        octroi: format!(
            "{} answers, all new {} after the load",
            first.run.answers + second.run.answers,
            time(first.right_after.max(second.right_after))
        ),
        figure: format!("{wrong} wrong"),
        met: Some(wrong == 0),
        ..Line::default()
    });
    let grown = second.resident_mib / before;
    bench.table.add(Line {
        what: "memory after those".to_owned(),
        goal: "where it was".to_owned(),
        octroi: format!(
            "{before:.1}, then {:.1}, then {:.1} MiB",
            first.resident_mib, second.resident_mib
        ),
        figure: format!("{grown:.2} x"),
        met: Some(grown <= 1.1),
        ..Line::default()
    });
}

fn burst(
    tenants: &mut Tenants<'_>,
    server: &Server,
    load: &mut Load,
    requests: &[Request],
) -> Burst {
    let edited = tenants.prepare();
    let tenants = &*tenants;
    let run = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(SECOND / 2);
            tenants.burst(&edited);
        });
        load.run(requests, Pace::Closed, 3 * SECOND)
    });
    let right_after = tenants.until_right(server);
    thread::sleep(SETTLED);
    Burst {
        run,
        right_after,
        resident_mib: server.resident_mib(),
    }
}
