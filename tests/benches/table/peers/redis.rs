//! Redis GEO over its protocol (RESP), in pipelines, so that its socket costs it as little as it can.

use super::{Program, free_port};
use crate::gauge::processor_s;
use atalaya_tests::eventually;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

/// Commands that are sent before their answers are read.
const PIPELINE: usize = 256;
/// What comes back after the last answer of a pipeline.
const MARK: &str = "the-end-of-a-pipeline";

/// A running server.
#[derive(Debug)]
pub(crate) struct Redis {
    program: Program,
    port: u16,
}

impl Redis {
    /// Starts one that keeps nothing on disk; `None` where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        Command::new("redis-server")
            .arg("--version")
            .output()
            .ok()?;
        let port = free_port();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.arg("--port").arg(port.to_string());
        let redis = Self {
            program: Program::start(&mut command),
            port,
        };
        eventually("Redis", async || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        Some(redis)
    }

    /// Sets places by number; the answer is microseconds of the server's time each.
    pub(crate) fn fill(&self, places: impl Iterator<Item = (u32, (f64, f64))>) -> f64 {
        self.run(places.map(|(number, (lon, lat))| {
            let words = [lon.to_string(), lat.to_string(), format!("u{number}")];
            command(
                ["GEOADD", "units"]
                    .into_iter()
                    .chain(words.iter().map(String::as_str)),
            )
        }))
    }

    /// Searches around places; the answer is microseconds of the server's time each.
    pub(crate) fn search(&self, how: &[&str], places: impl Iterator<Item = (f64, f64)>) -> f64 {
        self.run(places.map(|(lon, lat)| {
            let (lon, lat) = (lon.to_string(), lat.to_string());
            let words = ["GEOSEARCH", "units", "FROMLONLAT", &lon, &lat];
            command(words.into_iter().chain(how.iter().copied()))
        }))
    }

    fn run(&self, commands: impl Iterator<Item = String>) -> f64 {
        let processes = [self.program.id()];
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let before = processor_s(&processes);
        let mut commands = commands.peekable();
        let mut count = 0_u32;
        while commands.peek().is_some() {
            let mut text = String::new();
            for one in commands.by_ref().take(PIPELINE) {
                text.push_str(&one);
                count += 1;
            }
            text.push_str(&command(["ECHO", MARK].into_iter()));
            stream.write_all(text.as_bytes()).expect("it reads");
            answers(&mut stream);
        }
        (processor_s(&processes) - before) * 1e6 / f64::from(count.max(1))
    }
}

/// Reads to the end of a pipeline.
fn answers(stream: &mut TcpStream) {
    let (mut buffer, mut tail) = (vec![0; 1 << 20], Vec::new());
    while !tail.windows(MARK.len()).any(|at| at == MARK.as_bytes()) {
        let read = stream.read(&mut buffer).expect("it answers");
        let text = &buffer[..read];
        assert!(
            read > 0 && !text.starts_with(b"-"),
            "{}",
            String::from_utf8_lossy(text)
        );
        tail.extend_from_slice(text);
        tail.drain(..tail.len().saturating_sub(MARK.len() * 2));
    }
}

/// A command as RESP writes it.
fn command<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.collect();
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        write!(text, "${}\r\n{word}\r\n", word.len()).ok();
    }
    text
}
