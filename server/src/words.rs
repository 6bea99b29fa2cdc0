//! Text as people type it: without case, accents and punctuation.
//!
//! What is searched is folded into a buffer that its owner uses again, a line a text, so that asking a
//! hundred thousand features allocates nothing for those that do not fit.

/// Adds a line with a text's words in it, folded, one space between two.
pub(crate) fn fold(lines: &mut String, text: &str) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    let start = lines.len();
    let mut gap = false;
    for c in text.chars() {
        // Most of what is searched is ASCII, and asked for at every key.
        if c.is_ascii_alphanumeric() {
            if std::mem::take(&mut gap) && lines.len() > start {
                lines.push(' ');
            }
            lines.push(c.to_ascii_lowercase());
        } else if c.is_ascii() {
            gap |= c != '\'';
        } else {
            fold_letter(lines, start, &mut gap, c);
        }
    }
}

/// Adds what is beyond ASCII to a line that starts there.
fn fold_letter(lines: &mut String, start: usize, gap: &mut bool, c: char) {
    let mut coded = [0; 4];
    for c in c.to_lowercase() {
        let letters = match plain(c) {
            Some(letters) => letters,
            None if c.is_alphanumeric() => c.encode_utf8(&mut coded),
            None => {
                *gap = true;
                continue;
            }
        };
        if !letters.is_empty() {
            if std::mem::take(gap) && lines.len() > start {
                lines.push(' ');
            }
            lines.push_str(letters);
        }
    }
}

/// How well a question fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It is one of the texts.
    Whole,
    /// Each of its words begins a word of the texts.
    Begins,
    /// It is somewhere in one of the texts.
    Within,
}

/// A question, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words(String);

impl Words {
    /// Folds a question.
    pub(crate) fn of(text: &str) -> Self {
        let mut folded = String::new();
        fold(&mut folded, text);
        Self(folded)
    }

    /// How this question fits texts that belong together, each folded to a line; a question without a
    /// letter fits none.
    pub(crate) fn fit(&self, lines: &str) -> Option<Fit> {
        let asked = self.0.as_str();
        if asked.is_empty() || lines.is_empty() {
            return None;
        }
        let begins = |word: &str| {
            let mut found = lines.match_indices(word).map(|(at, _)| at);
            found.any(|at| at == 0 || matches!(lines.as_bytes().get(at - 1), Some(b' ' | b'\n')))
        };
        if asked.split(' ').all(begins) {
            let whole = lines.split('\n').any(|line| line == asked);
            return Some(if whole { Fit::Whole } else { Fit::Begins });
        }
        lines.contains(asked).then_some(Fit::Within)
    }
}

/// Letters without their accents; nothing for marks that belong to the letter before and for
/// apostrophes, so that "St. Mary's" is found as "st marys".
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{300}'..='\u{36f}' | '\'' | '\u{2019}' | '\u{2bc}' => "",
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
