//! Unix sockets: a file that comes and goes with its listener, and is never open to more than its mode says.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

/// How long a socket that exists may take to say whether somebody listens.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who may connect to a socket, as `chmod` takes it in octal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnixMode(u32);

impl FromStr for UnixMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let mode = u32::from_str_radix(text, 8).ok();
        mode.filter(|mode| digits && *mode <= 0o777)
            .map(Self)
            .ok_or("not a mode in octal, such as 0600 or 0660")
    }
}

/// Why there is no socket at a path.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    #[error("another process listens there")]
    Live,
    #[error("the path exists and is no socket; octroi removes nothing but dead sockets")]
    NoSocket,
    #[error("cannot tell whether another process listens there: {0}")]
    Untold(io::Error),
    #[error("its folder does not exist")]
    NoFolder,
    #[error("the path is too long for a socket, which may have some 90 bytes")]
    TooLong,
    #[error("TLS needs a certificate and a key")]
    NoCertificate,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The socket's file: removed when this is dropped, unless the path has become another's since.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Device and inode.
type Identity = (u64, u64);

/// Binds a socket that at no moment is open to more than `mode` says: it is made in a folder that nobody else may
/// enter, and moved to its place once its mode is right. The move also replaces a dead socket in one step.
pub(super) async fn bind(
    path: &Path,
    mode: UnixMode,
) -> Result<(UnixListener, SocketFile), SocketError> {
    // A longer one could be made below, and nobody could connect to it.
    SocketAddr::from_pathname(path).map_err(|_| SocketError::TooLong)?;
    refuse_unless_free(path).await?;
    let folder = PrivateFolder::beside(path)?;
    let made = folder.0.join("s");
    SocketAddr::from_pathname(&made).map_err(|_| SocketError::TooLong)?;
    let listener = UnixListener::bind(&made)?;
    fs::set_permissions(&made, Permissions::from_mode(mode.0))?;
    let identity = identity(&made)?;
    fs::rename(&made, path)?;
    let file = SocketFile {
        path: path.to_owned(),
        identity,
    };
    Ok((listener, file))
}

/// Nothing there, or a socket that nobody listens at.
async fn refuse_unless_free(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(found) if !found.file_type().is_socket() => return Err(SocketError::NoSocket),
        Ok(_) => {}
    }
    let connected = tokio::time::timeout(PATIENCE, UnixStream::connect(path)).await;
    let connected = connected.unwrap_or(Err(io::ErrorKind::WouldBlock.into()));
    match connected.map_err(|error| (error.kind(), error)) {
        Err((io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound, _)) => Ok(()),
        // Accepted, or too busy to accept.
        Ok(_) | Err((io::ErrorKind::WouldBlock, _)) => Err(SocketError::Live),
        Err((_, error)) => Err(SocketError::Untold(error)),
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A folder for this process alone, with a short name: the path of a socket may have 107 bytes, this included.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn beside(path: &Path) -> Result<Self, SocketError> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let folder = parent.join(format!(".octroi-{}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => Ok(Self(folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SocketError::NoFolder),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_octal() {
        for (text, expected) in [
            ("0660", Some(0o660)),
            ("600", Some(0o600)),
            ("0777", Some(0o777)),
            ("1777", None),
            ("0680", None),
            ("+600", None),
            ("", None),
            ("rw", None),
        ] {
            assert_eq!(text.parse().ok(), expected.map(UnixMode), "{text}");
        }
    }

    #[tokio::test]
    async fn leaves_what_has_become_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let (_listener, file) = bind(&path, UnixMode(0o600)).await.unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}
