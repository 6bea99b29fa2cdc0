//! Live pictures of the demo's cameras: an invented street at night, encoded by ffmpeg where there is
//! one.
//!
//! Promises: the picture says that it is simulated and which camera it stands for, and tells the time
//! where ffmpeg can write; an encoder that dies is started again, ever later; nobody waits for one.
//! An encoder lives on the beat that it is fed: it ends by itself once nobody feeds it, however this
//! process ended.
//!
//! ```text
//! street.svg, car.svg ─resvg─▶ PNG ─┐
//! a frame of nothing, 10 a second ─▶ ffmpeg ─▶ streams/{camera}/index.m3u8 ─▶ /streams
//! ```

use super::scene::{self, CAR, FONT, PLAYLIST, STREET, Scene};
use crate::clock::monotonic;
use crate::config::Config;
use crate::task;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{interval, sleep};
use tracing::{info, warn};

const FFMPEG: &str = "ffmpeg";
/// The pause after a first death; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Fed before anything else: an encoder that has seen less than two frames overlooks the end of its beat.
const FIRST_BEATS: usize = 4;
/// An encoder that lived so long had been well.
const WELL: Duration = Duration::from_mins(1);

/// One camera's encoder.
#[derive(Debug)]
pub(super) struct Encoder {
    scene: Scene,
    folder: PathBuf,
    time_zone: String,
}

/// Gives the demo's cameras a stream each, where there is an ffmpeg; the answer is what has to be
/// started for that.
pub(super) fn configure(config: &mut Config, scenes: Vec<Scene>) -> Vec<Encoder> {
    if !is_on_path(FFMPEG) {
        info!("no ffmpeg: the demo's cameras have no picture");
        return Vec::new();
    }
    let mut encoders = Vec::new();
    for scene in scenes {
        if config.streams.contains_key(scene.camera) {
            continue;
        }
        let folder = config.data.join("streams").join(scene.camera);
        // There before it is looked for; the encoder says what is wrong with it.
        drop(std::fs::create_dir_all(&folder));
        let path = folder.join(PLAYLIST).display().to_string();
        config.streams.insert(scene.camera.into(), path);
        encoders.push(Encoder {
            scene,
            folder,
            time_zone: config.site.time_zone.clone(),
        });
    }
    encoders
}

/// Starts encoders, each in a task of its own.
pub(super) fn start(encoders: Vec<Encoder>) {
    for encoder in encoders {
        task::spawn("camera encoder", encoder.run());
    }
}

impl Encoder {
    async fn run(self) {
        let camera = self.scene.camera;
        let (scene, folder) = (self.scene.clone(), self.folder.clone());
        let drawn = tokio::task::spawn_blocking(move || draw(&scene, &folder)).await;
        if let Err(cause) = drawn.unwrap_or_else(|cause| Err(io::Error::other(cause))) {
            return warn!(camera.id = camera, %cause, "no picture for {camera}");
        }
        let writes = can_write().await;
        let mut pause = FIRST_PAUSE;
        loop {
            let started = monotonic();
            let ended = self.encode(writes).await;
            let ended = ended.map_or_else(|cause| cause.to_string(), |status| status.to_string());
            if monotonic().duration_since(started) > WELL {
                pause = FIRST_PAUSE;
            }
            info!(camera.id = camera, ended, "the encoder of {camera} ended");
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Runs the encoder until it ends.
    async fn encode(&self, writes: bool) -> io::Result<ExitStatus> {
        clear(&self.folder)?;
        let mut encoder = Command::new(FFMPEG)
            .args(scene::arguments(&self.scene, writes))
            .current_dir(&self.folder)
            .env("TZ", &self.time_zone)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut fed = encoder.stdin.take();
        if let Some(pipe) = &mut fed {
            pipe.write_all(&scene::NOTHING.repeat(FIRST_BEATS)).await?;
        }
        let mut beat = interval(scene::BEAT);
        loop {
            tokio::select! {
                status = encoder.wait() => return status,
                _ = beat.tick() => {
                    let Some(pipe) = &mut fed else { continue };
                    if pipe.write_all(&scene::NOTHING).await.is_err() {
                        fed = None;
                    }
                }
            }
        }
    }
}

/// Whether a program is in a folder of the search path.
fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether ffmpeg can write on pictures.
async fn can_write() -> bool {
    let listed = Command::new(FFMPEG)
        .args(["-hide_banner", "-filters"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    listed.await.is_ok_and(|listed| {
        let listed = String::from_utf8_lossy(&listed.stdout);
        listed.split_whitespace().any(|word| word == "drawtext")
    })
}

/// Puts what the encoder reads into its folder.
fn draw(scene: &Scene, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let drawn = scene.drawn()?;
    std::fs::write(folder.join(STREET), drawn.street)?;
    std::fs::write(folder.join(CAR), drawn.car)?;
    std::fs::write(folder.join(FONT), drawn.font)
}

/// Removes the segments of an encoder that died.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
