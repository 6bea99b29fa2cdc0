//! Files whose path somebody else may have chosen: only a regular file is opened, and no more of it is read
//! than a caller has room for.
//!
//! Promises not to wait: a pipe without a writer is refused where opening it would not return, and a device
//! without an end where reading it would not.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a regular file for reading. Blocking.
pub(crate) fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    // Of a pipe the opening would wait for somebody who writes; to a regular file it means nothing.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(Error::other("it is no regular file"));
    }
    Ok(file)
}

/// Reads a regular file of at most `most` bytes. Blocking.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // By what is read and not by what the file says of its length, which may change meanwhile.
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let reason = format!("it has more than {most} bytes");
        return Err(Error::new(ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_end_and_no_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "1234").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read(&link, 4).unwrap(), b"1234");
        for (path, most, said) in [
            (file.as_path(), 3, "more than 3 bytes"),
            (Path::new("/dev/zero"), 3, "no regular file"),
            (folder.path(), 3, "is a directory"),
        ] {
            let refused = read(path, most).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
