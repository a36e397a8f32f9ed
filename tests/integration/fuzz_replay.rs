//! Replays the corpora of `tests/fuzz`, each file alone: none panics, none takes long.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::fuzzing;

/// The longest that a file may take, without optimisation and on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let entries = fs::read_dir(folder.join(target)).expect("a corpus");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(target: &str, body: fn(&[u8])) {
    let mut faults = Vec::new();
    let files = files(target);
    assert!(files.len() >= 20, "only {} files", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let (done, is_done) = mpsc::channel();
        // Named after the file, which is what a panic message or a stack overflow then says.
        let thread = thread::Builder::new().name(format!("{target}/{name}"));
        let _detached = thread.spawn(move || {
            body(&bytes);
            done.send(()).unwrap();
        });
        match is_done.recv_timeout(LONGEST) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => faults.push(format!("{name}: over {LONGEST:?}")),
            Err(RecvTimeoutError::Disconnected) => faults.push(format!("{name}: panicked")),
        }
    }
    assert!(faults.is_empty(), "{target}:\n{}", faults.join("\n"));
}

#[test]
fn policy_files() {
    replay("yaml", fuzzing::yaml);
}

#[test]
fn questions() {
    replay("question", fuzzing::question);
}

#[test]
fn conditions() {
    replay("when", fuzzing::when);
}

#[test]
fn raw_cedar() {
    replay("cedar", fuzzing::cedar);
}
