//! Small files that are followed while the process runs: certificates, keys, tokens.
//!
//! They are read again every second and compared byte by byte. That costs less than a thousandth of a core, and works
//! wherever a file can be read: on network file systems, in containers, and where Kubernetes swaps a link, all of
//! which a watch of the operating system may miss.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long changed files must stay the same: who writes a key after its certificate is half done in between.
const SETTLED: Duration = Duration::from_millis(100);
/// The largest file that is read; a bundle of all public certificate authorities is a fifth of it.
const BYTES_MAX: u64 = 1 << 20;
/// Group and others, reading.
const READABLE_BY_OTHERS: u32 = 0o044;

/// What the files hold, in the order of their paths.
pub(super) type Contents = Vec<Vec<u8>>;

/// Whether files that are followed could be taken when they changed last; shared with whoever shows it.
#[derive(Debug, Clone)]
pub struct FileHealth {
    kind: &'static str,
    failing: Arc<ArcSwapOption<FileFailure>>,
}

/// Why changed files were not taken, and since when.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FileFailure {
    /// In RFC 3339: the first failure since the files were good.
    since: String,
    /// Why, as the log says it.
    error: String,
}

impl FileHealth {
    pub(super) fn new(kind: &'static str) -> Self {
        let failing = Arc::default();
        Self { kind, failing }
    }

    /// What the files are: `certificates` or `tokens`.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(super) fn failing(&self) -> Option<FileFailure> {
        self.failing.load().as_deref().cloned()
    }

    pub(super) fn is_good(&self) {
        self.failing.store(None);
    }

    pub(super) fn is_bad(&self, error: &impl fmt::Display) {
        let before = self.failing.load();
        let since = before.as_ref().map(|before| before.since.clone());
        self.failing.store(Some(Arc::new(FileFailure {
            since: since.unwrap_or_else(|| jiff::Timestamp::now().to_string()),
            error: error.to_string(),
        })));
    }
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "cannot read {}: {}",
            self.path.display(),
            self.reason
        )
    }
}

impl std::error::Error for FileError {}

/// Reads every file.
pub(super) fn read(paths: &[PathBuf]) -> Result<Contents, FileError> {
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |reason: String| FileError {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(plain(&error)))?;
    match read as u64 > BYTES_MAX {
        true => Err(failed(format!("it is larger than {BYTES_MAX} bytes"))),
        false => Ok(bytes),
    }
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "this process may not read it; check its owner and mode".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Warns of a secret that more than its owner may read.
pub(super) fn warn_if_open(what: &str, path: &Path) {
    let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777);
    if let Ok(mode) = mode
        && mode & READABLE_BY_OTHERS != 0
    {
        let (file, mode) = (path.display(), format!("{mode:04o}"));
        tracing::warn!(
            %file,
            mode,
            "{what} can be read by the file's group or by everybody; the mode 0600 keeps it to its owner"
        );
    }
}

/// Tells of every change of what was `known`, for as long as the process runs; a file that cannot be read any more is
/// a change too.
pub(super) async fn follow(
    paths: Vec<PathBuf>,
    known: Contents,
    mut changed: impl FnMut(&Result<Contents, FileError>),
) {
    let mut known = Ok(known);
    let mut turns = tokio::time::interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let now = read_elsewhere(&paths).await;
        if now.is_none() || now.as_ref() == Some(&known) {
            continue;
        }
        tokio::time::sleep(SETTLED).await;
        let Some(settled) = read_elsewhere(&paths).await else {
            continue;
        };
        if settled != known && now.as_ref() == Some(&settled) {
            changed(&settled);
            known = settled;
        }
    }
}

/// Reads on a thread that may wait for a slow disk; nothing if that thread is lost, which the next turn makes up for.
async fn read_elsewhere(paths: &[PathBuf]) -> Option<Result<Contents, FileError>> {
    let paths = paths.to_vec();
    let read = tokio::task::spawn_blocking(move || read(&paths));
    read.await.ok()
}
