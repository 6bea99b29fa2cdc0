//! The demo, as somebody runs it who has just installed the program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::command::binary;

/// A running demo, killed when it is dropped.
#[derive(Debug)]
pub struct Demo {
    child: Child,
    folder: TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Demo {
    /// Starts a demo and waits for its first line, which says where it listens.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the store");
        let mut child = Command::new(binary())
            .args(["demo", "--listen", "127.0.0.1:0"])
            // A throw-away store goes where temporary files go.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        assert!(first.starts_with("listening on "), "it said {first:?}");
        // Read on, so that it never waits for its stdout.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, folder }
    }

    /// Sends a signal and waits until the demo is gone.
    pub fn end(&mut self, signal: &str) {
        Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        self.child.wait().expect("a child can be waited for");
    }

    /// The processes that work in the demo's folder.
    pub fn at_work(&self) -> Vec<String> {
        let processes = std::fs::read_dir("/proc").expect("processes are listed");
        let own = processes.filter_map(Result::ok).filter(|process| {
            let place = std::fs::read_link(process.path().join("cwd"));
            place.is_ok_and(|place| place.starts_with(self.folder.path()))
        });
        own.map(|process| process.file_name().to_string_lossy().into_owned())
            .collect()
    }
}
