//! Small numbers in arrays, each as wide as the largest of them needs.

/// Small numbers, each as wide as the largest needs.
#[derive(Debug)]
pub(crate) enum Codes {
    Bytes(Box<[u8]>),
    Shorts(Box<[u16]>),
    Words(Box<[u32]>),
}

impl Codes {
    pub(crate) fn of(codes: &[u32]) -> Self {
        let narrow = |code: &u32| u8::try_from(*code);
        let short = |code: &u32| u16::try_from(*code);
        if let Ok(bytes) = codes.iter().map(narrow).collect() {
            Self::Bytes(bytes)
        } else if let Ok(shorts) = codes.iter().map(short).collect() {
            Self::Shorts(shorts)
        } else {
            Self::Words(codes.into())
        }
    }

    pub(crate) fn get(&self, at: usize) -> u32 {
        match self {
            Self::Bytes(bytes) => u32::from(bytes[at]),
            Self::Shorts(shorts) => u32::from(shorts[at]),
            Self::Words(words) => words[at],
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Shorts(shorts) => shorts.len(),
            Self::Words(words) => words.len(),
        }
    }

    /// The largest; 0 where there are none.
    pub(crate) fn most(&self) -> u32 {
        let most = match self {
            Self::Bytes(bytes) => bytes.iter().max().map(|code| u32::from(*code)),
            Self::Shorts(shorts) => shorts.iter().max().map(|code| u32::from(*code)),
            Self::Words(words) => words.iter().max().copied(),
        };
        most.unwrap_or_default()
    }

    /// Whether they are so many, each the place of one among some others.
    pub(crate) fn name(&self, count: usize, others: usize) -> bool {
        self.len() == count && (count == 0 || (self.most() as usize) < others)
    }
}
