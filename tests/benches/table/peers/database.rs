//! PostGIS alone, at its best: prepared statements over one connection that never waits for an answer before it asks on, places in plane
//! metres, so that nothing is projected, and no waiting for the disk.

use super::map_server::SETTINGS;
use crate::gauge::processor_s;
use crate::sample::{NORTH, SOUTH, WEST};
use atalaya_tests::PostGis;
use futures_util::StreamExt as _;
use std::fmt::Write as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

/// Statements that are sent before their answers are read.
const PIPELINE: usize = 64;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;
/// Rows of one statement that fills a table.
const ROWS: usize = 5_000;

const TABLES: &str = "
    create unlogged table units (id int4 primary key, place geometry(Point), call_sign text, unit_kind text, status text) with (fillfactor = 50);
    create unlogged table perimeters (id int4, area geometry(Polygon));
    create unlogged table coverage (id int4, area geometry(Polygon));
";

/// What an update of several rows at once is.
pub(crate) const MOVE: &str = "
    update units set place = st_makepoint(moved.x, moved.y), status = 'free'
    from unnest($1::int4[], $2::float8[], $3::float8[]) as moved (id, x, y) where units.id = moved.id";
/// Over which perimeters a leg goes.
pub(crate) const LEG: &str = "
    select id from perimeters where st_intersects(area, st_makeline(st_makepoint($1, $2), st_makepoint($3, $4)))";

/// A database with a table for each question.
#[derive(Debug)]
pub(crate) struct Database {
    client: Client,
    server: PostGis,
}

/// A place in plane metres.
pub(crate) fn metres((lon, lat): (f64, f64)) -> [f64; 2] {
    let shrunk = f64::midpoint(SOUTH, NORTH).to_radians().cos();
    [(lon - WEST) * DEGREE_M * shrunk, (lat - SOUTH) * DEGREE_M]
}

impl Database {
    /// Starts one; `None` where PostGIS is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let server = PostGis::with_settings(&SETTINGS).ok()?;
        let client = server.connect().await;
        client.batch_execute(TABLES).await.expect("tables");
        Some(Self { client, server })
    }

    /// Puts units in their places.
    pub(crate) async fn fill(&self, places: impl Iterator<Item = (u32, (f64, f64))>) {
        let rows = places.map(|(number, place)| {
            let [x, y] = metres(place);
            format!("({number}, st_makepoint({x}, {y}), 'U{number}', 'patrol', 'free')")
        });
        self.insert("units", rows.collect()).await;
        self.done("create index on units using gist (place); vacuum analyze units")
            .await;
    }

    /// Puts areas into a table in the place of those that were there.
    pub(crate) async fn areas(&self, table: &str, areas: impl Iterator<Item = Vec<(f64, f64)>>) {
        self.done(&format!(
            "truncate {table}; drop index if exists {table}_area"
        ))
        .await;
        let rows = areas.zip(0_u32..).map(|(corners, number)| {
            let mut ring = String::new();
            for corner in corners.iter().chain(corners.first()) {
                let [x, y] = metres(*corner);
                write!(ring, "{}{x} {y}", if ring.is_empty() { "" } else { ", " }).ok();
            }
            format!("({number}, 'polygon(({ring}))')")
        });
        self.insert(table, rows.collect()).await;
        self.done(&format!(
            "create index {table}_area on {table} using gist (area); vacuum analyze {table}"
        ))
        .await;
    }

    /// What was moved is where it was found first: what an update leaves behind is cleared away.
    pub(crate) async fn tidy(&self) {
        self.done("vacuum units").await;
    }

    /// Asks the same of several values each; the answer is microseconds of the server's time each.
    pub(crate) async fn ask<const N: usize>(
        &self,
        sql: &str,
        asked: impl Iterator<Item = [f64; N]>,
    ) -> f64 {
        let statement = self.client.prepare(sql).await.expect(sql);
        self.measure(asked.map(|values| self.one(&statement, values)))
            .await
    }

    /// Moves so many units at a time; the answer is microseconds of the server's time for each batch.
    pub(crate) async fn moves(&self, batches: impl Iterator<Item = Vec<(u32, (f64, f64))>>) -> f64 {
        let statement = self.client.prepare(MOVE).await.expect(MOVE);
        let moved = batches.map(|batch| {
            let ids: Vec<i32> = batch
                .iter()
                .map(|(id, _)| i32::try_from(*id).unwrap_or(0))
                .collect();
            let places: Vec<[f64; 2]> = batch.iter().map(|(_, place)| metres(*place)).collect();
            let axis = |axis: usize| places.iter().map(|place| place[axis]).collect::<Vec<f64>>();
            let (x, y) = (axis(0), axis(1));
            let statement = &statement;
            async move {
                let moved = self.client.execute(statement, &[&ids, &x, &y]).await;
                assert_eq!(
                    usize::try_from(moved.expect("an update")).ok(),
                    Some(ids.len())
                );
            }
        });
        self.measure(moved).await
    }

    async fn one<const N: usize>(&self, statement: &Statement, values: [f64; N]) {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|it| it as _).collect();
        self.client
            .query(statement, &values)
            .await
            .expect("an answer");
    }

    async fn measure(&self, asked: impl Iterator<Item = impl Future<Output = ()>>) -> f64 {
        let processes = [self.server.process_id()];
        let before = processor_s(&processes);
        let answers = futures_util::stream::iter(asked).buffered(PIPELINE);
        let count = answers.fold(0_u32, async |count, ()| count + 1).await;
        (processor_s(&processes) - before) * 1e6 / f64::from(count.max(1))
    }

    async fn insert(&self, table: &str, rows: Vec<String>) {
        for some in rows.chunks(ROWS) {
            self.done(&format!("insert into {table} values {}", some.join(", ")))
                .await;
        }
    }

    async fn done(&self, sql: &str) {
        for one in sql.split("; ") {
            self.client.batch_execute(one).await.expect("a statement");
        }
    }
}
