//! A list of plain numbers that can be snapshotted cheaply.
//!
//! It lies in pages, and a snapshot shares those that neither side has written to since: a write copies
//! a page of numbers, never what the numbers stand for.

use std::sync::Arc;

/// Numbers in a page.
const PAGE: usize = 256;

/// The list: as long as it takes, and zero where nothing was put.
#[derive(Debug, Clone)]
pub(crate) struct Paged<T> {
    pages: Arc<Vec<Arc<[T; PAGE]>>>,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self {
            pages: Arc::default(),
        }
    }
}

impl<T: Copy + Default> Paged<T> {
    /// These, in order: to put them one by one asks for each whether its page is shared.
    pub(crate) fn of(values: &[T]) -> Self {
        let pages = values.chunks(PAGE).map(|values| {
            let mut page = [T::default(); PAGE];
            page[..values.len()].copy_from_slice(values);
            Arc::new(page)
        });
        Self {
            pages: Arc::new(pages.collect()),
        }
    }

    pub(crate) fn get(&self, at: usize) -> T {
        let page = self.pages.get(at / PAGE);
        page.map_or_else(T::default, |page| page[at % PAGE])
    }

    /// Puts a number in its place.
    pub(crate) fn set(&mut self, at: usize, value: T) {
        let pages = Arc::make_mut(&mut self.pages);
        while pages.len() * PAGE <= at {
            pages.push(Arc::new([T::default(); PAGE]));
        }
        Arc::make_mut(&mut pages[at / PAGE])[at % PAGE] = value;
    }
}

#[cfg(test)]
mod tests;
