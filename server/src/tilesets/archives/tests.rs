use super::*;
use crate::config::Config;
use pmtiles::{Compression, PmTilesWriter, TileType};
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const HERE: (u8, u32, u32) = (3, 1, 5);

fn here() -> TileCoord {
    TileCoord::new(HERE.0, HERE.1, HERE.2).unwrap()
}

/// Bytes that are worth compressing, and no tile: nothing here looks into one.
fn content() -> Vec<u8> {
    b"\x1a a tile of a city at night".repeat(40)
}

/// A PMTiles archive with one tile.
fn written(folder: &Path, kind: TileType, compression: Compression) -> PathBuf {
    let path = folder.join(format!("{kind:?}-{compression:?}.pmtiles"));
    let writer = PmTilesWriter::new(kind).tile_compression(compression);
    let writer = writer.min_zoom(2).max_zoom(3);
    let metadata = r#"{"attribution":"<a href=\"x\" onclick=\"y()\">&copy; Nobody</a>","vector_layers":[{"id":"lamps"}]}"#;
    let mut writer = writer
        .metadata(metadata)
        .create(File::create(&path).unwrap())
        .unwrap();
    let place = pmtiles::TileCoord::new(HERE.0, HERE.1, HERE.2).unwrap();
    writer.add_tile(place, &content()).unwrap();
    writer.finalize().unwrap();
    path
}

fn archives(addresses: &[(&str, &Path)]) -> TileArchives {
    let configs: Vec<(&str, ArchiveConfig)> = addresses
        .iter()
        .map(|(name, path)| {
            let address = path.to_string_lossy().into_owned();
            let clearance = None;
            (*name, ArchiveConfig { address, clearance })
        })
        .collect();
    let catalog = Config::default().catalog().unwrap();
    let configs = configs.iter().map(|(name, config)| (*name, config));
    TileArchives::new(configs, &catalog, 1 << 20)
}

async fn tile(archives: &TileArchives, name: &str, wants: Coding) -> Result<Arc<Kept>, Unusable> {
    let archive = archives
        .open(&Viewer::NOBODY, name)
        .expect("it is open to all");
    let choose = |at_hand: &[Coding]| {
        let known = at_hand.contains(&wants);
        if known { wants } else { Coding::Identity }
    };
    archives
        .tile(archive, here(), choose)
        .await
        .map(|(kept, _)| kept)
}

#[actix_web::test]
async fn a_tile_comes_in_its_own_coding_or_in_none_and_what_has_none_in_any() {
    let folder = TempDir::new().unwrap();
    let stored = [
        (Compression::Gzip, Coding::Gzip),
        (Compression::Brotli, Coding::Brotli),
        (Compression::Zstd, Coding::Zstd),
        (Compression::None, Coding::Identity),
    ];
    for (compression, own) in stored {
        let path = written(folder.path(), TileType::Mvt, compression);
        let archives = archives(&[("lamps", &path)]);
        for wanted in Coding::BEST_FIRST {
            let kept = tile(&archives, "lamps", wanted).await.unwrap();
            let takes = own == Coding::Identity || own == wanted;
            let expected = if takes { wanted } else { Coding::Identity };
            assert_eq!(kept.stored.coding, expected, "{own:?} for {wanted:?}");
            let back = expected.decode(&kept.stored.bytes, MOST_BYTES).unwrap();
            assert_eq!(back.unwrap(), content(), "{own:?} for {wanted:?}");
        }
    }
}

#[actix_web::test]
async fn images_go_out_as_they_are() {
    let folder = TempDir::new().unwrap();
    let kinds = [
        (TileType::Png, TileKind::Png),
        (TileType::Jpeg, TileKind::Jpeg),
        (TileType::Webp, TileKind::Webp),
        (TileType::Avif, TileKind::Avif),
    ];
    for (kind, known) in kinds {
        let path = written(folder.path(), kind, Compression::None);
        let archives = archives(&[("relief", &path)]);
        let archive = archives.open(&Viewer::NOBODY, "relief").unwrap();
        assert_eq!(archive.about().await.unwrap().0.kind, known);
        let kept = tile(&archives, "relief", Coding::Zstd).await.unwrap();
        assert_eq!(kept.stored.coding, Coding::Identity, "{known:?}");
        assert_eq!(kept.stored.bytes, content(), "{known:?}");
    }
}

#[actix_web::test]
async fn who_asks_for_the_same_at_once_waits_for_one_reading() {
    let folder = TempDir::new().unwrap();
    let path = written(folder.path(), TileType::Mvt, Compression::Gzip);
    let archives = archives(&[("lamps", &path)]);
    let archive = archives.open(&Viewer::NOBODY, "lamps").unwrap();
    let asked = (0..20).map(|_| archives.tile(archive, here(), |at_hand| at_hand[0]));
    let answers = futures_util::future::join_all(asked).await;
    let read = answers
        .iter()
        .filter(|answer| matches!(answer, Ok((_, true))));
    assert_eq!(read.count(), 1);
}

#[actix_web::test]
async fn what_an_archive_says_of_itself_holds_no_markup() {
    let folder = TempDir::new().unwrap();
    let path = written(folder.path(), TileType::Mvt, Compression::Gzip);
    let archives = archives(&[("lamps", &path)]);
    let archive = archives.open(&Viewer::NOBODY, "lamps").unwrap();
    let (about, _) = archive.about().await.unwrap();
    assert_eq!(about.attribution, "© Nobody");
    assert_eq!(about.zooms, [2, 3]);
    assert_eq!(about.vector_layers.len(), 1);
    for (marked, plain) in [
        ("a < b > c", "a  c"),
        ("<<b>script>x", "scriptx"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("<unclosed", ""),
    ] {
        assert_eq!(crate::tilesets::about::without_marks(marked), plain);
    }
}

/// Every archive that is cut short, and some with a wrong byte, are refused or read, and nothing else.
#[actix_web::test]
async fn a_damaged_archive_gives_an_error_or_a_tile_and_never_a_panic() {
    let folder = TempDir::new().unwrap();
    let whole = std::fs::read(written(folder.path(), TileType::Mvt, Compression::Gzip)).unwrap();
    let path = folder.path().join("damaged.pmtiles");
    let mut refused = 0;
    let lengths = (0..whole.len())
        .step_by(97)
        .map(|length| whole[..length].to_vec());
    let flipped = (0..200).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        bytes
    });
    for bytes in lengths.chain(flipped) {
        std::fs::write(&path, &bytes).unwrap();
        let archives = archives(&[("lamps", &path)]);
        let read = tile(&archives, "lamps", Coding::Identity).await;
        refused += usize::from(read.is_err());
    }
    assert!(refused > 50, "{refused} of them");
}

#[test]
fn an_archive_is_one_line_or_a_table_and_a_wrong_one_is_refused() {
    let read = |text: &str| toml::from_str::<Config>(text).map_err(|error| error.to_string());
    let config = read("basemap = \"city.pmtiles\"\n[tile_archives]\na = \"a.mbtiles\"\nb = { address = \"b\", clearance = \"cji\" }").unwrap();
    let names: Vec<&str> = config.tile_archives().map(|(name, _)| name).collect();
    assert_eq!(names, ["basemap", "a", "b"]);
    assert!(read("[tile_archives]\na = { address = \"a\", color = 1 }").is_err());
    assert!(read("[tile_archives]\na = 7").is_err());
    for (address, fine) in [
        ("a.pmtiles", true),
        ("https://tiles.example/a.pmtiles", true),
        ("env:TILES", true),
        ("ftp://tiles.example/a.pmtiles", false),
        ("", false),
        ("env:", false),
    ] {
        assert_eq!(check(address).is_ok(), fine, "{address}");
    }
    let printed = toml::to_string(&ArchiveConfig {
        address: "https://me:hunter2@tiles.example/a.pmtiles?key=hunter2".into(),
        clearance: None,
    });
    assert!(!printed.unwrap().contains("hunter2"));
}
