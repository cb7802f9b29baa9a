//! Cells that are words with a known meaning.

use super::tally::Tally;

/// The most different texts to keep of a column.
const MOST: usize = 8;
/// The longest text to keep, in bytes.
const LONGEST: usize = 24;

/// The words in a column, as they are written.
#[derive(Default)]
pub(super) struct Noted(Vec<(String, Tally)>);

impl Noted {
    /// Notes a cell if it is such a word and not one too many; false if it is not noted.
    pub(super) fn add(&mut self, text: &str, line: u64, is_word: fn(&str) -> bool) -> bool {
        if text.len() > LONGEST || !is_word(text) {
            return false;
        }
        let at = self.0.iter().position(|(word, _)| word == text);
        let at = at.unwrap_or(self.0.len());
        if at == self.0.len() && at < MOST {
            self.0.push((text.to_owned(), Tally::default()));
        }
        let Some((_, tally)) = self.0.get_mut(at) else {
            return false;
        };
        tally.add(line);
        true
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.0.iter().map(|(word, tally)| (word.as_str(), tally))
    }

    /// All of these cells.
    pub(super) fn tally(&self) -> Tally {
        Tally::sum(self.0.iter().map(|(_, tally)| tally))
    }

    /// The words, for people.
    pub(super) fn listed(&self) -> String {
        let words: Vec<_> = self.0.iter().map(|(word, _)| word.as_str()).collect();
        words.join(" or ")
    }
}
