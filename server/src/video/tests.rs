//! Playlists rewritten, places resolved, files read: all without a network.

use super::fetch::{ByteRange, byte_range};
use super::location::Location;
use super::names::Names;
use super::*;
use bytes::Bytes;
use futures_util::StreamExt;
use std::fs;
use tempfile::TempDir;

const SECRET: &str = "token=hunter2";
const UPSTREAM: &str = "https://viewer:pass@recorder.example/live/cam/index.m3u8?token=hunter2";

fn upstream() -> Location {
    Location::configured(UPSTREAM).unwrap()
}

/// Rewrites a playlist that lies at the upstream; URIs become `<where they lead>`.
fn rewritten(text: &str) -> Result<String, Failed> {
    playlist::rewrite(text, |uri, kind| {
        let place = upstream().resolve(uri).ok_or(Failed::Outside)?;
        let Location::Web(url) = place else {
            panic!("{uri} leads to a file")
        };
        Ok(format!("<{kind:?} {}>", url.path()))
    })
}

#[test]
fn a_media_playlist_keeps_its_times_and_loses_its_addresses() {
    let text = "#EXTM3U\r\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:71\n\
        # from https://recorder.example\n\
        #EXT-X-VENDOR:https://recorder.example/secret\n\
        #EXT-X-MAP:URI=\"init.mp4?token=hunter2\",BYTERANGE=\"720@0\"\n\
        #EXT-X-KEY:METHOD=AES-128,URI=\"/keys/1.key\",IV=0x0a\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-10-17T02:00:00.000Z\n\
        #EXTINF:4.000,https://recorder.example/title\n#EXT-X-BYTERANGE:1000@2000\n\
        seg-71.m4s?token=hunter2\n#EXT-X-DISCONTINUITY\n#EXTINF:3.5\n\
        https://recorder.example/other/seg-72.m4s\n\
        #EXTINF:4,\n//recorder.example/seg-73.m4s\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\n../up.m4s\n#EXT-X-ENDLIST\n";
    let expected = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:71\n\
        #EXT-X-MAP:URI=\"<Segment /live/cam/init.mp4>\",BYTERANGE=\"720@0\"\n\
        #EXT-X-KEY:METHOD=AES-128,URI=\"<Segment /keys/1.key>\",IV=0x0a\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-10-17T02:00:00.000Z\n\
        #EXTINF:4.000,\n#EXT-X-BYTERANGE:1000@2000\n\
        <Segment /live/cam/seg-71.m4s>\n#EXT-X-DISCONTINUITY\n#EXTINF:3.5,\n\
        <Segment /other/seg-72.m4s>\n\
        #EXTINF:4,\n<Segment /seg-73.m4s>\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\n<Segment /live/up.m4s>\n#EXT-X-ENDLIST\n";
    assert_eq!(rewritten(text).unwrap(), expected);
}

#[test]
fn a_master_playlist_leads_to_playlists() {
    let text = "\u{feff}#EXTM3U\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a, b\",NAME=\"x=y\",DEFAULT=YES,URI=\"audio/index.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS=\"avc1.4d001e,mp4a.40.2\",AUDIO=\"a, b\"\n\
        low/index.m3u8\n\
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=86000,URI=\"low/i.m3u8\"\n\
        #EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"k\"\n\
        #EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"https://elsewhere.example/d.json\"\n";
    let expected = "#EXTM3U\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a, b\",NAME=\"x=y\",DEFAULT=YES,URI=\"<Playlist /live/cam/audio/index.m3u8>\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS=\"avc1.4d001e,mp4a.40.2\",AUDIO=\"a, b\"\n\
        <Playlist /live/cam/low/index.m3u8>\n\
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=86000,URI=\"<Playlist /live/cam/low/i.m3u8>\"\n\
        #EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"<Segment /live/cam/k>\"\n";
    assert_eq!(rewritten(text).unwrap(), expected);
}

#[test]
fn a_low_latency_playlist_becomes_a_plain_one() {
    let text = "#EXTM3U\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-PART-INF:PART-TARGET=0.3\n\
        #EXT-X-PART:DURATION=0.3,URI=\"p1.mp4\"\n#EXTINF:4,\ns.mp4\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p2.mp4\"\n#EXT-X-RENDITION-REPORT:URI=\"../o.m3u8\"\n";
    let expected = "#EXTM3U\n#EXTINF:4,\n<Segment /live/cam/s.mp4>\n";
    assert_eq!(rewritten(text).unwrap(), expected);
}

#[test]
fn what_is_no_playlist_is_refused() {
    let unreadable = |text: &str| {
        let refused = rewritten(text).unwrap_err();
        assert!(
            matches!(refused, Failed::Unreadable(_)),
            "{text}: {refused}"
        );
    };
    unreadable("");
    unreadable("<html>");
    unreadable("#EXT-X-VERSION:3\n#EXTM3U\n");
    unreadable("#EXTM3U\n#EXT-X-DEFINE:NAME=\"h\",VALUE=\"x\"\n{$h}/s.ts\n");
    unreadable("#EXTM3U\n#EXT-X-KEY:METHOD\n");
    unreadable("#EXTM3U\n#EXT-X-KEY:URI=bare\n");
    unreadable("#EXTM3U\n#EXT-X-KEY:URI=\"open\n");
    unreadable("#EXTM3U\n#EXT-X-KEY:URI=\"a\"METHOD=NONE\n");
}

#[test]
fn a_playlist_leads_to_its_own_origin_only() {
    let outside = [
        "https://elsewhere.example/s.ts",
        "http://recorder.example/s.ts",
        "https://recorder.example:8443/s.ts",
        "//127.0.0.1/s.ts",
        "https://recorder.example@127.0.0.1/s.ts",
        "\\\\127.0.0.1\\s.ts",
        "file:///etc/passwd",
        "data:text/plain,key",
        "skd://key",
        "https://",
    ];
    for uri in outside {
        assert_eq!(upstream().resolve(uri), None, "{uri}");
        for line in [uri.to_owned(), format!("#EXT-X-MAP:URI=\"{uri}\"")] {
            let refused = rewritten(&format!("#EXTM3U\n#EXTINF:4,\n{line}\n"));
            assert_eq!(refused, Err(Failed::Outside), "{line}");
        }
    }
    assert_eq!(upstream().resolve(&"s".repeat(5_000)), None);
}

#[test]
fn credentials_in_the_address_go_along_within_the_origin() {
    let resolved = |uri: &str| match upstream().resolve(uri).unwrap() {
        Location::Web(url) => url.to_string(),
        Location::Disk { .. } => panic!("{uri} leads to a file"),
    };
    let expected = "https://viewer:pass@recorder.example/s.ts?a=1";
    assert_eq!(resolved("https://recorder.example/s.ts?a=1#t"), expected);
    assert_eq!(resolved("../../s.ts?a=1"), expected);
}

#[test]
fn a_file_leads_to_its_own_folder_only() {
    let below = |uri: &str| match Location::configured("/streams/a/live/index.m3u8").unwrap() {
        from @ Location::Disk { .. } => match from.resolve("sub/x.m3u8")?.resolve(uri)? {
            Location::Disk { root, below } => {
                assert_eq!(root, Path::new("/streams/a/live"));
                below.to_str().map(str::to_owned)
            }
            Location::Web(_) => panic!("{uri} leads to the web"),
        },
        Location::Web(_) => panic!("a path is no address"),
    };
    assert_eq!(below("s%201.ts?t=1").as_deref(), Some("sub/s 1.ts"));
    assert_eq!(below("./../init.mp4").as_deref(), Some("init.mp4"));
    let outside = [
        "../../index.m3u8",
        "..%2f..%2Fx",
        "%2e%2e/%2e%2e/x",
        "/etc/passwd",
        "%2fetc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
        "a\\..\\..\\x",
        "x%00.ts",
        "x%zz.ts",
        "x%f",
        "..",
    ];
    for uri in outside {
        assert_eq!(below(uri), None, "{uri}");
    }
}

#[test]
fn names_say_nothing_and_are_a_camera_s_own() {
    let names = Names::at_most(10);
    let place = upstream().resolve("s.ts?token=hunter2").unwrap();
    let name = names.give("c1", place.clone(), Kind::Segment);
    assert_eq!(name, names.give("c1", place.clone(), Kind::Segment));
    assert_eq!((name.len(), name.split_once('.').unwrap().1), (35, "ts"));
    assert_eq!(names.find("c1", &name).unwrap().media_type(), "video/mp2t");
    assert_eq!(names.find("c2", &name), None);
    assert_ne!(name, names.give("c2", place.clone(), Kind::Segment));
    assert_ne!(name, Names::at_most(10).give("c1", place, Kind::Segment));

    let page = upstream().resolve("page.html").unwrap();
    let page = names.give("c1", page, Kind::Segment);
    assert_eq!(page.split_once('.').unwrap().1, "bin");
}

#[test]
fn an_address_is_never_printed() {
    let mut streams = BTreeMap::from([("c1".to_owned(), UPSTREAM.to_owned())]);
    streams.insert("c2".into(), "env:ATALAYA_NO_SUCH_VARIABLE".into());
    let video = Video::new(&streams, &Limits::default());
    let printed = format!("{video:?}{:?}", video.find("c1", FIRST));
    assert!(
        !printed.contains(SECRET) && !printed.contains("recorder"),
        "{printed}"
    );
    assert_eq!(video.find("c2", FIRST), Some(Err(Failed::Unset)));
    assert_eq!(video.find("c3", FIRST), None);
    assert_eq!(video.find("c1", "seg.ts"), None);
}

#[test]
fn only_addresses_and_paths_are_configured() {
    for (camera, value) in [
        ("c", ""),
        ("c", "env:"),
        ("c", "ftp://recorder.example/index.m3u8"),
        ("c", "http://"),
        ("..", "/streams/a"),
        ("", "/streams/a"),
    ] {
        assert!(check(camera, value).is_err(), "{camera} = {value}");
    }
    for value in [UPSTREAM, "env:NAME", "/streams/a", "streams/a.m3u8"] {
        assert_eq!(check("lot/3 (north)", value), Ok(()), "{value}");
    }
    assert_eq!(beside(Path::new("/etc/atalaya"), "a"), "/etc/atalaya/a");
    assert_eq!(beside(Path::new("/etc/atalaya"), "/a"), "/a");
    assert_eq!(beside(Path::new("/etc/atalaya"), "env:A"), "env:A");
    assert_eq!(beside(Path::new("/etc/atalaya"), UPSTREAM), UPSTREAM);
}

#[test]
fn ranges_are_read_and_cut_to_what_is_there() {
    let cut = |header: &str, whole| byte_range(header).and_then(|range| range.of(whole));
    assert_eq!(cut("bytes=0-0", 10), Some((0, 1)));
    assert_eq!(cut("bytes=4-", 10), Some((4, 6)));
    assert_eq!(cut("bytes=4-99", 10), Some((4, 6)));
    assert_eq!(cut("bytes=-3", 10), Some((7, 3)));
    assert_eq!(cut("bytes=-30", 10), Some((0, 10)));
    for nothing in [
        "bytes=10-",
        "bytes=5-4",
        "bytes=-0",
        "bytes=0-1,3-4",
        "bytes=+1-2",
        "bytes=-",
        "items=0-1",
        "",
    ] {
        assert_eq!(cut(nothing, 10), None, "{nothing}");
    }
    assert_eq!(cut("bytes=0-", 0), None);
    assert_eq!(byte_range("bytes=2-3"), Some(ByteRange::From(2, Some(3))));
}

/// A folder with a stream of one segment, and a video with it as camera `c1`.
fn on_disk(limits: &Limits) -> (TempDir, Video) {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live");
    fs::create_dir(&live).unwrap();
    fs::write(folder.path().join("secret.ts"), "secret").unwrap();
    fs::write(live.join("index.m3u8"), "#EXTM3U\n#EXTINF:4,\ns.ts\n").unwrap();
    fs::write(live.join("s.ts"), "0123456789").unwrap();
    let path = live.to_str().unwrap().to_owned();
    let video = Video::new(&BTreeMap::from([("c1".to_owned(), path)]), limits);
    (folder, video)
}

/// The names of what the first playlist lists.
async fn listed(video: &Video) -> Result<Vec<String>, Failed> {
    let first = video.find("c1", FIRST).unwrap()?;
    let text = video.playlist("c1", &first).await?;
    let uris = text.lines().filter(|line| !line.starts_with('#'));
    Ok(uris.map(str::to_owned).collect())
}

async fn bytes(segment: Segment) -> Result<Vec<u8>, Broken> {
    let chunks: Vec<Result<Bytes, Broken>> = segment.into_chunks().collect().await;
    let chunks: Vec<Bytes> = chunks.into_iter().collect::<Result<_, _>>()?;
    Ok(chunks.concat())
}

async fn first_segment(video: &Video, range: Option<&str>) -> Result<Segment, Failed> {
    let name = listed(video).await?.remove(0);
    let target = video.find("c1", &name).unwrap()?;
    video.segment("c1", &target, range).await
}

#[actix_web::test]
async fn a_stream_is_read_from_disk_whole_or_in_part() {
    let (_folder, video) = on_disk(&Limits::default());
    let whole = first_segment(&video, None).await.unwrap();
    assert_eq!((whole.length, &whole.range), (Some(10), &None));
    assert_eq!(bytes(whole).await.unwrap(), b"0123456789");
    let part = first_segment(&video, Some("bytes=2-4")).await.unwrap();
    assert_eq!(part.range.as_deref(), Some("bytes 2-4/10"));
    assert_eq!(bytes(part).await.unwrap(), b"234");
}

#[actix_web::test]
async fn a_link_out_of_the_folder_is_not_followed() {
    let (folder, video) = on_disk(&Limits::default());
    let segment = folder.path().join("live/s.ts");
    fs::remove_file(&segment).unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret.ts"), &segment).unwrap();
    let refused = first_segment(&video, None).await.unwrap_err();
    assert_eq!(refused, Failed::Outside);
    fs::remove_file(&segment).unwrap();
    let gone = first_segment(&video, None).await.unwrap_err();
    assert_eq!(gone, Failed::NoFile);
}

#[actix_web::test]
async fn what_is_too_large_or_too_much_is_refused() {
    let small = Limits {
        stream_segment_bytes: 9,
        ..Limits::default()
    };
    let (folder, video) = on_disk(&small);
    let refused = first_segment(&video, None).await.unwrap_err();
    assert_eq!(refused, Failed::TooLarge(9));
    let part = first_segment(&video, Some("bytes=0-8")).await.unwrap();
    assert_eq!(bytes(part).await.unwrap(), b"012345678");

    let playlist = folder.path().join("live/index.m3u8");
    let long = format!("#EXTM3U\n{}", "#\n".repeat(200 << 10));
    fs::write(playlist, long).unwrap();
    assert_eq!(listed(&video).await, Err(Failed::TooLarge(256 << 10)));

    let none = Limits {
        stream_fetches: 0,
        ..Limits::default()
    };
    let (_folder, busy) = on_disk(&none);
    assert_eq!(listed(&busy).await, Err(Failed::Busy(0)));
}

#[actix_web::test]
async fn a_client_that_takes_nothing_gives_its_fetch_back_when_it_goes() {
    let one = Limits {
        stream_fetches: 1,
        ..Limits::default()
    };
    let (folder, video) = on_disk(&one);
    fs::write(folder.path().join("live/s.ts"), vec![0; 4 << 20]).unwrap();
    let stalled = first_segment(&video, None).await.unwrap();
    assert_eq!(listed(&video).await, Err(Failed::Busy(1)));
    drop(stalled);
    while listed(&video).await.is_err() {
        tokio::task::yield_now().await;
    }
}
