//! One load on one server: `wrk` asks for addresses in turn, over so many connections.

use crate::gauge::processor_s;
use atalaya_tests::run;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Duration;
use tempfile::NamedTempFile;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `http://127.0.0.1:port`
    pub(crate) base: String,
    /// Paths, asked in turn.
    pub(crate) paths: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// The processes whose time counts: the server, and its database.
    pub(crate) processes: Vec<u32>,
    pub(crate) connections: u32,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Processor time a request, in microseconds.
    pub(crate) cpu_us: f64,
}

impl Asked {
    /// Asks for so long.
    ///
    /// # Panics
    /// Where an answer is an error, or there is none.
    pub(crate) fn load(&self, lasting: Duration) -> Served {
        let mut script = NamedTempFile::new().expect("a file");
        script
            .write_all(self.script().as_bytes())
            .expect("the file can be written");
        let before = processor_s(&self.processes);
        let mut wrk = Command::new("wrk");
        wrk.arg("-t1")
            .arg(format!("-c{}", self.connections))
            .arg(format!("-d{}s", lasting.as_secs()))
            .args(["--timeout", "60s", "-s"])
            .arg(script.path())
            .arg(&self.base);
        let said = run(&mut wrk);
        let said = said.ok().to_owned();
        let spent = processor_s(&self.processes) - before;
        assert!(
            !said.contains("Non-2xx") && !said.contains("Socket errors"),
            "{} {:?}: {said}",
            self.base,
            self.paths.first()
        );
        let number = |before: &str, after: &str| {
            let line = said.lines().find(|line| line.contains(before));
            let word = line.and_then(|line| {
                line.replace(after, "")
                    .split_whitespace()
                    .next_back()?
                    .parse::<f64>()
                    .ok()
            });
            word.expect("wrk says so")
        };
        let requests = said
            .lines()
            .find_map(|line| line.split_once(" requests in"))
            .and_then(|(count, _)| count.trim().parse::<f64>().ok())
            .expect("wrk says how many");
        Served {
            rate: number("Requests/sec:", "Requests/sec:"),
            cpu_us: spent * 1e6 / requests.max(1.0),
        }
    }

    fn script(&self) -> String {
        let mut script = String::new();
        for (name, value) in &self.headers {
            writeln!(script, "wrk.headers[ [==[{name}]==] ]=[==[{value}]==]").ok();
        }
        let paths: Vec<String> = self
            .paths
            .iter()
            .map(|path| format!("\"{path}\""))
            .collect();
        write!(
            script,
            "local paths={{{}}}\nlocal at=0\nfunction request()\n at=at%#paths+1\n return wrk.format(\"GET\",paths[at])\nend\n",
            paths.join(",")
        )
        .ok();
        script
    }
}
