use super::*;

#[test]
fn an_offer_is_taken_where_all_of_it_can_be_kept() {
    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let whole = format!("{PLAIN}; server_max_window_bits=15");
    let table: [(&[&str], Option<&str>); 17] = [
        (&["permessage-deflate"], Some(PLAIN)),
        (&["permessage-deflate; client_max_window_bits"], Some(PLAIN)),
        (
            &["Permessage-Deflate ;client_max_window_bits = \"11\""],
            Some(PLAIN),
        ),
        (
            &["permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
            Some(PLAIN),
        ),
        (
            &["permessage-deflate; server_max_window_bits=15"],
            Some(&whole),
        ),
        (&["x-webkit-deflate-frame, permessage-deflate"], Some(PLAIN)),
        (&["permessage-bzip2", "permessage-deflate"], Some(PLAIN)),
        // The first that can be kept, in the order of the client's preference.
        (
            &["permessage-deflate; server_max_window_bits=10, permessage-deflate"],
            Some(PLAIN),
        ),
        (&["permessage-deflate; server_max_window_bits=10"], None),
        (&["permessage-deflate; server_max_window_bits"], None),
        (&["permessage-deflate; server_no_context_takeover=1"], None),
        (&["permessage-deflate; client_max_window_bits=16"], None),
        (&["permessage-deflate; client_max_window_bits=7"], None),
        (
            &["permessage-deflate; client_max_window_bits; client_max_window_bits=9"],
            None,
        ),
        (&["permessage-deflate; unheard_of"], None),
        (&["deflate"], None),
        (&[], None),
    ];
    for (offers, expected) in table {
        assert_eq!(agreed(offers.iter().copied()), expected, "{offers:?}");
    }
}

#[test]
fn what_hardly_gets_shorter_stays_as_it_is() {
    let deflaters = Deflaters::default();
    // Digits that a hash gives.
    let noise = (0..200_u64).map(|at| {
        format!(
            "{:016x}",
            at.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31)
        )
    });
    let short = deflaters.deflated(Message::refused("no"));
    assert_eq!(short.coding, Coding::Plain);
    let long = Message::refused(&noise.collect::<String>());
    let length = long.text.len();
    let long = deflaters.deflated(long);
    assert!(long.text.len() <= length, "{} of {length}", long.text.len());
}

#[test]
fn stored_blocks_hold_texts_of_any_length() {
    for length in [
        0,
        1,
        MOST_STORED - 1,
        MOST_STORED,
        MOST_STORED + 1,
        3 * MOST_STORED,
    ] {
        let text = Bytes::from(vec![b'x'; length]);
        let mut message = stored(&text).collect::<Vec<_>>().concat();
        message.extend_from_slice(&END);
        assert_eq!(inflated(&message, length), Ok(text), "{length}");
        let less = length.checked_sub(1).map(|less| inflated(&message, less));
        assert!(
            less.is_none_or(|less| less == Err(Unreadable::TooLong)),
            "{length}"
        );
    }
}
