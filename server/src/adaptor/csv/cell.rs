//! What is said of a cell of delimited text, and which cells say nothing: the same for a feed and for a
//! file that is imported.

/// A reason, with where it stands: the line from 1, as an editor shows it, and the column by name.
pub(crate) fn at(line: u64, column: Option<&str>, reason: &str) -> String {
    match column {
        Some(column) => format!("line {line}, column {column}: {reason}"),
        None => format!("line {line}: {reason}"),
    }
}

/// The line that a row begins in, from 1.
pub(crate) fn line(row: &csv::StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}

/// Why there is no row, with where.
pub(crate) fn no_row(cause: &csv::Error) -> String {
    let line = cause.position().map_or(0, csv::Position::line);
    if let csv::ErrorKind::UnequalLengths {
        expected_len, len, ..
    } = cause.kind()
    {
        let reason = format!("{len} columns where the header has {expected_len}");
        return at(line, None, &reason);
    }
    at(line, None, &cause.to_string())
}

/// A coordinate, of a row that has at least one.
pub(crate) fn degrees(text: &str) -> Result<f64, String> {
    if is_absent(text) {
        return Err("no coordinate, though the row has the other one".to_owned());
    }
    text.parse()
        .map_err(|_| format!("\"{text}\" is no coordinate"))
}

/// Whether a coordinate is one of the words that statistics programs write for none.
pub(crate) fn is_absent(coordinate: &str) -> bool {
    ["", "na", "n/a", "null", "none", "nan"].contains(&coordinate.to_ascii_lowercase().as_str())
}
