//! The program on a folder of files, and what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder with files, for the program to run in.
pub(crate) struct Workplace(TempDir);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Workplace {
    /// A folder with files, by their paths below `policies`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::create_dir(place.policies()).unwrap();
        for (path, text) in files {
            place.write(path, text);
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn policies(&self) -> PathBuf {
        self.path().join("policies")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.policies().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.policies().join(path)).unwrap()
    }

    /// Runs the program in the folder, with nothing of our environment that it would listen to.
    pub(crate) fn octroi(&self, arguments: &[&str]) -> Said {
        octroi_in(self.path(), arguments)
    }
}

/// Runs the program in a folder.
pub(crate) fn octroi_in(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_octroi"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("OCTROI_POLICIES")
        .env_remove("OCTROI_FORMAT")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Said {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// The fenced blocks of a kind in a page of Markdown.
pub(crate) fn fenced<'t>(text: &'t str, kind: &str) -> Vec<&'t str> {
    let opening = format!("```{kind}\n");
    let parts = text.split(opening.as_str()).skip(1);
    parts
        .map(|part| part.split_once("```").expect("a closed block").0)
        .collect()
}
