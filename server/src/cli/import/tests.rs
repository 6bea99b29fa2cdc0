use super::*;
use crate::adaptor::testing::real;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::store::{Embedded, Store, StoreOptions};

struct Bench {
    folder: tempfile::TempDir,
    config: Config,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: folder.path().join("data"),
            ..Config::default()
        };
        config.store.reserve_bytes = 0;
        Self { folder, config }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn import(&self, layer: &str, file: &Path) -> Result<Tally, Failure> {
        let import = Import {
            layer: layer.into(),
            file: file.to_owned(),
            crs: None,
            map: Vec::new(),
            id: None,
        };
        actix_web::rt::System::new().block_on(import.layer(&self.config))
    }
}

fn calls(count: usize) -> String {
    let mut text = String::from("id,type,priority,lon,lat\n");
    for at in 0..count {
        let lat = if at % 1_000 == 7 { 132.0 } else { 32.2 };
        text += &[
            "c",
            &at.to_string(),
            ",Call,",
            &(at % 9 + 1).to_string(),
            ",-110.9,",
            &lat.to_string(),
            "\n",
        ]
        .concat();
    }
    text
}

#[test]
fn an_import_twice_changes_nothing_the_second_time() {
    let bench = Bench::new();
    let file = bench.file("calls.csv", &calls(2_500));
    let first = bench.import("incidents", &file).unwrap();
    assert_eq!(
        first,
        Tally {
            skipped: 0,
            accepted: 2_497,
            duplicates: 0,
            rejected: 3
        }
    );
    let again = bench.import("incidents", &file).unwrap();
    assert_eq!(
        again,
        Tally {
            skipped: 0,
            accepted: 0,
            duplicates: 2_497,
            rejected: 3
        }
    );
}

#[test]
fn rejects_say_which_record_and_why() {
    let bench = Bench::new();
    let file = bench.file("calls.csv", &calls(1_010));
    bench.import("incidents", &file).unwrap();
    let text = std::fs::read_to_string(Rejects::path(&file)).unwrap();
    let lines: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines
            .iter()
            .map(|line| line["index"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [7, 1_007]
    );
    assert_eq!(lines[0]["pointer"], "/geometry");
    assert!(
        lines[0]["reason"]
            .as_str()
            .unwrap()
            .contains("not on the globe"),
        "{text}"
    );
    let good = bench.file("calls.csv", &calls(5));
    bench.import("incidents", &good).unwrap();
    assert!(
        !Rejects::path(&file).exists(),
        "rejects of a file that has none are gone"
    );
}

#[test]
fn an_import_that_was_cut_off_goes_on() {
    let bench = Bench::new();
    let file = bench.file("calls.csv", &calls(1_500));
    let mut ledger = Ledger::open(&bench.config.data, "incidents", &file, "None [] None");
    ledger.advance(1_000);
    let tally = bench.import("incidents", &file).unwrap();
    assert_eq!(
        tally,
        Tally {
            skipped: 1_000,
            accepted: 499,
            duplicates: 0,
            rejected: 1
        }
    );
    let tally = bench.import("incidents", &file).unwrap();
    assert_eq!(tally.accepted, 999, "a complete import begins anew");
}

#[test]
fn another_file_of_the_same_name_is_not_gone_on_with() {
    let bench = Bench::new();
    let file = bench.file("calls.csv", &calls(10));
    let mut ledger = Ledger::open(&bench.config.data, "incidents", &file, "");
    ledger.advance(5);
    assert_eq!(
        Ledger::open(&bench.config.data, "incidents", &file, "").next(),
        5
    );
    assert_eq!(
        Ledger::open(&bench.config.data, "cameras", &file, "").next(),
        0
    );
    let file = bench.file("calls.csv", &calls(11));
    assert_eq!(
        Ledger::open(&bench.config.data, "incidents", &file, "").next(),
        0
    );
}

#[test]
fn what_is_not_there_is_named() {
    let bench = Bench::new();
    let file = bench.file("calls.csv", &calls(1));
    for (layer, reason) in [
        ("incident", "no layer \"incident\"; there are cameras"),
        ("coverage", "computed from others"),
    ] {
        let refused = bench.import(layer, &file).unwrap_err();
        assert!(
            matches!(&refused, Failure::NotThere(said) if said.contains(reason)),
            "{refused}"
        );
    }
    assert!(!bench.config.data.exists(), "nothing was written");
}

#[test]
fn a_store_in_use_without_a_control_socket_is_left_alone() {
    let bench = Bench::new();
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    let store = Store::Embedded(Embedded::open(&bench.config.data, options).unwrap());
    let _engine = Engine::start(&bench.config, store, &Clock::system()).unwrap();
    let file = bench.file("calls.csv", &calls(1));
    let refused = bench.import("incidents", &file).unwrap_err();
    assert!(matches!(refused, Failure::Store(_)), "{refused}");
}

#[test]
fn pointers_lose_the_batch() {
    assert_eq!(within("/features/12/geometry/x"), "/geometry/x");
    assert_eq!(within("/features/12"), "");
    assert_eq!(within(""), "");
}

#[test]
fn what_is_stored_is_said_with_its_rate() {
    let ms = Duration::from_millis;
    for (bytes, within, said) in [
        (0, ms(0), "0 B stored, 0 B/s"),
        (1_500, ms(500), "1.50 kB stored, 3.00 kB/s"),
        (4_000_000, ms(2_000), "4.00 MB stored, 2.00 MB/s"),
        (u64::MAX, ms(1), "18.45 EB stored, 18.45 EB/s"),
    ] {
        assert_eq!(stored(bytes, within), said);
    }
}

#[test]
fn the_fire_stations_of_a_city() {
    let Some(found) = real("tucson/fire_stations.geojson") else {
        return;
    };
    let bench = Bench::new();
    let file = bench.file("fire_stations.geojson", str::from_utf8(&found).unwrap());
    let tally = bench.import("sites", &file).unwrap();
    assert_eq!((tally.accepted, tally.rejected), (83, 0));
}

#[test]
fn rejects_are_for_their_owner_and_written_through_no_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let file = bench.file("calls.csv", &calls(10));
    let other = bench.file("other", "not ours");
    let rejects = Rejects::path(&file);
    for link in [rejects.clone(), super::super::fresh::part_of(&rejects)] {
        std::os::unix::fs::symlink(&other, link).unwrap();
    }
    let lines = || std::fs::read_to_string(&rejects).unwrap().lines().count();
    for goes_on in [false, true, true] {
        let mut noted = Rejects::new(&file, goes_on);
        noted.note(7, "no reason", "");
        noted.finish();
        let found = std::fs::symlink_metadata(&rejects).unwrap();
        assert!(found.is_file());
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(lines(), 3, "the rejects of the run before stay");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "not ours");
    std::fs::remove_file(&rejects).unwrap();
    std::os::unix::fs::symlink(&other, &rejects).unwrap();
    let mut noted = Rejects::new(&file, true);
    noted.note(7, "no reason", "");
    noted.finish();
    assert_eq!(lines(), 1, "what a link leads to is not gone on with");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "not ours");
}
