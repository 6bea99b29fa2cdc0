//! The real binary, and any other program, run to its end.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::wait::eventually;

/// What a program that ended left behind.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Ran {
    /// What it printed, without the line's end.
    ///
    /// # Panics
    /// Where the program failed, with what it said.
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self.stdout.trim_end()
    }
}

/// Runs a program to its end.
///
/// # Panics
/// Where it cannot be started.
pub fn run(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output();
    assert!(
        output.is_ok(),
        "{}: {:?}",
        command.get_program().display(),
        output.err()
    );
    let output = output.expect("just asserted");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs `atalaya` with these arguments to its end.
pub fn atalaya<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    run(Command::new(binary()).args(arguments))
}

/// Runs `atalaya` until a condition holds, and then ends it as a power cut would.
///
/// # Panics
/// Where it ends by itself before that.
pub async fn atalaya_killed_when(arguments: &[&str], holds: impl Fn() -> bool) {
    let mut child = Command::new(binary())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    eventually("what the program is killed after", async || {
        holds().then_some(())
    })
    .await;
    child.kill().expect("it can be killed");
    let status = child.wait().expect("a child can be waited for");
    assert_eq!(status.code(), None, "it ended before it was killed");
}

/// Runs `atalaya` to its end, which comes by a signal after so many seconds: the code is then 124.
pub fn atalaya_within(seconds: u32, arguments: &[&str]) -> Ran {
    let mut command = Command::new("timeout");
    run(command
        .arg(seconds.to_string())
        .arg(binary())
        .args(arguments))
}

/// Runs `atalaya` at a terminal of its own; what it prints there is all on stdout. `None` where there is no
/// `script` to make one.
pub fn atalaya_at_a_terminal(arguments: &[&str]) -> Option<Ran> {
    Command::new("script").arg("--version").output().ok()?;
    let words = std::iter::once(binary().to_string_lossy().into_owned())
        .chain(arguments.iter().map(|it| (*it).to_owned()))
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")));
    let line = words.collect::<Vec<_>>().join(" ");
    let mut command = Command::new("script");
    // A terminal without a width draws nothing.
    let line = format!("stty cols 120 rows 24; {line}");
    Some(run(command.args(["-qec", &line, "/dev/null"])))
}

/// Runs `atalaya` as another user of the system, which only root can.
///
/// # Errors
/// Why it cannot be started.
pub fn atalaya_as(user: u32, arguments: &[&str]) -> Result<Ran, String> {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .stdin(Stdio::null())
        .uid(user)
        .gid(user);
    let output = command.output().map_err(|cause| cause.to_string())?;
    Ok(Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The binary under test: the one that `ATALAYA_BIN` names, else the one in the target folder, built if it is not there.
pub(crate) fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("ATALAYA_BIN") {
            return PathBuf::from(named);
        }
        // This test runs from target/debug/deps.
        let own = std::env::current_exe().expect("a running program has a path");
        let built = own
            .ancestors()
            .nth(2)
            .expect("test programs stand in target/debug/deps")
            .join("atalaya");
        if !built.exists() {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            run(Command::new(cargo).args([
                "build",
                "--locked",
                "--workspace",
                "--bins",
                "--tests",
            ]))
            .ok();
        }
        built
    })
}
