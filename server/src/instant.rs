//! Instants as people write them on the command line and in the query of a request.
//!
//! Promises: one form, and one refusal that shows it, wherever an instant is taken. Refuses words such
//! as "yesterday" and times without a zone: each would mean another instant to somebody else.

use jiff::Timestamp;

/// What an instant looks like, for refusals and help.
pub const FORM: &str = "an RFC 3339 instant: a date, a time, and Z or an offset, such as \
                        2026-03-01T12:00:00Z or 2026-03-01T05:00:00-07:00";

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {FORM}")]
pub struct NoInstant;

/// Reads an instant of the command line.
///
/// # Errors
/// [`NoInstant`], which shows the form.
pub fn argument(text: &str) -> Result<Timestamp, NoInstant> {
    text.trim().parse().map_err(|_| NoInstant)
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
    meant.parse().ok()
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
