use super::*;
use atalaya_tiles::Topic;
use serde_json::Value;

fn long() -> Message {
    Message::refused(&"é".repeat(PIECE))
}

fn wire(writing: Writing, messages: impl IntoIterator<Item = Message>) -> Wire {
    let mut wire = Wire::new(writing);
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
        let json = std::str::from_utf8(&message.json).expect("JSON is UTF-8");
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
    assert_eq!(texts(&frames), [expected.json.to_vec()]);
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
        .map(|message| serde_json::from_slice(&message.json));
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
