//! Tilesets from tables and functions of PostGIS, on a real one.

use atalaya_tests::{City, DOWNTOWN, PostGis, Tile, Visitor, eventually, skipped, tile_at};
use serde_json::json;

const MISSING: &str = "PostgreSQL with PostGIS is not installed: `make suite` installs it";

/// A city's tables, and a role that may read some of them.
const TABLES: &str = r#"
create schema city;
create schema other;
create role reader login;
grant usage on schema city, other to reader;

create table city.lamps (id int primary key, name text, watts numeric(6,1), fixed timestamptz, spare bytea,
    secret text, place geometry(Point, 4326));
comment on table city.lamps is 'Street lamps';
insert into city.lamps select n, 'lamp ' || n, n / 10.0, timestamptz '2026-01-02 03:04:05.678+00', 'x', 'hunter2',
    st_setsrid(st_makepoint(-110.9747 + (n % 20) * 2e-3, 32.2217 + (n / 20) * 2e-3), 4326)
  from generate_series(0, 199) n;
create index on city.lamps using gist (place);
grant select (id, name, watts, fixed, spare, place) on city.lamps to reader;

create table city.parcels (apn text, place geometry(Polygon, 2868));
insert into city.parcels select 'p' || n, st_transform(st_makeenvelope(-110.98 + n * 1e-3, 32.22, -110.9795 + n * 1e-3, 32.2205, 4326), 2868)
  from generate_series(0, 19) n;

create table city."o'd\d ""ta.ble" (id bigint primary key, "na""me" text, place geometry(Point, 3857));
insert into city."o'd\d ""ta.ble" values (9007199254740991, 'x', st_transform(st_setsrid(st_makepoint(-110.9747, 32.2217), 4326), 3857));

create view city.bright as select id, place from city.lamps where watts > 10;

create table city.routes (id int primary key, way geometry(LineString, 4326), goal geometry(Point, 4326));
insert into city.routes values (1, 'srid=4326;linestring(-110.98 32.22, -110.96 32.23)', 'srid=4326;point(-110.96 32.23)');

create table city.crowd (place geometry(Point, 4326), what text);
insert into city.crowd select st_setsrid(st_makepoint(-110.9747 + random() * 1e-3, 32.2217), 4326), md5(n::text)
  from generate_series(1, 20000) n;

create table city.days (at date, place geometry(Point, 4326)) partition by range (at);
create table city.days_26 partition of city.days for values from ('2026-01-01') to ('2027-01-01');
insert into city.days values ('2026-05-05', 'srid=4326;point(-110.9747 32.2217)');

create table city.hidden (place geometry(Point, 4326));
create table other.unnamed (place geometry(Point, 4326));
grant select on other.unnamed, city.parcels, city."o'd\d ""ta.ble", city.bright, city.routes, city.crowd, city.days to reader;

create function city.heat(z int, x int, y int, query json) returns bytea language sql stable as $$
  select st_asmvt(t, 'heat', 4096, 'place') from
    (select st_asmvtgeom(st_tileenvelope(z, x, y), st_tileenvelope(z, x, y)) as place, query->>'of' as of) t $$;
create function city.writes(z int, x int, y int) returns bytea language plpgsql as $$
  begin insert into city.parcels values ('new', null); return ''; end $$;
create function city.slow(z int, x int, y int) returns bytea language plpgsql as $$ begin loop end loop; end $$;
create function city.no_tile(z int, x text) returns bytea language sql as $$ select ''::bytea $$;
grant insert on city.parcels to reader;
"#;

const NAMES: [&str; 10] = [
    "city.bright",
    "city.crowd",
    "city.days",
    "city.heat",
    "city.lamps",
    "city.o'd\\d \"ta.ble",
    "city.parcels",
    "city.routes.goal",
    "city.routes.way",
    "city.slow",
];

/// The city goes before its database.
struct Place {
    city: City,
    postgis: PostGis,
    operator: Visitor,
}

/// A database and a city with its tables; `None` where there is no PostGIS.
async fn place(more: &str) -> Option<Place> {
    let postgis = PostGis::start().ok()?;
    postgis
        .connect()
        .await
        .batch_execute(TABLES)
        .await
        .expect("tables");
    let address = postgis.address().replace("atalaya@", "reader@");
    let config =
        format!("[postgis]\naddress = {address:?}\nschemas = [\"city\"]\nlook_s = 1\n{more}");
    let city = City::with_config(&config).await;
    let operator = city.operator();
    Some(Place {
        city,
        postgis,
        operator,
    })
}

impl Place {
    async fn tile(&self, name: &str, zoom: u8) -> Tile {
        let path = Self::path(name, zoom);
        Tile::decode(&self.operator.get(&path).await.expect(200).body)
    }

    fn path(name: &str, zoom: u8) -> String {
        let (x, y) = tile_at(DOWNTOWN.0 + 1e-4, DOWNTOWN.1 + 1e-4, zoom);
        let name = name
            .replace('\\', "%5C")
            .replace('"', "%22")
            .replace(' ', "%20");
        format!("/tiles/{name}/{zoom}/{x}/{y}")
    }
}

#[tokio::test]
async fn tables_views_and_functions_are_found_and_drawn() {
    let Some(place) = place("").await else {
        return skipped(MISSING);
    };
    let operator = &place.operator;
    let found = eventually("the tables", async || {
        let catalog = operator.json("/catalog").await;
        let found = catalog["tables"]
            .as_array()
            .filter(|found| !found.is_empty());
        found.cloned()
    });
    let found = found.await;
    let mut expected: Vec<&str> = NAMES.to_vec();
    expected.push("city.writes");
    assert_eq!(json!(found), json!(expected));
    let lamps = place.tile("city.lamps", 12).await;
    let mut numbers: Vec<u64> = lamps
        .layer("lamps")
        .iter()
        .filter_map(|lamp| lamp.number)
        .collect();
    numbers.sort_unstable();
    assert!(
        numbers.len() > 50 && numbers.is_sorted_by(|a, b| a < b),
        "{numbers:?}"
    );
    let first = lamps
        .layer("lamps")
        .iter()
        .find(|lamp| lamp.number == Some(42))
        .expect("it is downtown");
    assert_eq!(first.text("name"), Some("lamp 42"));
    assert_eq!(first.integer("fixed"), Some(1_767_323_045_678));
    let about = operator.json("/tiles/city.lamps").await;
    assert_eq!(about["description"], "Street lamps");
    let fields = &about["vector_layers"][0]["fields"];
    assert_eq!(
        *fields,
        json!({ "id": "Number", "name": "String", "watts": "Number", "fixed": "Number" })
    );
    for (name, layer, zoom) in [
        ("city.parcels", "parcels", 14),
        ("city.bright", "bright", 12),
        ("city.routes.way", "routes", 12),
        ("city.days", "days", 16),
    ] {
        assert!(
            !place.tile(name, zoom).await.layer(layer).is_empty(),
            "{name}"
        );
    }
    let odd = place.tile("city.o'd\\d \"ta.ble", 16).await;
    let odd = &odd.layer("o'd\\d \"ta.ble")[0];
    assert_eq!(
        (odd.number, odd.text("na\"me")),
        (Some(9_007_199_254_740_991), Some("x"))
    );
    let heat = Place::path("city.heat", 12) + "?of=grass%27";
    let heat = Tile::decode(&operator.get(&heat).await.expect(200).body);
    assert_eq!(heat.layer("heat")[0].text("of"), Some("grass'"));
    // The whole world, and its edges.
    for path in ["0/0/0", "1/1/0", "3/7/7", "22/0/0", "22/4194303/4194303"] {
        for name in ["city.lamps", "city.parcels"] {
            let reply = operator.get(&format!("/tiles/{name}/{path}")).await;
            assert!(
                [200, 204].contains(&reply.status),
                "{name} {path}: {}",
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_no_tileset_and_nothing_is_written() {
    let Some(place) = place("").await else {
        return skipped(MISSING);
    };
    let operator = &place.operator;
    place.city.expect_log("no tile of a table");
    for name in [
        "city.hidden",
        "other.unnamed",
        "city.no_tile",
        "city.days_26",
        "pg_catalog.pg_class",
    ] {
        operator
            .get(&format!("/tiles/{name}"))
            .await
            .expect_problem(404);
        operator
            .get(&Place::path(name, 12))
            .await
            .expect_problem(404);
    }
    let lamps = operator
        .get(&Place::path("city.lamps", 12))
        .await
        .expect(200);
    assert!(
        !lamps.body.windows(7).any(|bytes| bytes == b"hunter2"),
        "a column that nobody granted"
    );
    let written = operator
        .get(&Place::path("city.writes", 12))
        .await
        .expect_problem(502);
    assert!(written.text().contains("25006"), "{}", written.text());
    let crowd = operator
        .get(&Place::path("city.crowd", 12))
        .await
        .expect_problem(422);
    assert!(crowd.text().contains("500000"), "{}", crowd.text());
    operator
        .get(&(Place::path("city.lamps", 12) + "?of=1"))
        .await
        .expect_problem(400);
    let long = format!("{}?of={}", Place::path("city.heat", 12), "x".repeat(3_000));
    operator.get(&long).await.expect_problem(400);
    let slow = operator
        .get(&Place::path("city.slow", 12))
        .await
        .expect_problem(502);
    assert!(slow.text().contains("within 10 s"), "{}", slow.text());
    // It does not go on where nobody waits for it.
    let running =
        "select count(*) from pg_stat_activity where usename = 'reader' and state = 'active'";
    let running: i64 = place
        .postgis
        .connect()
        .await
        .query_one(running, &[])
        .await
        .expect("a count")
        .get(0);
    assert_eq!(running, 0);
}

#[tokio::test]
async fn a_tileset_behind_a_clearance_with_its_own_zooms_and_columns() {
    let more = "[postgis.tilesets.\"city.lamps\"]\nclearance = \"medical\"\nminzoom = 12\nmaxzoom = 13\ncolumns = [\"name\"]\n";
    let Some(place) = place(more).await else {
        return skipped(MISSING);
    };
    let cleared = place.city.program("operator", &["medical"]);
    place
        .operator
        .get("/tiles/city.lamps")
        .await
        .expect_problem(404);
    place
        .operator
        .get(&Place::path("city.lamps", 12))
        .await
        .expect_problem(404);
    let about = cleared.json("/tiles/city.lamps").await;
    assert_eq!(
        (&about["minzoom"], &about["maxzoom"]),
        (&json!(12), &json!(13))
    );
    let fields = &about["vector_layers"][0]["fields"];
    assert_eq!(*fields, json!({ "id": "Number", "name": "String" }));
    cleared
        .get(&Place::path("city.lamps", 11))
        .await
        .expect(204);
    let first = cleared
        .get(&Place::path("city.lamps", 13))
        .await
        .expect(200);
    let lamps = Tile::decode(&first.body);
    assert_eq!(lamps.layer("lamps")[0].integer("fixed"), None);
    // What changes is seen when what is kept is no longer fresh.
    let client = place.postgis.connect().await;
    client
        .batch_execute("update city.lamps set name = 'dark'")
        .await
        .expect("updated");
    eventually("the change", async || {
        let later = cleared
            .get(&Place::path("city.lamps", 13))
            .await
            .expect(200);
        (later.header("etag") != first.header("etag")).then_some(())
    })
    .await;
    // A new table, and one that is gone.
    client
        .batch_execute("create table city.news (place geometry(Point, 4326)); grant select on city.news to reader; drop table city.days")
        .await
        .expect("tables");
    eventually("the new table", async || {
        let there = cleared.get("/tiles/city.news").await.status == 200;
        (there && cleared.get("/tiles/city.days").await.status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_its_database_a_city_goes_on_and_says_so() {
    let Some(Place {
        city,
        postgis,
        operator,
    }) = place("").await
    else {
        return skipped(MISSING);
    };
    let (x, y) = tile_at(DOWNTOWN.0, DOWNTOWN.1, 12);
    let path = format!("/tiles/city.lamps/12/{x}/{y}");
    operator.get(&path).await.expect(200);
    let address = postgis.address();
    city.expect_log("cannot be looked through");
    city.expect_log("no tile of a table");
    drop(postgis);
    let failed = eventually("the loss", async || {
        let reply = operator.get(&path).await;
        (reply.status == 502).then_some(reply)
    });
    let failed = failed.await.expect_problem(502);
    assert!(
        failed.text().contains("cannot be reached"),
        "{}",
        failed.text()
    );
    let port = address.rsplit(':').next().expect("a port");
    assert!(!failed.text().contains(port), "{}", failed.text());
    operator
        .get(&format!("/tiles/units/12/{x}/{y}"))
        .await
        .expect(204);
    assert_eq!(
        operator.json("/tiles/city.lamps").await["name"],
        "city.lamps"
    );
}
