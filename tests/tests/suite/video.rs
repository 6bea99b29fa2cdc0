//! Video of cameras: had from an upstream or from disk, and nothing of where they come from reaches a client.

use std::fs;

use atalaya_tests::{
    Answer, City, DOWNTOWN, Reply, Upstream, Visitor, collection, eventually, point,
};
use reqwest::Method;
use reqwest::header::RANGE;
use serde_json::{Value, json};

const SECRET: &str = "hunter2";
/// An id that has to be escaped in a path.
const CAMERA: &str = "lot/3 (north)+50%?";
const FIRST: &str = "/streams/lot%2F3%20%28north%29%2B50%25%3F/index.m3u8";

const MASTER: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000\nlow/media.m3u8?token=hunter2\n";

/// A city with one camera, whose stream is configured so; `cameras` may be a layer of one's own.
async fn city(stream: &str, more: &str) -> City {
    let camera = Value::from(CAMERA);
    let config = format!("{more}\n[streams]\n{camera} = \"{stream}\"\nnobody = \"{stream}\"\n");
    let city = City::with_config(&config).await;
    let (lon, lat) = DOWNTOWN;
    let about = json!({ "name": "North lot" });
    let cameras = [CAMERA, "plain"].map(|id| point(id, lon, lat, &about));
    let feed = city.bearer(&city.key("cameras"));
    let posted = feed.post("/feeds/cameras", &collection(&cameras)).await;
    posted.expect(200);
    // Not every reader may see cameras here.
    let cleared = city.program("analyst", &["cji"]);
    eventually("the camera", async || {
        let streams = cleared.json("/streams").await;
        streams["streams"][CAMERA].is_string().then_some(())
    })
    .await;
    city
}

/// An upstream with a master playlist, a media playlist and a segment, each behind a token; and its playlist's address.
async fn upstream() -> (Upstream, String) {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let media = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"{base}/live/init.mp4?token={SECRET}\"\n\
         #EXTINF:2,\ns1.ts?token={SECRET}\n"
    );
    upstream.tell("/live/index.m3u8?token=hunter2", Answer::ok(MASTER));
    upstream.tell("/live/low/media.m3u8?token=hunter2", Answer::ok(media));
    let html = Answer::ok("0123456789").with("content-type", "text/html");
    upstream.tell("/live/low/s1.ts?token=hunter2", html);
    upstream.tell("/live/init.mp4?token=hunter2", Answer::ok("init"));
    let address = format!("{base}/live/index.m3u8?token={SECRET}");
    (upstream, address)
}

/// The paths that a playlist leads to, as a player resolves them.
fn leads_to(path: &str, playlist: &str) -> Vec<String> {
    let (folder, _) = path.rsplit_once('/').expect("a path has a slash");
    let quoted = playlist.split("URI=\"").skip(1);
    let quoted = quoted.filter_map(|rest| rest.split('"').next());
    let listed = playlist.lines().filter(|line| !line.starts_with('#'));
    quoted
        .chain(listed)
        .map(|uri| format!("{folder}/{uri}"))
        .collect()
}

/// Follows a first playlist to a media playlist, if there is a master before it; the answer is what that leads to.
async fn segments(visitor: &Visitor) -> Vec<String> {
    let first = visitor.get(FIRST).await.expect(200).text();
    let media = &leads_to(FIRST, &first)[0];
    let playlist = visitor.get(media).await.expect(200).text();
    leads_to(media, &playlist)
}

#[track_caller]
fn fails(reply: &Reply, reason: &str) {
    let problem = reply.json();
    assert_eq!(problem["type"], "/problems/upstream-failed", "{problem}");
    assert_eq!(reply.status, 502);
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(reason), "{detail}");
    for secret in [SECRET, "127.0.0.1", "http"] {
        assert!(!detail.contains(secret), "{detail}");
    }
}

#[tokio::test]
async fn a_stream_is_played_without_its_address() {
    let (upstream, address) = upstream().await;
    let city = city(&address, "").await;
    let operator = city.operator();
    let listed = operator.json("/streams").await;
    assert_eq!(listed["streams"], json!({ CAMERA: FIRST }));

    let first = operator.get(FIRST).await.expect(200);
    assert_eq!(
        first.header("content-type"),
        "application/vnd.apple.mpegurl"
    );
    assert_eq!(first.header("cache-control"), "private, max-age=1");
    let media = leads_to(FIRST, &first.text());
    let playlist = operator.get(&media[0]).await.expect(200);
    let segments = leads_to(&media[0], &playlist.text());
    let [init, segment] = &segments[..] else {
        panic!("two places: {segments:?}");
    };
    let segment = operator.get(segment).await.expect(200);
    assert_eq!(segment.text(), "0123456789");
    assert_eq!(segment.header("content-type"), "video/mp2t");
    assert_eq!(segment.header("cache-control"), "private, max-age=60");
    let init = operator.get(init).await.expect(200);
    assert_eq!(
        (init.text().as_str(), init.header("content-type")),
        ("init", "video/mp4")
    );

    for reply in [&first, &playlist, &segment, &init] {
        let all = format!("{:?}{}", reply.headers, reply.text());
        for secret in [SECRET.to_owned(), upstream.port(), "live".into()] {
            assert!(!all.contains(&secret), "{secret}: {all}");
        }
    }
    assert_eq!(upstream.asked().len(), 4, "{:?}", upstream.asked());
    assert!(!city.log().contains(SECRET), "the log holds the token");
}

#[tokio::test]
async fn a_part_is_asked_of_the_upstream() {
    let (upstream, address) = upstream().await;
    let city = city(&address, "").await;
    let operator = city.operator();
    let part = Answer::status(206).with("content-range", "bytes 2-4/10");
    upstream.tell("/live/low/s1.ts?token=hunter2", part);
    let segment = &segments(&operator).await[1];
    let request = operator.request(Method::GET, segment);
    let part = operator.send(request.header(RANGE, "bytes=2-4")).await;
    assert_eq!(part.status, 206, "{}", part.text());
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let asked = upstream.asked();
    let last = asked.last().expect("it was asked");
    assert_eq!(last.header("range"), "bytes=2-4");
}

#[tokio::test]
async fn only_the_playlist_s_own_host_is_asked() {
    let (upstream, address) = upstream().await;
    let city = city(&address, "").await;
    let operator = city.operator();
    let other = Upstream::start().await;
    other.tell("/live/index.m3u8", Answer::ok(MASTER));
    let first = "/live/index.m3u8?token=hunter2";
    let elsewhere = format!("{}/live/index.m3u8", other.base());

    let redirect = |to: &str| Answer::status(302).with("location", to);
    upstream.tell(first, redirect(&elsewhere));
    fails(&operator.get(FIRST).await, "redirects to another host");
    upstream.tell(first, redirect(first));
    fails(&operator.get(FIRST).await, "redirects");
    for uri in [&elsewhere, "file:///etc/passwd", "http://127.0.0.1/x"] {
        upstream.tell(first, Answer::ok(format!("#EXTM3U\n#EXTINF:2,\n{uri}\n")));
        fails(&operator.get(FIRST).await, "outside");
    }
    assert!(other.asked().is_empty(), "{:?}", other.asked());

    // Within the host a redirect is followed, and what the playlist names is meant from there.
    upstream.tell(first, redirect("/moved/index.m3u8"));
    upstream.tell(
        "/moved/index.m3u8",
        Answer::ok("#EXTM3U\n#EXTINF:2,\ns.ts\n"),
    );
    upstream.tell("/moved/s.ts", redirect(&elsewhere));
    let playlist = operator.get(FIRST).await.expect(200).text();
    let segment = &leads_to(FIRST, &playlist)[0];
    fails(&operator.get(segment).await, "redirects to another host");
    upstream.tell("/moved/s.ts", Answer::ok("moved"));
    assert_eq!(operator.get(segment).await.expect(200).text(), "moved");
}

#[tokio::test]
async fn what_is_too_large_or_no_playlist_is_refused() {
    let (upstream, address) = upstream().await;
    let city = city(&address, "[limits]\nstream_segment_bytes = 1000").await;
    let operator = city.operator();
    let segment = segments(&operator).await.remove(1);
    let first = "/live/index.m3u8?token=hunter2";

    let long = Answer::ok(format!("#EXTM3U\n{}", "#\n".repeat(200 << 10)));
    upstream.tell(first, long.clone());
    fails(&operator.get(FIRST).await, "larger than 262144 bytes");
    upstream.tell(first, long.of_unknown_length());
    fails(&operator.get(FIRST).await, "larger than 262144 bytes");
    upstream.tell(first, Answer::ok("<html>no</html>"));
    fails(&operator.get(FIRST).await, "cannot be read");
    upstream.tell(first, Answer::ok(b"#EXTM3U\n\xff\n"));
    fails(&operator.get(FIRST).await, "cannot be read");
    upstream.tell(first, Answer::status(401));
    fails(&operator.get(FIRST).await, "status 401");

    let large = Answer::ok("x".repeat(200_000));
    upstream.tell("/live/low/s1.ts?token=hunter2", large.clone());
    fails(&operator.get(&segment).await, "larger than 1000 bytes");
    // Whose length is not known beforehand, that breaks off, and does not look whole.
    city.expect_log("Response payload stream error");
    upstream.tell("/live/low/s1.ts?token=hunter2", large.of_unknown_length());
    let broken = Visitor::try_send(operator.request(Method::GET, &segment)).await;
    assert!(broken.is_err(), "{broken:?}");

    drop(upstream);
    fails(&operator.get(FIRST).await, "does not answer");
}

#[tokio::test]
async fn what_a_viewer_may_not_see_has_no_stream() {
    let (upstream, address) = upstream().await;
    let closed = "[[layers]]\nname = \"cameras\"\nkind = \"state\"\ngeometry = [\"point\"]\nclearance = \"cji\"\n\
                  [layers.fields]\nname = \"text\"\nheading_deg = \"number\"\nfov_deg = \"number\"\n\
                  range_m = \"number\"\nowner_kind = \"text\"\ncamera_kind = \"text\"\nstatus = \"text\"\n";
    let city = city(&address, closed).await;
    let (cleared, operator) = (city.program("analyst", &["cji"]), city.operator());
    let segment = segments(&cleared).await.remove(1);
    let asked = upstream.asked().len();
    assert_eq!(operator.json("/streams").await["streams"], json!({}));

    let mut answers = Vec::new();
    for (visitor, path) in [
        (&operator, FIRST),
        (&operator, &segment),
        (&operator, "/streams/plain/index.m3u8"),
        (&cleared, "/streams/plain/index.m3u8"),
        (&cleared, "/streams/nobody/index.m3u8"),
        (&cleared, "/streams/nonesuch/index.m3u8"),
        (&cleared, &FIRST.replace("index.m3u8", "s1.ts")),
        (&cleared, &FIRST.replace("index.m3u8", "..%2Findex.m3u8")),
        (
            &cleared,
            &segment.replace("lot%2F3%20%28north%29%2B50%25%3F", "plain"),
        ),
    ] {
        let mut problem = visitor.get(path).await.expect(404).json();
        problem["instance"].take();
        let detail = problem["detail"].take();
        assert!(
            detail
                .as_str()
                .is_some_and(|it| it.starts_with("There is no video")),
            "{detail}"
        );
        answers.push(problem);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(city.anybody().get(FIRST).await.status, 401);
    assert_eq!(upstream.asked().len(), asked, "nothing was fetched");
}

#[tokio::test]
async fn a_stream_on_disk_is_served_from_its_folder() {
    let city = city("live", "").await;
    let operator = city.operator();
    city.expect_log("has no video: there is no folder");
    fails(&operator.get(FIRST).await, "not there");

    let folder = city.scratch().join("live");
    fs::create_dir(&folder).expect("made beside the configuration");
    fs::write(folder.join("s.m4s"), "0123456789").expect("written");
    let playlist = folder.join("index.m3u8");
    fs::write(&playlist, "#EXTM3U\n#EXTINF:2,\ns.m4s\n").expect("written");
    let listed = operator.get(FIRST).await.expect(200).text();
    let segment = &leads_to(FIRST, &listed)[0];
    let whole = operator.get(segment).await.expect(200);
    assert_eq!(
        (whole.text().as_str(), whole.header("content-type")),
        ("0123456789", "video/mp4")
    );
    assert_eq!(whole.header("content-length"), "10");
    let request = operator.request(Method::GET, segment);
    let part = operator.send(request.header(RANGE, "bytes=-3")).await;
    assert_eq!((part.status, part.text().as_str()), (206, "789"));
    assert_eq!(part.header("content-range"), "bytes 7-9/10");
    let head = operator.send(operator.request(Method::HEAD, segment)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    fs::write(playlist, "#EXTM3U\n#EXTINF:2,\n../atalaya.toml\n").expect("written");
    fails(&operator.get(FIRST).await, "outside");
}
