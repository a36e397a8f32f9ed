//! Who runs where, and how much processor time it took.
//!
//! The kernel's calls are made through `rustix`, which wraps them safely: this crate forbids unsafe code. A child
//! inherits the cores of the thread that starts it, so that the very first instruction of a server already runs where
//! it belongs, and its runtime counts one core and starts one worker thread.

use std::fs;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// The cores of this run.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    all: CpuSet,
    server: usize,
    load: usize,
}

impl Cores {
    /// The servers get the first core that there is, the load the last.
    pub fn divide() -> Self {
        let all = sched_getaffinity(None).expect("the cores of this thread");
        let mut own = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let server = own.next().expect("a core");
        let load = own.next_back().unwrap_or(server);
        if load == server {
            eprintln!("warning: there is one core, which the load shares with the servers");
        }
        Self { all, server, load }
    }

    /// Where what runs, in words.
    pub fn describe(&self) -> String {
        format!(
            "servers on core {}, load on core {}, of {}",
            self.server,
            self.load,
            self.all.count()
        )
    }

    /// Runs this thread on the load's core from now on.
    pub fn take_load(&self) {
        run_on(&one(self.load));
    }

    /// Starts something on the servers' core.
    pub fn on_server<T>(&self, start: impl FnOnce() -> T) -> T {
        self.on(&one(self.server), start)
    }

    /// Starts something that may use every core.
    pub fn on_all<T>(&self, start: impl FnOnce() -> T) -> T {
        self.on(&self.all, start)
    }

    fn on<T>(&self, cores: &CpuSet, start: impl FnOnce() -> T) -> T {
        let before = sched_getaffinity(None).expect("the cores of this thread");
        run_on(cores);
        let started = start();
        run_on(&before);
        started
    }
}

fn one(core: usize) -> CpuSet {
    let mut cores = CpuSet::new();
    cores.set(core);
    cores
}

fn run_on(cores: &CpuSet) {
    sched_setaffinity(None, cores).expect("a thread may choose among its own cores");
}

/// The processor time that a process's threads have taken, in user mode and in the kernel's: its system calls, and
/// what the loopback does on their behalf.
pub fn time_of(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("a process that runs");
    let nanoseconds = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// The processor time that this thread has taken: what runs beside it does not count.
pub fn time_of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A line of a process's status: memory in KiB, or the number of its threads.
pub fn status_of(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process that runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number")
}
