//! Disks for the tests that need one to fail: small, or broken under a running server.
//!
//! Only root can make them; whoever cannot gets the reason. They are gone when they are dropped, also after a panic.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::run;

/// A file system of its own, mounted on a folder.
#[derive(Debug)]
pub struct Disk {
    at: PathBuf,
    image: Option<PathBuf>,
}

impl Disk {
    /// A disk in memory of so many MiB.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn in_memory(at: &Path, mib: u32) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|cause| cause.to_string())?;
        let size = format!("size={mib}m");
        done(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(at),
        )?;
        Ok(Self {
            at: at.to_owned(),
            image: None,
        })
    }

    /// An ext4 disk of 64 MiB in a file beside the folder, which [`Disk::break_off`] can break.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn breakable(at: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|cause| cause.to_string())?;
        let image = at.with_extension("img");
        let made = std::fs::File::create(&image).and_then(|file| file.set_len(64 << 20));
        made.map_err(|cause| cause.to_string())?;
        done(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        let disk = Self {
            at: at.to_owned(),
            image: Some(image),
        };
        disk.mount()?;
        Ok(disk)
    }

    fn mount(&self) -> Result<(), String> {
        let image = self.image.as_deref().unwrap_or(Path::new("tmpfs"));
        let options = ["-o", "loop,errors=remount-ro"];
        done(Command::new("mount").args(options).arg(image).arg(&self.at))
    }

    /// Makes it take no writes. Nothing may have a file open for writing on it.
    ///
    /// # Panics
    /// Where that cannot be done.
    pub fn read_only(&self) {
        done(
            Command::new("mount")
                .args(["-o", "remount,ro"])
                .arg(&self.at),
        )
        .expect("read-only");
    }

    /// Refuses every write from now on, as a disk does on which the system found an error.
    ///
    /// # Panics
    /// Where the system does not do so.
    pub fn break_off(&self) {
        done(
            Command::new("mount")
                .args(["-o", "remount,abort"])
                .arg(&self.at),
        )
        .expect("the disk breaks");
    }

    /// Makes a broken disk whole again. Nothing may have a file open on it.
    ///
    /// # Panics
    /// Where that cannot be done.
    pub fn mend(&self) {
        done(Command::new("umount").arg(&self.at)).expect("unmounted");
        if let Some(image) = &self.image {
            // 1: errors were found and mended.
            let ran = run(Command::new("fsck.ext4").args(["-p", "-f"]).arg(image));
            assert!(ran.code <= 1, "{}{}", ran.stdout, ran.stderr);
        }
        self.mount().expect("mounted again");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also while something still has a file open: it then goes with the last of them.
        run(Command::new("umount").arg("-l").arg(&self.at));
    }
}

fn done(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_owned();
    let output = command
        .output()
        .map_err(|cause| format!("{}: {cause}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
