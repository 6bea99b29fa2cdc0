//! What a camera of the demo shows, and how ffmpeg is told to draw it: cars cross a street at night,
//! signals change, a clock runs. Kept cheap: few frames, few pixels, one thread.

use super::Seed;
use crate::fonts::Face;
use serde_json::Value;
use spreet::resvg::tiny_skia::{Pixmap, Transform};
use spreet::resvg::usvg::{Options, Tree};
use std::io;
use std::time::Duration;

/// Files in the encoder's folder.
pub(super) const STREET: &str = "street.png";
pub(super) const CAR: &str = "car.png";
pub(super) const FONT: &str = "font.ttf";
pub(super) const PLAYLIST: &str = "index.m3u8";

/// The time between two frames: ten a second.
pub(super) const BEAT: Duration = Duration::from_millis(100);
/// A frame of nothing, 2 by 2 pixels: feeding it is what keeps an encoder going, and at which pace.
pub(super) const NOTHING: [u8; 4] = [0; 4];

/// The cameras that have a picture, and seconds that the traffic of each is ahead.
const CAMERAS: [(&str, u32); 2] = [("sim-cam-085", 0), ("sim-cam-087", 7)];

/// One camera's view.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// The id of the camera.
    pub(super) camera: &'static str,
    name: String,
    ahead_s: u32,
}

/// The parts of a picture, as files.
pub(super) struct Drawn {
    pub(super) street: Vec<u8>,
    pub(super) car: Vec<u8>,
    pub(super) font: Vec<u8>,
}

/// The scenes of those cameras that the seed city has.
pub(super) fn scenes(cameras: &Value) -> Vec<Scene> {
    let features = cameras["features"].as_array();
    let named = |id: &str| {
        let camera = features?.iter().find(|camera| camera["id"] == id)?;
        camera["properties"]["name"].as_str().map(str::to_owned)
    };
    let known = CAMERAS.iter().filter_map(|(camera, ahead_s)| {
        Some(Scene {
            camera,
            name: named(camera)?,
            ahead_s: *ahead_s,
        })
    });
    known.collect()
}

impl Scene {
    /// Draws the parts of the picture.
    pub(super) fn drawn(&self) -> io::Result<Drawn> {
        Ok(Drawn {
            street: png("views/street.svg", &self.name)?,
            car: png("views/car.svg", &self.name)?,
            font: Face::Bold.file().into_owned(),
        })
    }
}

/// A drawing of the seed city as PNG, with the name of a camera where it has a place for one.
fn png(path: &str, camera: &str) -> io::Result<Vec<u8>> {
    let file = Seed::get(path).ok_or(io::ErrorKind::NotFound)?;
    let name = camera.replace('&', "&amp;").replace('<', "&lt;");
    let svg = String::from_utf8_lossy(&file.data).replace("{camera}", &name);
    let mut options = Options::default();
    let font = Face::Bold.file().into_owned();
    options.fontdb_mut().load_font_data(font);
    let tree = Tree::from_str(&svg, &options).map_err(io::Error::other)?;
    let size = tree.size().to_int_size();
    let pixels = Pixmap::new(size.width(), size.height());
    let mut pixels = pixels.ok_or(io::ErrorKind::InvalidData)?;
    spreet::resvg::render(&tree, Transform::default(), &mut pixels.as_mut());
    pixels.encode_png().map_err(io::Error::other)
}

/// What ffmpeg reads: the parts of the picture, and the beat, frame by frame as it comes, by the clock
/// on the wall; so that the picture is as old as its playlist says.
const READ: &str = "-hide_banner -nostdin -loglevel quiet \
    -framerate 10 -i street.png -framerate 10 -i car.png \
    -use_wallclock_as_timestamps 1 -fflags nobuffer -probesize 32 -analyzeduration 0 \
    -f rawvideo -pixel_format gray -video_size 2x2 -framerate 10 -i pipe:0";
/// What it writes, for eight hours at most. Old segments go, their numbers never come again, and the end
/// of one encoder is not the end of the stream.
const WRITTEN: &str = "-map [out] -c:v libx264 -preset ultrafast -tune stillimage \
    -threads 1 -crf 30 -g 20 -sc_threshold 0 -t 28800 \
    -f hls -hls_time 2 -hls_list_size 6 -hls_delete_threshold 2 -hls_start_number_source epoch \
    -hls_flags delete_segments+program_date_time+temp_file+omit_endlist \
    -hls_segment_filename %d.ts index.m3u8";

/// What ffmpeg is told; `writes` where it can write the time. All paths are relative to the folder.
pub(super) fn arguments(scene: &Scene, writes: bool) -> Vec<String> {
    let graph = graph(scene.ahead_s, writes);
    let told = READ.split_whitespace();
    let told = told.chain(["-filter_complex", &graph]);
    let told = told.chain(WRITTEN.split_whitespace());
    told.map(str::to_owned).collect()
}

/// The filters: the street stands, cars cross it each way, both signals change, the clock runs. Every
/// overlay ends with the beat.
fn graph(ahead_s: u32, writes: bool) -> String {
    let t = format!("(t+{ahead_s})");
    let signal = |x: u32| {
        let lamp = |y: u32, colour: &str, when: &str| {
            format!("drawbox=x={x}:y={y}:w=8:h=8:t=fill:color={colour}:enable='{when}'")
        };
        let green = lamp(120, "0x30d070", &format!("lt(mod({t},40),18)"));
        let red = lamp(102, "0xff3a2a", &format!("gte(mod({t},40),18)"));
        format!("{green},{red}")
    };
    let clock = if writes {
        format!(
            ",drawtext=fontfile={FONT}:fontsize=18:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=6:\
             x=w-tw-12:y=12:text='%{{localtime\\:%Y-%m-%d %H\\\\\\:%M\\\\\\:%S}}'"
        )
    } else {
        String::new()
    };
    format!(
        "[0:v]format=yuv420p,loop=-1:1:0[street];\
         [1:v]format=yuva420p,split[one][two];\
         [one]loop=-1:1:0[near];\
         [two]scale=112:-1,hflip,loop=-1:1:0[far];\
         [street][2:v]overlay=x=-9:shortest=1[paced];\
         [paced][far]overlay=x='640-mod({t}*70,1100)':y=203:shortest=1[a];\
         [a][near]overlay=x='mod({t}*95+300,1300)-160':y=226:shortest=1[b];\
         [b]{},{}{clock}[out]",
        signal(236),
        signal(406),
    )
}

#[cfg(test)]
mod tests;
