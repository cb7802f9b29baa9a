//! Columns with few different texts: yes and no, and genders.

use super::tally::Tally;
use dfinery_records::is_missing;

/// The most different texts to keep.
const MOST: usize = 20;
/// The longest text to keep, in bytes.
const LONGEST: usize = 32;
/// How many cells with other texts do not end the search, beside a tenth of those with the texts that are kept.
const GIVE_UP: u64 = 1000;
/// Texts for yes and no; a mapping knows the first three of each by itself.
const YES: &[&str] = &[
    "true",
    "1",
    "Y",
    "yes",
    "예",
    "동의",
    "수신",
    "수신동의",
    "허용",
    "O",
    "T",
];
const NO: &[&str] = &[
    "false",
    "0",
    "N",
    "no",
    "아니오",
    "아니요",
    "거부",
    "미동의",
    "비동의",
    "수신거부",
    "미수신",
    "거절",
    "X",
    "F",
];
const USUAL: usize = 3;
/// Letters that say yes or no only beside each other.
const PAIRS: [(&str, &str); 2] = [("O", "X"), ("T", "F")];
const GENDERS: &[(&str, &[&str])] = &[
    ("Male", &["남", "남자", "남성", "M", "Male", "1"]),
    ("Female", &["여", "여자", "여성", "F", "Female", "2"]),
    ("NonBinary", &["NonBinary"]),
    ("Other", &["Other"]),
];

/// The different texts of a column, as long as they are few.
#[derive(Default)]
pub(super) struct Choices {
    texts: Vec<(String, Tally)>,
    others: Tally,
    /// How many cells have a text that is kept.
    kept: u64,
}

/// How the texts of a column are read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen<T> {
    pub(super) how: T,
    pub(super) misfits: Tally,
}

/// The texts for yes and no of a column; both empty if they are the usual ones.
pub(super) type YesNo = (Vec<String>, Vec<String>);

impl Choices {
    pub(super) fn add(&mut self, text: &str, line: u64) {
        // With so many other texts, the few that are kept decide nothing.
        if self.others.count > GIVE_UP + self.kept / 10 {
            return self.others.add(line);
        }
        if let Some((_, tally)) = self.texts.iter_mut().find(|(other, _)| other == text) {
            tally.add(line);
            self.kept += 1;
        } else if self.texts.len() < MOST && text.len() <= LONGEST {
            let mut tally = Tally::default();
            tally.add(line);
            self.texts.push((text.to_owned(), tally));
        } else {
            self.others.add(line);
        }
    }

    pub(super) fn yes_or_no(&self, filled: u64) -> Option<Chosen<YesNo>> {
        let place = |text: &str, words: &[&str]| words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let (mut yes, mut no, mut is_usual) = (Vec::new(), Vec::new(), true);
        let misfits = self.misfits(|text| {
            let (list, at) = match (place(text, YES), place(text, NO)) {
                (Some(at), _) => (&mut yes, at),
                (_, Some(at)) => (&mut no, at),
                _ => return false,
            };
            is_usual &= at < USUAL;
            let is_new = |list: &Vec<String>| !list.iter().any(|other| other.eq_ignore_ascii_case(text));
            if is_new(list) {
                list.push(text.to_owned());
            }
            true
        });
        let has = |list: &[String], word: &str| list.iter().any(|text| text.eq_ignore_ascii_case(word));
        if PAIRS.iter().any(|(first, second)| has(&yes, first) != has(&no, second)) {
            return None;
        }
        let how = if is_usual { YesNo::default() } else { (yes, no) };
        misfits.are_strays_of(filled).then_some(Chosen { how, misfits })
    }

    /// Each text for a gender with its value, in the order of the values; `filled` does not count what is missing.
    pub(super) fn genders(&self, filled: u64) -> Option<Chosen<Vec<(String, &'static str)>>> {
        let mut how = Vec::new();
        let misfits = self.misfits(|text| {
            let found = GENDERS
                .iter()
                .position(|(_, words)| words.iter().any(|word| word.eq_ignore_ascii_case(text)));
            how.extend(found.map(|at| (at, text.to_owned())));
            found.is_some() || is_missing(text)
        });
        how.sort();
        let how = how
            .into_iter()
            .filter_map(|(at, text)| Some((text, GENDERS.get(at)?.0)))
            .collect();
        misfits.are_strays_of(filled).then_some(Chosen { how, misfits })
    }

    /// The cells whose text is not known.
    fn misfits(&self, mut is_known: impl FnMut(&str) -> bool) -> Tally {
        let unknown: Vec<_> = self
            .texts
            .iter()
            .filter(|(text, _)| !is_known(text))
            .map(|(_, tally)| tally)
            .collect();
        Tally::sum(unknown.into_iter().chain([&self.others]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Choices {
        let mut choices = Choices::default();
        for (line, cell) in cells.iter().enumerate() {
            choices.add(cell, line as u64 + 2);
        }
        choices
    }

    #[test]
    fn usual_texts_need_no_list() {
        let usual = of(&["Y", "n", "1"]).yes_or_no(3).unwrap();
        assert_eq!(usual.how, YesNo::default());
        let given = of(&["동의", "미동의", "동의"]).yes_or_no(3).unwrap();
        assert_eq!(given.how, (vec!["동의".to_owned()], vec!["미동의".to_owned()]));
        assert_eq!(of(&["Y", "?"]).yes_or_no(2), None);
        assert_eq!(of(&["1", "x"]).yes_or_no(2), None, "an x may be anything");
        assert!(of(&["O", "X"]).yes_or_no(2).is_some());
    }

    #[test]
    fn a_gender_that_is_not_known_is_left_out_and_counted() {
        let mut cells = vec!["남"; 500];
        cells.extend(["여", "여자", "사람", "모름"]);
        let genders = of(&cells).genders(503).unwrap();
        let pairs: Vec<_> = genders
            .how
            .iter()
            .map(|(text, value)| (text.as_str(), *value))
            .collect();
        assert_eq!(pairs, [("남", "Male"), ("여", "Female"), ("여자", "Female")]);
        assert_eq!(genders.misfits.place(), "in line 504");
        assert_eq!(of(&["남", "사람"]).genders(2), None);
    }
}
