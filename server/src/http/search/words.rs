//! Text as people type it: without case, accents and punctuation.

/// A text, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words(Vec<String>);

/// How well a question fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is one of the texts.
    Whole,
    /// Each of its words begins a word of the texts.
    Begins,
    /// It is somewhere in one of the texts.
    Within,
}

impl Words {
    /// Folds a text.
    pub(super) fn of(text: &str) -> Self {
        let mut words = vec![String::new()];
        for c in text.chars().flat_map(char::to_lowercase) {
            let Some(word) = words.last_mut() else {
                continue;
            };
            match plain(c) {
                Some(letters) => word.push_str(letters),
                None if c.is_alphanumeric() => word.push(c),
                None if !word.is_empty() => words.push(String::new()),
                None => {}
            }
        }
        words.retain(|word| !word.is_empty());
        Self(words)
    }

    /// How this question fits texts that belong together; a question without a letter fits none.
    pub(super) fn fit(&self, texts: &[Self]) -> Option<Fit> {
        if self.0.is_empty() {
            return None;
        }
        if texts.contains(self) {
            return Some(Fit::Whole);
        }
        let mut words = texts.iter().flat_map(|text| &text.0);
        let begins = |asked: &String| words.clone().any(|word| word.starts_with(asked));
        if self.0.iter().all(begins) {
            return Some(Fit::Begins);
        }
        let asked = self.0.join(" ");
        let within = |text: &Self| text.0.join(" ").contains(&asked);
        words.next()?;
        texts.iter().any(within).then_some(Fit::Within)
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
