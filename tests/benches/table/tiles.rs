//! Rows 1 to 3, 6 and 7: tiles that nobody has asked for before.

use crate::Effort;
use crate::city::Ours;
use crate::gauge::median;
use crate::peers::MapServer;
use crate::sample::tiles;
use crate::table::{Aim, Row, Table, short};
use crate::wrk::{Asked, Served};

/// A row that both sides answer: who accepts what, and what is aimed at.
struct Question {
    number: u8,
    zoom: u8,
    what: &'static str,
    accepted: &'static str,
    share: f64,
}

const QUESTIONS: [Question; 3] = [
    Question {
        number: 1,
        zoom: 14,
        what: "z14 tile, nothing kept, identity",
        accepted: "identity",
        share: 1.0 / 25.0,
    },
    Question {
        number: 2,
        zoom: 16,
        what: "z16 tile, nothing kept, identity",
        accepted: "identity",
        share: 1.0 / 10.0,
    },
    Question {
        number: 3,
        zoom: 14,
        what: "z14 tile, nothing kept, client takes zstd, br, gzip",
        accepted: "gzip, deflate, br, zstd",
        share: 1.0 / 15.0,
    },
];

pub(crate) fn paths(prefix: &str, z: u8) -> Vec<String> {
    let tiles = tiles(z).into_iter();
    tiles
        .map(|(x, y)| format!("{prefix}/{z}/{x}/{y}"))
        .collect()
}

pub(crate) async fn ask(
    effort: Effort,
    city: &mut Ours,
    peers: Option<&MapServer>,
    table: &mut Table,
) {
    city.with_cache(false).await;
    for question in QUESTIONS {
        let headers = [("Accept-Encoding", question.accepted)];
        let ours = city.asked(paths("/tiles/observations", question.zoom), &headers);
        let theirs = peers.map(|peers| {
            // What Martin does best for a client that takes everything is gzip.
            let accepted = [(
                "Accept-Encoding",
                question.accepted.split(',').next().unwrap_or_default(),
            )];
            peers.asked(paths("/observations", question.zoom), &accepted, false)
        });
        let (mut own, mut others): (Vec<Served>, Vec<Served>) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            own.push(ours.load(effort.load));
            others.extend(theirs.iter().map(|theirs| theirs.load(effort.load)));
        }
        let size = size(&ours).await;
        let raw = match peers.filter(|_| question.accepted == "identity") {
            Some(peers) => {
                let tiles = tiles(question.zoom);
                Some(peers.raw(&tiles, question.zoom, effort.rounds).await / 1e3)
            }
            None => None,
        };
        let (ours, theirs) = (middle(&own), (!others.is_empty()).then(|| middle(&others)));
        let row = Row {
            number: question.number,
            what: question.what.to_owned(),
            ours: ours.cpu_us / 1e3,
            unit: "ms",
            peer: Some(("Martin and PostGIS", theirs.map(|it| it.cpu_us / 1e3))),
            aim: Aim::Share(question.share),
            beside: format!(
                "{} tiles/s{}; {} KB",
                short(ours.rate),
                theirs.map_or(String::new(), |it| format!(" against {}", short(it.rate))),
                short(size / 1e3)
            ),
        };
        if question.accepted == "identity" {
            table.add(row.beside(
                "raw ST_AsMVT",
                raw,
                "the database alone; one connection, no HTTP",
            ));
        }
        table.add(row);
    }
    maplibre_tiles(effort, city, peers, table).await;
    low_zooms(effort, city, table).await;
}

/// The same tile as a `MapLibre` Tile. Martin makes it of its MVT.
async fn maplibre_tiles(effort: Effort, city: &Ours, peers: Option<&MapServer>, table: &mut Table) {
    let headers = [
        ("Accept-Encoding", "identity"),
        ("Accept", "application/vnd.maplibre-tile"),
    ];
    let ours = city.asked(paths("/tiles/observations", 14), &headers);
    let theirs = peers.map(|peers| peers.asked(paths("/observations", 14), &headers, false));
    let (mut own, mut others): (Vec<Served>, Vec<Served>) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        own.push(ours.load(effort.load));
        others.extend(theirs.iter().map(|theirs| theirs.load(effort.load)));
    }
    let mut sizes = vec![size(&ours).await / 1e3];
    if let Some(theirs) = &theirs {
        sizes.push(size(theirs).await / 1e3);
    }
    let (ours, theirs) = (middle(&own), (!others.is_empty()).then(|| middle(&others)));
    table.add(Row {
        number: 6,
        what: "z14 tile as MapLibre Tile, nothing kept, identity".into(),
        ours: ours.cpu_us / 1e3,
        unit: "ms",
        peer: Some(("Martin and PostGIS", theirs.map(|it| it.cpu_us / 1e3))),
        aim: Aim::AtMost(2.0),
        beside: format!("{} tiles/s", short(ours.rate)),
    });
    table.add(Row {
        number: 6,
        what: "the same, how large".into(),
        ours: sizes[0],
        unit: "KB",
        peer: Some(("Martin", sizes.get(1).copied())),
        aim: Aim::AtMost(60.0),
        beside: "ours have the id as text and the time of receipt besides".into(),
    });
}

/// Tiles far out: how long they take alone, and how large they are.
async fn low_zooms(effort: Effort, city: &Ours, table: &mut Table) {
    let (mut slowest, mut largest, mut sizes) = ((0.0, 0), (0.0, 0), Vec::new());
    for z in 0..=12 {
        let mut asked = city.asked(
            paths("/tiles/observations,units", z),
            &[("Accept-Encoding", "identity")],
        );
        let reader = city.city().operator();
        for path in &asked.paths {
            let bytes = reader.get(path).await.expect(200).body.len();
            let bytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
            if bytes > largest.0 {
                largest = (bytes, z);
            }
            sizes.push(bytes / 1e3);
        }
        asked.connections = 1;
        let rounds = (0..effort.rounds).map(|_| asked.load(effort.load).cpu_us / 1e3);
        let each = median(rounds.collect());
        if each > slowest.0 {
            slowest = (each, z);
        }
    }
    table.add(Row {
        number: 7,
        what: format!(
            "the dearest zoom of z0 to z12, both layers, mean of its tiles: z{}",
            slowest.1
        ),
        ours: slowest.0,
        unit: "ms",
        peer: None,
        aim: Aim::AtMost(20.0),
        beside: String::new(),
    });
    table.add(Row {
        number: 7,
        what: format!("the largest tile of z0 to z12, both layers: z{}", largest.1),
        ours: largest.0 / 1e3,
        unit: "KB",
        peer: None,
        aim: Aim::AtMost(500.0),
        beside: format!("of {} tiles", sizes.len()),
    });
    table.add(Row {
        number: 7,
        what: "the median of the same".to_owned(),
        ours: median(sizes),
        unit: "KB",
        peer: None,
        aim: Aim::AtMost(100.0),
        beside: String::new(),
    });
}

/// The middle of several loads.
pub(crate) fn middle(loads: &[Served]) -> Served {
    Served {
        rate: median(loads.iter().map(|load| load.rate).collect()),
        cpu_us: median(loads.iter().map(|load| load.cpu_us).collect()),
    }
}

/// The mean size of tiles on the wire, in bytes.
async fn size(asked: &Asked) -> f64 {
    let client = reqwest::Client::new();
    let mut bytes = 0.0;
    for path in asked.paths.iter().take(20) {
        let mut request = client.get(format!("{}{path}", asked.base));
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        let reply = request.send().await.expect("an answer");
        let body = reply.error_for_status().expect("200").bytes().await;
        bytes += f64::from(u32::try_from(body.expect("a body").len()).unwrap_or(u32::MAX));
    }
    bytes / 20.0
}
