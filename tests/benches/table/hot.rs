//! Rows 4 and 5: tiles that are kept, and tiles that the client has; of row 11 questions about a place by HTTP.

use crate::Effort;
use crate::city::Ours;
use crate::peers::{Answered, Ceiling, MapServer};
use crate::sample::{EAST, NORTH, SOUTH, WEST, share};
use crate::table::{Aim, Row, Table, short};
use crate::tiles::{middle, paths};
use crate::wrk::{Asked, Served};
use reqwest::Method;

const ACCEPTED: &str = "gzip";
/// Tiles asked for in turn.
const MOST: usize = 60;

pub(crate) async fn ask(
    effort: Effort,
    city: &mut Ours,
    peers: Option<&MapServer>,
    table: &mut Table,
) {
    city.with_cache(true).await;
    for z in [16, 14] {
        let answers = answers(city, z).await;
        let sizes = answers.iter().map(|answer| answer.whole.body.len());
        let bytes = sizes.sum::<usize>() / answers.len();
        let ceiling = Ceiling::start(&answers).await;
        let headers = [("Accept-Encoding", ACCEPTED)];
        let martin = peers.map(|peers| {
            let same = paths("/observations", z).into_iter().take(MOST).collect();
            peers.asked(same, &headers, true)
        });
        let paths = answers.iter().map(|answer| answer.path.clone());
        let hot = city.asked(paths.collect(), &headers);
        let runs = in_turns(effort, &hot, &ceiling.asked(&hot), martin.as_ref());
        table.add(row(
            4,
            format!("hot z{z} tile, gzip, {} KB", short(kilo(bytes))),
            &runs,
            0.85,
        ));
        if z == 16
            && let Some(last) = answers.last()
        {
            let etag = last.whole.header("etag");
            let headers = [("Accept-Encoding", ACCEPTED), ("If-None-Match", etag)];
            let known = city.asked(vec![last.path.clone()], &headers);
            let runs = in_turns(effort, &known, &ceiling.asked(&known), None);
            table.add(row(5, "the client has it: 304".to_owned(), &runs, 0.85));
        }
    }
    near(effort, city, table).await;
}

/// What is within 200 m of a place, beside a server that has the answers.
async fn near(effort: Effort, city: &Ours, table: &mut Table) {
    let reader = city.city().operator();
    let mut answers = Vec::new();
    for number in (0..).take(MOST) {
        let lon = WEST + share(number, 140) * (EAST - WEST);
        let lat = SOUTH + share(number, 141) * (NORTH - SOUTH);
        let path = format!("/near?lon={lon:.6}&lat={lat:.6}&layer=units&radius_m=200");
        let whole = reader.get(&path).await.expect(200);
        let known = reader.get(&path).await.expect(200);
        answers.push(Answered { path, whole, known });
    }
    let sizes = answers.iter().map(|answer| answer.whole.body.len());
    let bytes = sizes.sum::<usize>() / answers.len();
    let ceiling = Ceiling::start(&answers).await;
    let paths = answers.iter().map(|answer| answer.path.clone());
    let asked = city.asked(paths.collect(), &[("Accept-Encoding", "identity")]);
    let runs = in_turns(effort, &asked, &ceiling.asked(&asked), None);
    let what = format!("within 200 m, by HTTP: {} KB", short(kilo(bytes)));
    table.add(row(11, what, &runs, 0.6));
}

/// What ours answers for tiles of a zoom, which keeps them, too.
async fn answers(city: &Ours, z: u8) -> Vec<Answered> {
    // A connection of its own: the server ends one that was quiet while the loads ran.
    let reader = city.city().operator();
    let mut answers = Vec::new();
    for path in paths("/tiles/observations", z).into_iter().take(MOST) {
        let request = || {
            let request = reader.request(Method::GET, &path);
            request.header("accept-encoding", ACCEPTED)
        };
        let whole = reader.send(request()).await.expect(200);
        let known = request().header("if-none-match", whole.header("etag"));
        let known = reader.send(known).await.expect(304);
        answers.push(Answered { path, whole, known });
    }
    answers
}

fn kilo(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e3
}

/// Ours, the ceiling, and Martin.
type Runs = [Vec<Served>; 3];

fn in_turns(effort: Effort, ours: &Asked, ceiling: &Asked, martin: Option<&Asked>) -> Runs {
    let mut runs = Runs::default();
    if let Some(martin) = martin {
        // Hot from the first load that counts.
        martin.load(effort.load);
    }
    for _ in 0..effort.rounds {
        runs[0].push(ours.load(effort.load));
        runs[1].push(ceiling.load(effort.load));
        runs[2].extend(martin.map(|martin| martin.load(effort.load)));
    }
    runs
}

/// A row by rate; processor time beside it.
fn row(number: u8, what: String, [ours, ceiling, martin]: &Runs, least: f64) -> Row {
    let (ours, ceiling) = (middle(ours), middle(ceiling));
    let mut beside = format!(
        "{} µs against {} µs of processor time",
        short(ours.cpu_us),
        short(ceiling.cpu_us)
    );
    if !martin.is_empty() {
        let martin = middle(martin);
        let told = format!(
            "; Martin {} /s, {} µs",
            short(martin.rate),
            short(martin.cpu_us)
        );
        beside.push_str(&told);
    }
    Row {
        number,
        what,
        ours: ours.rate,
        unit: "/s",
        peer: Some(("ceiling", Some(ceiling.rate))),
        aim: Aim::OfCeiling(least),
        beside,
    }
}
