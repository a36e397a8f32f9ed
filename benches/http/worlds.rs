//! Policy folders on disk, compiled in this process too, with questions about them.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use std::{fs, io};

use octroi::clock;
use octroi::pipeline;
use octroi::snapshot::Snapshot;
use tempfile::TempDir;

use super::load::Request;
use crate::support::questions::{Distinct, Mix};
use crate::support::world::World;

/// A policy folder and what the library makes of it.
pub struct Folder {
    directory: TempDir,
    /// Its measures.
    pub world: World,
    /// Compiled in this process: what knows the answers.
    pub snapshot: Snapshot,
    /// The instant that the answers are about; nothing in the folder depends on it.
    pub now: i64,
}

impl Folder {
    fn new(world: World) -> Self {
        let started = Instant::now();
        let directory = TempDir::new().expect("a folder");
        write(world, directory.path()).expect("room on the disk");
        let now = clock::now_ms();
        let snapshot = compile(directory.path(), now);
        eprintln!(
            "{} tenants x {} members: written and compiled here in {:.1?}",
            world.tenants,
            world.members,
            started.elapsed()
        );
        Self {
            directory,
            world,
            snapshot,
            now,
        }
    }

    /// A snapshot that has decided nothing yet.
    pub fn compile(&self) -> Snapshot {
        compile(self.path(), self.now)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Questions about it.
    pub fn questions(&self, count: usize, distinct: Distinct, seed: u64) -> Mix {
        Mix::draw(self.world, &self.snapshot, self.now, count, distinct, seed)
    }
}

fn compile(folder: &Path, now: i64) -> Snapshot {
    crate::support::served(pipeline::load(folder, now, 1).expect("readable"))
}

fn write(world: World, folder: &Path) -> io::Result<()> {
    for (path, text) in world.files() {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// The folders of a run, each made once.
#[derive(Default)]
pub struct Folders {
    made: HashMap<World, Rc<Folder>>,
}

impl Folders {
    /// The folder of these measures.
    pub fn get(&mut self, world: World) -> Rc<Folder> {
        let made = self.made.entry(world);
        Rc::clone(made.or_insert_with(|| Rc::new(Folder::new(world))))
    }
}

/// A request for each question.
pub fn evaluations(mix: &Mix) -> Vec<Request> {
    let requests = mix.questions.iter();
    requests
        .map(|asked| Request::evaluation(&asked.body, asked.allowed))
        .collect()
}

/// Requests of `items` questions each, in their order.
pub fn batches(mix: &Mix, items: usize) -> Vec<Request> {
    let batches = mix.questions.chunks_exact(items);
    batches
        .map(|batch| {
            let bodies: Vec<&str> = batch.iter().map(|asked| asked.body.as_str()).collect();
            let allowed = batch.iter().map(|asked| asked.allowed).collect();
            Request::evaluations(&bodies, allowed)
        })
        .collect()
}
