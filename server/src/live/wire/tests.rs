use super::*;
use atalaya_tiles::Topic;
use serde_json::Value;

fn long() -> Message {
    Message::refused(&"é".repeat(PIECE))
}

fn wire(writing: Writing, messages: impl IntoIterator<Item = Message>) -> Wire {
    wire_of(writing, Coding::Plain, messages)
}

fn wire_of(writing: Writing, coding: Coding, messages: impl IntoIterator<Item = Message>) -> Wire {
    let mut wire = Wire::new(writing, coding);
    messages.into_iter().for_each(|message| wire.push(message));
    wire
}

fn pieces(wire: &mut Wire) -> Vec<Bytes> {
    std::iter::from_fn(|| wire.next()).collect()
}

/// The payload of a frame without a mask.
fn payload(frame: &[u8]) -> &[u8] {
    match frame[1] {
        126 => &frame[4..],
        127 => &frame[10..],
        _ => &frame[2..],
    }
}

/// The texts that frames add up to.
fn texts(frames: &[Bytes]) -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for frame in frames {
        match frame[0] & 0x0f {
            TEXT => texts.push(payload(frame).to_vec()),
            CONTINUATION => texts.last_mut().unwrap().extend(payload(frame)),
            other => panic!("opcode {other}"),
        }
    }
    texts
}

#[test]
fn a_long_event_comes_in_bounded_pieces_and_whole() {
    let (long, short) = (long(), Message::refused("no"));
    let expected = [&long, &short].map(|message| {
        let json = std::str::from_utf8(&message.text).expect("JSON is UTF-8");
        format!("event: error\ndata: {json}\n\n")
    });
    let pieces = pieces(&mut wire(Writing::Events, [long, short]));
    assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= PIECE));
    assert_eq!(pieces.concat(), expected.concat().into_bytes());
}

#[test]
fn an_event_has_the_id_of_its_message() {
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let tick = Message::tick("e:1:s".into(), atalaya_tiles::Seq(1), now);
    let text = pieces(&mut wire(Writing::Events, [tick])).concat();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.starts_with("event: tick\nid: e:1:s\ndata: {"),
        "{text}"
    );
}

#[test]
fn a_long_message_is_one_frame_and_continuations_with_control_frames_between() {
    let expected = long();
    let mut wire = wire(Writing::Frames, [long()]);
    let mut frames = vec![wire.next().expect("a piece")];
    wire.control(Bytes::from_static(b"pong"));
    assert_eq!(wire.next().as_deref(), Some(b"pong".as_slice()));
    frames.extend(pieces(&mut wire));
    let heads: Vec<u8> = frames.iter().map(|piece| piece[0]).collect();
    assert_eq!(heads, [0x01, 0x00, 0x80], "text, more, and the end");
    assert_eq!(texts(&frames), [expected.text.to_vec()]);
}

#[test]
fn batches_hold_every_message_once_and_in_order() {
    let name = |at: usize| Message::refused(&format!("{at:0>60}"));
    let sent: Vec<Message> = (0..3_000).map(name).collect();
    let texts = texts(&pieces(&mut wire(Writing::Batches, sent.clone())));
    assert!((2..10).contains(&texts.len()), "{} arrays", texts.len());
    assert!(texts.iter().all(|text| text.len() <= ENOUGH + 1));
    let read = |text: &Vec<u8>| serde_json::from_slice::<Vec<Value>>(text).expect("an array");
    let back: Vec<Value> = texts.iter().flat_map(read).collect();
    let sent = sent
        .iter()
        .map(|message| serde_json::from_slice(&message.text));
    let sent: Vec<Value> = sent.map(|json| json.expect("JSON")).collect();
    assert_eq!(back, sent);
}

#[test]
fn a_message_longer_than_an_array_goes_alone_and_nothing_makes_nothing() {
    let long = Message::refused(&"x".repeat(2 * ENOUGH));
    let hello = || Message::hello("s", "e", "v", 1_000, &[Topic::Everywhere]);
    let mut wire = wire(Writing::Batches, [hello(), long, hello()]);
    assert_eq!(texts(&pieces(&mut wire)).len(), 3);
    assert_eq!(wire.next(), None);
}

#[test]
fn who_is_dismissed_gets_nothing_that_waits_and_hears_why() {
    let close = || Some(Bytes::from_static(b"close"));
    let farewell = || Some(Message::farewell("over"));
    let said = "{\"type\":\"error\",\"detail\":\"over\"}";
    let mut events = wire(Writing::Events, [long(), long()]);
    events.end(farewell(), close());
    let text = pieces(&mut events).concat();
    assert_eq!(text, format!("event: error\ndata: {said}\n\n").into_bytes());

    let mut frames = wire(Writing::Frames, [long(), long()]);
    frames.control(Bytes::from_static(b"pong"));
    frames.end(farewell(), close());
    let mut frames = pieces(&mut frames);
    assert_eq!(frames.pop().as_deref(), Some(b"close".as_slice()));
    assert_eq!(texts(&frames), [said.as_bytes()]);
}

#[test]
fn in_the_middle_of_a_message_only_the_close_frame_can_follow() {
    for (writing, after) in [
        (Writing::Events, 0),
        (Writing::Frames, 1),
        (Writing::Batches, 1),
    ] {
        let mut wire = wire(writing, [long()]);
        wire.next().expect("a piece");
        let close = Bytes::from_static(b"close");
        wire.end(Some(Message::farewell("over")), Some(close.clone()));
        assert_eq!(pieces(&mut wire), vec![close; after], "{writing:?}");
    }
}

/// The texts of compressed messages, read by a decoder that has nothing of those before.
fn inflated(frames: &[Bytes]) -> Vec<Vec<u8>> {
    for frame in frames {
        let begins = frame[0] & 0x0f == TEXT;
        assert_eq!(frame[0] & COMPRESSED != 0, begins, "RSV1 begins a message");
    }
    let texts = texts(frames).into_iter();
    texts
        .map(|mut text| {
            text.extend([0, 0, 0xff, 0xff]);
            let (mut inflate, mut plain) = (flate2::Decompress::new(false), Vec::new());
            plain.reserve(4 << 20);
            let sync = flate2::FlushDecompress::Sync;
            inflate
                .decompress_vec(&text, &mut plain, sync)
                .expect("deflated");
            assert_eq!(inflate.total_in(), text.len() as u64, "to its end");
            plain
        })
        .collect()
}

#[test]
fn compressed_messages_are_those_that_were_sent_whoever_shares_them() {
    let deflaters = deflate::Deflaters::default();
    let lorem = |count: usize| {
        let units = (0..count).map(|at| format!("unit {at} at {}", at * 7));
        units.collect::<Vec<_>>().join(", ")
    };
    let sent = [0, 1, 30, 5, 4_000, 300, 0, 40_000, 2].map(|count| Message::refused(&lorem(count)));
    let shared: Vec<Message> = sent
        .iter()
        .cloned()
        .map(|it| deflaters.deflated(it))
        .collect();
    assert_eq!(shared[0].coding, Coding::Plain, "it is short");
    assert!(shared[4].coding == Coding::Deflated && shared[4].text.len() * 3 < sent[4].text.len());
    let plain: Vec<Vec<u8>> = sent.iter().map(|message| message.text.to_vec()).collect();
    // Also where a message that could be compressed is a client's own.
    for from in 0..shared.len() {
        let mut mixed = shared.clone();
        mixed[from] = sent[from].clone();
        let frames = pieces(&mut wire_of(
            Writing::Frames,
            Coding::Deflated,
            mixed.clone(),
        ));
        assert_eq!(inflated(&frames), plain);
        let batches = pieces(&mut wire_of(Writing::Batches, Coding::Deflated, mixed));
        let read = |text: &Vec<u8>| serde_json::from_slice::<Vec<Value>>(text).expect("an array");
        let back: Vec<Value> = inflated(&batches).iter().flat_map(read).collect();
        let plain: Vec<Value> = plain
            .iter()
            .map(|text| serde_json::from_slice(text).expect("JSON"))
            .collect();
        assert_eq!(back, plain);
    }
}
