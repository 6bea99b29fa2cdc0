//! Instants as people write them on the command line and in the query of a request.
//!
//! Promises: one form, and one refusal that shows it, wherever an instant is taken. Refuses words such
//! as "yesterday" and times without a zone: each would mean another instant to somebody else. Refuses, too,
//! what other standards add to RFC 3339, such as `+02`, `+0200` and `[Europe/Berlin]`, and the second 60, which
//! the instants inside do not have.

use jiff::Timestamp;

/// What an instant looks like, for refusals and help.
pub const FORM: &str = "an RFC 3339 instant: a date, T, a time to second 59, and Z or an offset in hours and minutes, \
                        such as 2026-03-01T12:00:00Z or 2026-03-01T05:00:00-07:00";

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {FORM}")]
pub struct NoInstant;

/// Reads an instant of the command line.
///
/// # Errors
/// [`NoInstant`], which shows the form.
pub fn argument(text: &str) -> Result<Timestamp, NoInstant> {
    read(text.trim()).ok_or(NoInstant)
}

/// Reads an instant in the form of RFC 3339 section 5.6, its letters in either case.
fn read(text: &str) -> Option<Timestamp> {
    let has_form = text.is_ascii() && has_form(text.as_bytes());
    text.parse().ok().filter(|_| has_form)
}

/// Whether a text is written as an instant; whether there is such a day and hour is not asked.
fn has_form(text: &[u8]) -> bool {
    let Some((civil, rest)) = text.split_at_checked("2026-03-01T12:00:00".len()) else {
        return false;
    };
    if !is_like(b"0000-00-00T00:00:00", civil) || civil.ends_with(b"60") {
        return false;
    }
    let zone = match rest.strip_prefix(b".") {
        None => rest,
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (_, zone) = rest.split_at(digits);
            if digits == 0 {
                return false;
            }
            zone
        }
    };
    zone.eq_ignore_ascii_case(b"Z") || is_like(b"+00:00", zone) || is_like(b"-00:00", zone)
}

/// Whether a text has digits where its pattern has them, and the pattern's letters elsewhere.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let alike = |(pattern, byte): (&u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        letter => byte.eq_ignore_ascii_case(letter),
    };
    pattern.len() == text.len() && pattern.iter().zip(text).all(alike)
}

/// Reads an instant of a query.
pub fn queried(text: &str) -> Option<Timestamp> {
    // A bare + in a query stands for a space; before an offset only a + can have been meant.
    let offset = text.len().saturating_sub(6);
    let meant = match (text.get(..offset), text.get(offset..)) {
        (Some(civil), Some(zone)) if zone.starts_with(' ') => {
            format!("{civil}{}", zone.replacen(' ', "+", 1))
        }
        _ => text.to_owned(),
    };
    read(&meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    #[test]
    fn the_command_line_and_a_query_refuse_with_the_same_words() {
        let problem = Problem::BadInstant {
            name: "at".into(),
            value: "yesterday".into(),
        };
        assert_eq!(
            problem.detail(),
            format!("at=yesterday: {}.", argument("yesterday").unwrap_err())
        );
    }

    #[test]
    fn the_examples_of_the_form_are_taken() {
        let examples = FORM.split_whitespace().filter(|word| word.starts_with('2'));
        let taken: Vec<bool> = examples.map(|text| argument(text).is_ok()).collect();
        assert_eq!(taken, [true, true]);
        let one = argument("2026-03-01T12:00:00Z").unwrap();
        assert_eq!(argument("2026-03-01T05:00:00-07:00"), Ok(one));
    }

    #[test]
    fn the_letters_are_of_either_case_and_a_second_has_parts() {
        let one = argument("2026-03-01T12:00:00Z").unwrap();
        for text in [
            "2026-03-01t12:00:00z",
            "2026-03-01T12:00:00.000Z",
            "2026-03-01T14:30:00+02:30",
            "2026-03-01T12:00:00-00:00",
        ] {
            assert_eq!(argument(text), Ok(one), "{text}");
        }
        assert_eq!(queried("2026-03-01T14:30:00 02:30"), Some(one));
    }

    #[test]
    fn what_other_standards_add_is_refused() {
        for text in [
            "2026-12-31T23:59:60Z",
            "2026-03-01T12:00:60.5Z",
            "2026-03-01T12:00:00+01:00[Europe/Berlin]",
            "2026-03-01T12:00:00Z[UTC]",
            "2026-03-01T12:00:00+02",
            "2026-03-01T12:00:00+0200",
            "2026-03-01T12:00:00+02:00:30",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00,5Z",
            "2026-03-01 12:00:00Z",
            "20260301T120000Z",
            "2026-03-01T12:00Z",
            "+002026-03-01T12:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:00:00+02:60",
        ] {
            assert_eq!(argument(text), Err(NoInstant), "{text}");
            assert_eq!(queried(text), None, "{text}");
        }
    }

    #[test]
    fn words_dates_and_times_without_a_zone_are_no_instants() {
        for text in [
            "yesterday",
            "tomorrow",
            "",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "12:00",
            "1772366400",
        ] {
            assert_eq!(argument(text), Err(NoInstant), "{text}");
            assert_eq!(queried(text), None, "{text}");
        }
    }
}
