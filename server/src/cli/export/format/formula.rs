//! Text that a spreadsheet would run.
//!
//! A cell is a formula if its first character is `=`, `+`, `-` or `@`, or one of their wide and small forms.
//! Programs step over spaces, controls and characters without a width before it, and some take quotes away;
//! and a file may be split where its writer did not mean it, at line ends, tabs or semicolons. So every
//! piece between these counts as a cell of its own, and one that begins a formula gets `'` before it. A
//! tab or a line end at the very beginning gets one too.

/// Where a spreadsheet may split text.
const BREAKS: [char; 9] = [
    '\n', '\r', '\t', ';', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
];

/// What begins a formula, with its small and wide forms.
const BEGINS: [char; 12] = [
    '=', '+', '-', '@', '\u{fe66}', '\u{fe62}', '\u{fe63}', '\u{fe6b}', '\u{ff1d}', '\u{ff0b}',
    '\u{ff0d}', '\u{ff20}',
];

/// The text with `'` before each piece of it that would be run.
pub(super) fn made_text(text: String) -> String {
    let broken = text.starts_with(['\t', '\r', '\n']);
    if !broken && !text.split(BREAKS).any(is_formula) {
        return text;
    }
    let mut made = String::with_capacity(text.len() + 1);
    if broken {
        made.push('\'');
    }
    for piece in text.split_inclusive(BREAKS) {
        if is_formula(piece) {
            made.push('\'');
        }
        made.push_str(piece);
    }
    made
}

fn is_formula(piece: &str) -> bool {
    piece.trim_start_matches(is_unseen).starts_with(BEGINS)
}

/// Spaces, controls, quotes, and what has no width of its own: Unicode's format characters, fillers and
/// variation selectors.
fn is_unseen(c: char) -> bool {
    c == '"'
        || c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
                | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
                | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_made_text_wherever_it_begins() {
        for (text, made) in [
            ("", ""),
            ("Fire, a=b", "Fire, a=b"),
            ("two; three\nlines", "two; three\nlines"),
            ("=1", "'=1"),
            (" =1", "' =1"),
            ("\u{a0}\u{200b}\u{feff}@A", "'\u{a0}\u{200b}\u{feff}@A"),
            ("\u{0}\u{202e}+1", "'\u{0}\u{202e}+1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{ff0d}1", "'\u{ff0d}1"),
            ("\u{ff20}A", "'\u{ff20}A"),
            ("a\n=1", "a\n'=1"),
            ("a\r\n=1\r\nb", "a\r\n'=1\r\nb"),
            ("a;=1; -2;b", "a;'=1;' -2;b"),
            ("a;\"=1\"", "a;'\"=1\""),
            ("a\t@A", "a\t'@A"),
            ("\tx", "'\tx"),
            ("\u{2028}=1", "\u{2028}'=1"),
        ] {
            assert_eq!(made_text(text.to_owned()), made, "{text:?}");
        }
    }
}
