//! The few series that are written at each scrape and held by no registry: a revision label would leave a series
//! behind at every reload, and the process's CPU time is a fraction, which a registered counter cannot hold.

use std::fmt::Write as _;

use metrics_process::collector::Metrics as Process;

use super::Build;

pub(super) fn append_build(text: &mut String, build: Build) {
    let labels = [("version", build.version), ("commit", build.commit)];
    let help = "The program that runs; always 1.";
    append_info(text, "octroi_build_info", help, &labels);
}

pub(super) fn append_revision(text: &mut String, revision: Option<&str>) {
    if let Some(revision) = revision {
        let help = "Revision of the published snapshot; always 1.";
        append_info(
            text,
            "octroi_snapshot_info",
            help,
            &[("revision", revision)],
        );
    }
}

fn append_info(text: &mut String, name: &str, help: &str, labels: &[(&str, &str)]) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    let labels = labels.join(",");
    let _ = writeln!(
        text,
        "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{{{labels}}} 1\n"
    );
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

pub(super) fn append_process(text: &mut String, process: &Process) {
    let whole = |value: Option<u64>| value.map(|value| value as f64);
    let series = [
        (
            "cpu_seconds_total",
            "counter",
            "User and system CPU time spent, in seconds.",
            process.cpu_seconds_total,
        ),
        (
            "open_fds",
            "gauge",
            "Open file descriptors.",
            whole(process.open_fds),
        ),
        (
            "max_fds",
            "gauge",
            "Most file descriptors that may be open.",
            whole(process.max_fds),
        ),
        (
            "virtual_memory_bytes",
            "gauge",
            "Virtual memory, in bytes.",
            whole(process.virtual_memory_bytes),
        ),
        (
            "virtual_memory_max_bytes",
            "gauge",
            "Most virtual memory available, in bytes.",
            whole(process.virtual_memory_max_bytes),
        ),
        (
            "resident_memory_bytes",
            "gauge",
            "Resident memory, in bytes.",
            whole(process.resident_memory_bytes),
        ),
        (
            "start_time_seconds",
            "gauge",
            "Unix time at which the process started.",
            whole(process.start_time_seconds),
        ),
        (
            "threads",
            "gauge",
            "Threads of the process.",
            whole(process.threads),
        ),
    ];
    for (name, kind, help, value) in series {
        if let Some(value) = value {
            let name = format!("process_{name}");
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
            );
        }
    }
}
