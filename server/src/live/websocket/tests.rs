//! Assembly as a client sends them, cut anywhere, and those that are refused.

use super::*;
use crate::live::streams::Dismissal;

/// A client's frame, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    head(&mut plain, first & 0x0f, first & 0x80 != 0, payload.len());
    plain[0] = first;
    plain[1] |= 0x80;
    let mask = [0x12, 0x00, 0xff, 0x7a];
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b);
    plain.into_iter().chain(mask).chain(masked).collect()
}

/// What is heard when the bytes come in pieces of this length.
fn heard(bytes: &[u8], piece: usize) -> Result<Vec<Heard>, Closing> {
    heard_in(Coding::Plain, bytes, piece)
}

fn heard_in(coding: Coding, bytes: &[u8], piece: usize) -> Result<Vec<Heard>, Closing> {
    let (mut frames, mut heard) = (Assembly::new(coding), Vec::new());
    for piece in bytes.chunks(piece) {
        frames.buffer.extend_from_slice(piece);
        while let Some(next) = frames.next()? {
            heard.push(next);
        }
    }
    Ok(heard)
}

fn text(text: &'static str) -> Heard {
    Heard::Text(Bytes::from_static(text.as_bytes()))
}

#[test]
fn messages_are_heard_whole_however_their_bytes_arrive() {
    let long = "x".repeat(LARGEST);
    let bytes = [
        frame(0x81, b"one"),
        frame(0x01, "tw\u{f6}".as_bytes().split_last().expect("bytes").1),
        frame(0x89, b"?"),
        frame(0x8a, b"!"),
        frame(0x80, "\u{f6}".as_bytes().split_first().expect("bytes").1),
        frame(0x81, b""),
        frame(0x81, long.as_bytes()),
        frame(0x88, &[3, 232]),
    ]
    .concat();
    let expected = [
        text("one"),
        Heard::Ping(Bytes::from_static(b"?")),
        text("tw\u{f6}"),
        text(""),
        Heard::Text(long.into()),
        Heard::Close,
    ];
    for piece in [1, 7, 4_096, bytes.len()] {
        assert_eq!(heard(&bytes, piece).expect("no fault"), expected, "{piece}");
    }
}

#[test]
fn a_frame_is_refused_by_its_header_before_its_payload_is_there() {
    let masked_text = |length: &[u8]| [&[0x81_u8], length].concat();
    let table = [
        (
            [&masked_text(&[0xff]), &(1_u64 << 62).to_be_bytes()[..]].concat(),
            Closing::TooLarge,
        ),
        (
            [&masked_text(&[0xff]), &u64::MAX.to_be_bytes()[..]].concat(),
            Closing::TooLarge,
        ),
        (
            [
                &masked_text(&[0xff]),
                &(LARGEST as u64 + 1).to_be_bytes()[..],
            ]
            .concat(),
            Closing::TooLarge,
        ),
        (vec![0x81, 0x01], Closing::ProtocolError),
        (vec![0xc1, 0x81], Closing::ProtocolError),
        (vec![0x83, 0x81], Closing::ProtocolError),
        (vec![0x09, 0x81], Closing::ProtocolError),
        (vec![0x89, 0xfe], Closing::ProtocolError),
        (frame(0x80, b"no beginning"), Closing::ProtocolError),
        (
            [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
            Closing::ProtocolError,
        ),
        (frame(0x82, b"binary"), Closing::Unsupported),
        (frame(0x81, b"\xff"), Closing::NoText),
        (
            [frame(0x01, &vec![b'x'; LARGEST]), frame(0x80, b"y")].concat(),
            Closing::TooLarge,
        ),
    ];
    for (bytes, expected) in table {
        let head: Vec<u8> = bytes.iter().copied().take(12).collect();
        assert_eq!(heard(&bytes, 1_000).err(), Some(expected), "{head:x?}");
    }
}

#[test]
fn lengths_are_written_in_the_shortest_form() {
    for (length, begins) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut written = Vec::new();
        head(&mut written, TEXT, true, length);
        assert_eq!(written.len(), begins);
        written[1] |= 0x80;
        written.extend([0; 4]);
        let header = Header::read(&written, Coding::Plain);
        if length <= LARGEST {
            let header = header.expect("no fault").expect("whole");
            assert_eq!((header.begins, header.length), (begins + 4, length));
        }
    }
}

#[test]
fn a_close_frame_says_why_in_no_more_than_a_control_frame_holds() {
    assert_eq!(&close(Closing::TooLarge, "")[..], [0x88, 2, 0x03, 0xf1]);
    let why = close(Closing::Policy, "no");
    assert_eq!(&why[..], [0x88, 4, 0x03, 0xf0, b'n', b'o']);
    for why in [Dismissal::NoLongerHolds, Dismissal::SeesOtherwise] {
        let frame = close(Closing::Policy, why.detail());
        assert!(frame[1] <= 125 && frame.len() == 2 + usize::from(frame[1]));
    }
}

/// A text as a client compresses it.
fn deflated(text: &[u8]) -> Vec<u8> {
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    let mut bytes = Vec::with_capacity(text.len() + 100);
    let sync = flate2::FlushCompress::Sync;
    compress
        .compress_vec(text, &mut bytes, sync)
        .expect("it compresses");
    bytes
        .strip_suffix(&[0, 0, 0xff, 0xff])
        .expect("the tail")
        .to_vec()
}

#[test]
fn a_client_that_agreed_to_compress_may_and_need_not() {
    let long = "north of the bridge, ".repeat(3_000);
    let text = deflated(long.as_bytes());
    let (begin, end) = text.split_at(text.len() / 2);
    let bytes = [
        frame(0xc1, &deflated(b"one")),
        frame(0x81, b"two"),
        frame(0x41, begin),
        frame(0x89, b"?"),
        frame(0x80, end),
        // An empty message (RFC 7692 section 7.2.3.6), and one that says where it ends (7.2.3.5).
        frame(0xc1, &[0]),
        frame(0xc1, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]),
    ]
    .concat();
    let expected = [
        self::text("one"),
        self::text("two"),
        Heard::Ping(Bytes::from_static(b"?")),
        Heard::Text(long.into()),
        self::text(""),
        self::text("Hello"),
    ];
    for piece in [1, 100, bytes.len()] {
        let heard = heard_in(Coding::Deflated, &bytes, piece);
        assert_eq!(heard.expect("no fault"), expected, "{piece}");
    }
}

#[test]
fn what_is_compressed_wrongly_or_becomes_too_long_is_refused() {
    let bomb = deflated(&vec![b'x'; LARGEST + 1]);
    assert!(bomb.len() < 1_000);
    let table = [
        (frame(0xc1, &bomb), Closing::TooLarge),
        (
            frame(
                0xc1,
                &deflated(&vec![b'x'; 100 << 20])[..60_000.min(LARGEST)],
            ),
            Closing::TooLarge,
        ),
        (frame(0xc1, &[0xff; 40]), Closing::NoText),
        (frame(0xc1, &deflated(b"\xff\xfe")), Closing::NoText),
        (frame(0xc9, b"ping"), Closing::ProtocolError),
        (frame(0xc0, b"no beginning"), Closing::ProtocolError),
        (
            [frame(0x41, b"a"), frame(0xc0, b"b")].concat(),
            Closing::ProtocolError,
        ),
        (frame(0xa1, b"another bit"), Closing::ProtocolError),
        (frame(0xc2, &deflated(b"binary")), Closing::Unsupported),
    ];
    for (bytes, expected) in table {
        let head: Vec<u8> = bytes.iter().copied().take(12).collect();
        assert_eq!(
            heard_in(Coding::Deflated, &bytes, 1_000).err(),
            Some(expected),
            "{head:x?}"
        );
    }
    for agreed_on_nothing in [frame(0xc1, &deflated(b"one")), frame(0xe1, b"")] {
        assert_eq!(
            heard(&agreed_on_nothing, 9).err(),
            Some(Closing::ProtocolError)
        );
    }
}

#[test]
fn a_fragment_that_would_make_a_message_too_long_is_refused_by_its_header() {
    let mut heard = Assembly::new(Coding::Plain);
    let fragment = |opcode: u8, length: usize| {
        let mut frame = vec![opcode, 0x80 | 127];
        frame.extend_from_slice(&(length as u64).to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame
    };
    heard.buffer.extend_from_slice(&fragment(TEXT, LARGEST - 1));
    heard.buffer.extend_from_slice(&vec![b' '; LARGEST - 1]);
    assert_eq!(heard.next(), Ok(None));
    heard.buffer.extend_from_slice(&fragment(CONTINUATION, 2));
    assert_eq!(heard.next(), Err(Closing::TooLarge));
}
