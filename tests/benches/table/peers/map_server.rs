//! Martin on PostGIS, at its best: points in Web Mercator, the table in the order of their places, a pool of
//! connections for every core; once without its cache and once with it.

use super::{Program, free_port};
use crate::Effort;
use crate::gauge::{median, processor_s};
use crate::sample::Observation;
use crate::wrk::Asked;
use atalaya_tests::{PostGis, eventually};
use futures_util::StreamExt as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Memory for a database of which all fits, and no waiting for the disk.
pub(super) const SETTINGS: [&str; 10] = [
    "shared_buffers=1GB",
    "work_mem=32MB",
    "maintenance_work_mem=512MB",
    "effective_cache_size=4GB",
    "random_page_cost=1.1",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_wal_size=4GB",
    "max_connections=60",
    "autovacuum=off",
];

const FILL: &str = "
    create unlogged table given (id int8, lon float8, lat float8, kind text, ts int8, severity int4, heading int4, label text);
    copy given from 'FILE' (format csv);
    create table observations as
        select id, kind, ts, severity, heading, label,
            st_transform(st_setsrid(st_makepoint(lon, lat), 4326), 3857)::geometry(Point, 3857) as geom
        from given order by st_geohash(st_setsrid(st_makepoint(lon, lat), 4326), 12);
    drop table given;
    alter table observations add primary key (id);
    create index observations_place on observations using gist (geom);
";

/// A tile as the database makes it, asked as Martin asks.
const TILE: &str = "
    select st_asmvt(tile, 'observations', 4096, 'geom', 'id') from (
        select st_asmvtgeom(geom, st_tileenvelope($1, $2, $3), 4096, 64, true) as geom, id, kind, ts, severity, heading, label
        from observations where geom && st_tileenvelope($1, $2, $3, margin => 0.015625)
    ) as tile";
/// How many tiles a round is.
const RAW_TILES: usize = 400;

/// Martin, twice, and its database.
#[derive(Debug)]
pub(crate) struct MapServer {
    database: PostGis,
    plain: Martin,
    caching: Martin,
}

#[derive(Debug)]
struct Martin {
    program: Program,
    port: u16,
}

impl MapServer {
    /// Starts and fills them; `None` where PostGIS or Martin is not installed.
    pub(crate) async fn filled(effort: Effort) -> Option<Self> {
        let martin = installed()?;
        let database = PostGis::with_settings(&SETTINGS).ok()?;
        let client = database.connect().await;
        let file = database.folder().join("observations.csv");
        write(&file, effort.sightings);
        let statements = FILL.replace("FILE", file.to_str().expect("a plain name"));
        client
            .batch_execute(&statements)
            .await
            .expect("it can be filled");
        client
            .batch_execute("vacuum analyze observations")
            .await
            .expect("it can be analysed");
        let plain = Martin::start(&martin, &database, "cache: disable").await;
        let caching = Martin::start(
            &martin,
            &database,
            "cache: {size_mb: 2048, tile_size_mb: 2048}",
        )
        .await;
        Some(Self {
            database,
            plain,
            caching,
        })
    }

    /// What a tile costs the database alone, with all its rows asked for in one statement; microseconds of its time.
    pub(crate) async fn raw(&self, tiles: &[(u32, u32)], zoom: u8, rounds: u32) -> f64 {
        let client = self.database.connect().await;
        let statement = client.prepare(TILE).await.expect(TILE);
        let processes = [self.database.process_id()];
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let mut costs = Vec::new();
        for _ in 0..rounds {
            let before = processor_s(&processes);
            let asked = tiles.iter().cycle().take(RAW_TILES);
            let asked = asked.map(async |(x, y)| {
                let tile = [i32::from(zoom), number(*x), number(*y)];
                let row = client
                    .query_one(&statement, &[&tile[0], &tile[1], &tile[2]])
                    .await;
                assert!(!row.expect("a tile").get::<_, Vec<u8>>(0).is_empty());
            });
            futures_util::stream::iter(asked)
                .buffered(4)
                .collect::<Vec<()>>()
                .await;
            let tiles = f64::from(u32::try_from(RAW_TILES).unwrap_or(u32::MAX));
            costs.push((processor_s(&processes) - before) * 1e6 / tiles);
        }
        median(costs)
    }

    /// A load of these paths over sixteen connections, on the one that keeps tiles or the one that does not.
    pub(crate) fn asked(&self, paths: Vec<String>, headers: &[(&str, &str)], hot: bool) -> Asked {
        let martin = if hot { &self.caching } else { &self.plain };
        Asked {
            base: format!("http://127.0.0.1:{}", martin.port),
            paths,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            processes: vec![martin.program.id(), self.database.process_id()],
            connections: 16,
        }
    }
}

impl Martin {
    async fn start(martin: &Path, database: &PostGis, cache: &str) -> Self {
        let port = free_port();
        let kind = if cache.contains("disable") {
            "plain"
        } else {
            "caching"
        };
        let config = database.folder().join(format!("{kind}.yaml"));
        let text = format!(
            "listen_addresses: 127.0.0.1:{port}\nworker_processes: 2\n{cache}\npostgres:\n  connection_string: {}\n  pool_size: 8\n  auto_bounds: skip\n  tables:\n    observations:\n      schema: public\n      table: observations\n      srid: 3857\n      geometry_column: geom\n      geometry_type: POINT\n      id_column: id\n      extent: 4096\n      buffer: 64\n      clip_geom: true\n      properties: {{ kind: text, ts: int8, severity: int4, heading: int4, label: text }}\n",
            database.address()
        );
        std::fs::write(&config, text).expect("the folder can be written");
        let mut command = Command::new(martin);
        command.arg("--config").arg(&config).env("RUST_LOG", "warn");
        let program = Program::start(&mut command);
        eventually("Martin", async || {
            let asked = reqwest::get(format!("http://127.0.0.1:{port}/observations")).await;
            asked.ok().filter(|reply| reply.status() == 200)
        })
        .await;
        Self { program, port }
    }
}

/// Where Martin is: in the search path, or where `make bench` puts it.
fn installed() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let beside = own.ancestors().nth(3)?.join("peers/bin/martin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("martin"));
    found
        .find(|file| file.exists())
        .or_else(|| beside.exists().then_some(beside))
}

fn write(file: &Path, count: u32) {
    let mut lines = BufWriter::new(std::fs::File::create(file).expect("the folder can be written"));
    for id in 0..count {
        let line = Observation::of(id).line();
        lines
            .write_all(line.as_bytes())
            .expect("the file can be written");
    }
    lines.flush().expect("the file can be written");
}
