use super::*;
use actix_web::http::header::HeaderValue;
use atalaya_tiles::RingLimits;
use bytes::Bytes;

fn view() -> Arc<View> {
    let catalog = Arc::new(crate::identity::tests::catalog());
    Arc::new(View::empty(catalog, RingLimits::default()))
}

fn tile(bytes: usize, view: &Arc<View>) -> AtHand {
    let told = Told {
        etag: HeaderValue::from_static("\"0-1\""),
        stands: HeaderValue::from_static("0:1"),
        format: TileFormat::Mvt,
    };
    let wire = Wire {
        bytes: Bytes::from(vec![0; bytes]),
        coding: Coding::Gzip,
    };
    AtHand::new(told, wire, view, 0)
}

fn asked(path: &str) -> Asked<'_> {
    Asked {
        path,
        viewer: Viewer::NOBODY,
        coding: Coding::Gzip,
        accepted: TileFormat::Mvt,
    }
}

#[test]
fn what_is_at_hand_is_of_one_view_and_one_basemap() {
    let (now, later) = (view(), view());
    let tile = tile(1, &now);
    assert!(tile.is_of(&now, 0));
    assert!(!tile.is_of(&later, 0));
    assert!(!tile.is_of(&now, 1));
}

#[test]
fn another_viewer_another_coding_and_another_format_find_nothing() {
    let mut tiles = Tiles::default();
    tiles.keep(&asked("/tiles/a/0/0/0"), tile(1, &view()), 10_000);
    let found = |asked: Asked<'_>| tiles.tiles.contains_key(&asked);
    assert!(found(asked("/tiles/a/0/0/0")));
    assert!(!found(asked("/tiles/b/0/0/0")));
    assert!(!found(Asked {
        viewer: Viewer::EVERYTHING,
        ..asked("/tiles/a/0/0/0")
    }));
    assert!(!found(Asked {
        coding: Coding::Zstd,
        ..asked("/tiles/a/0/0/0")
    }));
    assert!(!found(Asked {
        accepted: TileFormat::Mlt,
        ..asked("/tiles/a/0/0/0")
    }));
}

#[test]
fn it_takes_no_more_room_than_it_has() {
    let mut tiles = Tiles::default();
    let view = view();
    let room_bytes = 3 * (1_000 + EACH_BYTES);
    for number in 0..10 {
        let path = format!("/tiles/a/9/0/{number}");
        tiles.keep(&asked(&path), tile(1_000, &view), room_bytes);
        assert!(tiles.tiles.contains_key(&asked(&path)));
        let held: usize = tiles.tiles.values().map(AtHand::bytes).sum();
        assert_eq!(held, tiles.bytes);
        assert!(held <= room_bytes, "{held}");
    }
    tiles.keep(&asked("/tiles/a/9/0/9"), tile(1_000, &view), room_bytes);
    assert_eq!(tiles.tiles.len(), 1, "the same takes its own place");
    tiles.keep(
        &asked("/tiles/a/0/0/0"),
        tile(room_bytes, &view),
        room_bytes,
    );
    assert_eq!(tiles.tiles.len(), 1, "what is too large takes nobody's");
}
