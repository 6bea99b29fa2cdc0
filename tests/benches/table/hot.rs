//! Rows 4 and 5: tiles that are kept, and tiles that the client has.

use crate::Effort;
use crate::city::Ours;
use crate::peers::{Ceiling, MapServer};
use crate::table::{Aim, Row, Table, short};
use crate::tiles::{middle, paths};
use crate::wrk::{Asked, Served};
use reqwest::Method;

const ACCEPTED: &str = "gzip";

pub(crate) async fn ask(
    effort: Effort,
    city: &mut Ours,
    peers: Option<&MapServer>,
    table: &mut Table,
) {
    city.with_cache(true).await;
    for z in [16, 14] {
        // A connection of its own: the server ends one that was quiet while the loads ran.
        let reader = city.city().operator();
        let asked: Vec<String> = paths("/tiles/observations", z)
            .into_iter()
            .take(60)
            .collect();
        let mut bytes = 0;
        let mut etag = String::new();
        for path in &asked {
            let request = reader.request(Method::GET, path);
            let reply = reader
                .send(request.header("accept-encoding", ACCEPTED))
                .await
                .expect(200);
            bytes += reply.body.len();
            reply.header("etag").clone_into(&mut etag);
        }
        let bytes = bytes / asked.len();
        let ceiling = Ceiling::start(bytes).await;
        let headers = [("Accept-Encoding", ACCEPTED)];
        let martin = peers.map(|peers| {
            let same = paths("/observations", z).into_iter().take(60).collect();
            peers.asked(same, &headers, true)
        });
        let hot = city.asked(asked.clone(), &headers);
        let runs = in_turns(effort, &hot, &ceiling.asked(&headers), martin.as_ref());
        table.add(row(
            4,
            format!("hot z{z} tile, gzip, {} KB", short(kilo(bytes))),
            &runs,
        ));
        if z == 16 {
            let last = asked.last().cloned().into_iter().collect();
            let headers = [
                ("Accept-Encoding", ACCEPTED),
                ("If-None-Match", etag.as_str()),
            ];
            let known = [
                ("Accept-Encoding", ACCEPTED),
                ("If-None-Match", Ceiling::ETAG),
            ];
            let ours = city.asked(last, &headers);
            let runs = in_turns(effort, &ours, &ceiling.asked(&known), None);
            table.add(row(5, "the client has it: 304".to_owned(), &runs));
        }
    }
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
fn row(number: u8, what: String, [ours, ceiling, martin]: &Runs) -> Row {
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
        aim: Aim::OfCeiling(0.85),
        beside,
    }
}
