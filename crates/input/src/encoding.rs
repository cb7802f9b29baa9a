//! Detects the encoding of a text, and decodes it without ever replacing a byte.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, DecoderResult, EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS};

use crate::{format::Encoding, utf16};

/// How many bytes, from the first that is not ASCII, decide between UTF-8 and CP949.
pub(crate) const DECIDING: usize = 64 * 1024;
/// How many bytes at the beginning decide whether a text without a mark is UTF-16.
pub(crate) const DECIDING_BEGINNING: usize = 4 * 1024;

/// How many characters are enough to distinguish languages.
const ENOUGH_CHARACTERS: usize = 10;

/// The encoding that the beginning of a text shows, and the length of its byte order mark.
pub(crate) fn of_beginning(bytes: &[u8]) -> Option<(Encoding, usize)> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => {
            // Tools that each add a mark leave several.
            let marks = bytes
                .chunks_exact(3)
                .take_while(|three| *three == [0xEF, 0xBB, 0xBF])
                .count();
            Some((Encoding::Utf8, 3 * marks))
        }
        [0xFF, 0xFE, ..] => Some((Encoding::Utf16Le, 2)),
        [0xFE, 0xFF, ..] => Some((Encoding::Utf16Be, 2)),
        _ => utf16_by_zeros(bytes).map(|encoding| (encoding, 0)),
    }
}

/// The length of the byte order mark that fits an encoding.
pub(crate) fn mark_of(encoding: Encoding, bytes: &[u8]) -> usize {
    of_beginning(bytes).map_or(0, |(found, length)| if found == encoding { length } else { 0 })
}

/// Text for people has line breaks, digits and commas, whose high byte is zero in UTF-16; text in other encodings has
/// no zero bytes.
fn utf16_by_zeros(bytes: &[u8]) -> Option<Encoding> {
    let bytes = bytes.get(..DECIDING_BEGINNING).unwrap_or(bytes);
    let pairs = bytes.chunks_exact(2);
    let count = pairs.len();
    let (mut little, mut big) = (0, 0);
    for pair in pairs {
        match pair {
            [b'\t'..0x7F, 0] => little += 1,
            [0, b'\t'..0x7F] => big += 1,
            _ => {}
        }
    }
    // A few ideographs look like the opposite byte order.
    let plainly = |these: usize, others: usize| these * 8 >= count && these > 4 * others;
    if plainly(little, big) {
        Some(Encoding::Utf16Le)
    } else if plainly(big, little) {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// Decides between UTF-8 and CP949 by the bytes from the first that is not ASCII; `None` if it is neither.
///
/// A text with few broken places keeps its encoding, so that only the records with these places are lost.
pub(crate) fn of_text(bytes: &[u8], is_end: bool) -> Option<Encoding> {
    let utf8 = Tally::of_utf8(bytes, is_end);
    if utf8.broken == 0 {
        return Some(Encoding::Utf8);
    }
    let cp949 = Tally::of_cp949(bytes, is_end);
    if cp949.broken == 0 && is_like_korean(bytes) {
        return Some(Encoding::Cp949);
    }
    if utf8.is_plain() {
        return Some(Encoding::Utf8);
    }
    (cp949.is_plain() && is_like_korean(bytes)).then_some(Encoding::Cp949)
}

/// How many characters beyond ASCII a text has in an encoding, and how many invalid places.
struct Tally {
    whole: usize,
    broken: usize,
}

impl Tally {
    /// Whether the encoding is certain in spite of broken places.
    const fn is_plain(&self) -> bool {
        self.whole >= 20 * self.broken
    }

    fn of_utf8(bytes: &[u8], is_end: bool) -> Self {
        let mut tally = Self { whole: 0, broken: 0 };
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            tally.whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            let is_cut = chunks.peek().is_none() && !is_end && is_beginning_of_utf8(chunk.invalid());
            tally.broken += usize::from(!chunk.invalid().is_empty() && !is_cut);
        }
        tally
    }

    fn of_cp949(bytes: &[u8], is_end: bool) -> Self {
        let mut tally = Self { whole: 0, broken: 0 };
        let mut text = String::new();
        let mut decode = Cp949::new(bytes);
        loop {
            text.clear();
            let bad = decode.run(&mut text, is_end);
            tally.whole += text.chars().filter(|c| !c.is_ascii()).count();
            match bad {
                Some(_) => tally.broken += 1,
                None => return tally,
            }
        }
    }
}

fn is_beginning_of_utf8(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The characters of a text in CP949, by how common they are.
struct Syllables {
    /// The 2,350 syllables of KS X 1001, of which nearly all Korean text consists.
    common: usize,
    /// The other syllables, which Microsoft added.
    rare: usize,
    all: usize,
}

impl Syllables {
    fn of(bytes: &[u8]) -> Self {
        let mut found = Self {
            common: 0,
            rare: 0,
            all: 0,
        };
        let mut rest = bytes;
        loop {
            rest = match rest {
                [0..=0x7F, rest @ ..] => rest,
                [lead, trail, rest @ ..] => {
                    found.all += 1;
                    found.common += usize::from((0xB0..=0xC8).contains(lead) && *trail >= 0xA1);
                    found.rare += usize::from(*lead <= 0xA0 || (*lead <= 0xC6 && *trail < 0xA1));
                    rest
                }
                _ => return found,
            };
        }
    }
}

/// Whether nothing speaks against CP949: the encodings of other languages also decode as CP949, into nonsense.
fn is_like_korean(bytes: &[u8]) -> bool {
    let Syllables { common, rare, all } = Syllables::of(bytes);
    if all >= 2 * ENOUGH_CHARACTERS && 10 * common >= 9 * all {
        return true;
    }
    if rare >= 3 && rare > common {
        return false;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, false);
    if detector.guess(Some(b"kr"), Utf8Detection::Allow) != EUC_KR {
        return false;
    }
    // A few characters, such as a name in Chinese characters, prove nothing.
    let is_short = bytes.iter().filter(|byte| !byte.is_ascii()).count() < 2 * ENOUGH_CHARACTERS;
    let others = [SHIFT_JIS, EUC_JP, GBK, GB18030, BIG5];
    is_short || !others.contains(&detector.guess(None, Utf8Detection::Allow))
}

/// Why bytes are not text in their encoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadText {
    /// The first byte that is invalid.
    Byte {
        /// Its position in the record, from 1.
        place: usize,
        /// The bytes there, two for UTF-16.
        bytes: Vec<u8>,
        encoding: Encoding,
    },
    /// They are Korean in UTF-8, which CP949 would read as other characters.
    Utf8InCp949,
    /// They are Korean in CP949, and not UTF-8.
    Cp949InUtf8 {
        /// The position of the first byte that is invalid in the record, from 1.
        place: usize,
        /// That byte.
        byte: u8,
    },
}

impl BadText {
    /// What is wrong with the record; `unit` is a line, a row or an element.
    pub(crate) fn problem(&self, unit: &str) -> String {
        use std::fmt::Write as _;
        let (place, bytes, encoding) = match self {
            Self::Byte { place, bytes, encoding } => (place, bytes, encoding),
            Self::Utf8InCp949 => {
                return format!("the {unit} has text in UTF-8, and the input is CP949: save all of it in one encoding");
            }
            Self::Cp949InUtf8 { place, byte } => {
                return format!(
                    "the {unit} looks like CP949, and is read as UTF-8: save all of it in one encoding, or name the right \
                     one (byte {place}: 0x{byte:02X})"
                );
            }
        };
        let hex = bytes.iter().fold(String::from("0x"), |mut hex, byte| {
            let _ = write!(hex, "{byte:02X}");
            hex
        });
        let label = encoding.label();
        format!(
            "the {unit} is not valid {label}: correct it, or say which encoding the input has (byte {place}: {hex})"
        )
    }
}

/// Text of an encoding as UTF-8; borrowed if it is already UTF-8.
pub(crate) fn decode<'a>(bytes: &'a [u8], encoding: Encoding, scratch: &'a mut String) -> Result<&'a str, BadText> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        if encoding != Encoding::Cp949 || text.is_ascii() {
            return Ok(text);
        }
        if is_korean(text) {
            return Err(BadText::Utf8InCp949);
        }
    }
    let bad = |at: usize, bytes: &[u8]| BadText::Byte {
        place: at + 1,
        bytes: bytes.to_vec(),
        encoding,
    };
    let of_utf8 = || str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    match encoding {
        Encoding::Utf8 => {
            let at = of_utf8();
            if let Some(byte) = bytes.get(at)
                && Cp949::new(bytes).run(&mut String::new(), true).is_none()
                && is_like_korean(bytes)
            {
                return Err(BadText::Cp949InUtf8 {
                    place: at + 1,
                    byte: *byte,
                });
            }
            Err(bad(at, bytes.get(at..=at).unwrap_or_default()))
        }
        Encoding::Cp949 => {
            scratch.clear();
            match Cp949::new(bytes).run(scratch, true) {
                None => Ok(scratch),
                Some(at) => Err(bad(at, bytes.get(at..=at).unwrap_or_default())),
            }
        }
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let (before, from) = bytes.split_at_checked(of_utf8()).unwrap_or_default();
            let mut unit = Vec::new();
            utf16::restore(from.get(..3).unwrap_or(from), utf16::Order::Big, &mut unit);
            Err(bad(utf16::original_length(before), &unit))
        }
    }
}

/// Appends a text in an encoding; without one, as ASCII. A character that it lacks becomes a question mark.
pub(crate) fn encode(text: &str, encoding: Option<Encoding>, out: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    let mut units = [0; 2];
    for c in text.chars() {
        match encoding {
            Some(Encoding::Utf16Le) => {
                out.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_le_bytes()));
            }
            Some(Encoding::Utf16Be) => {
                out.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            }
            None if !c.is_ascii() => out.push(b'?'),
            None | Some(Encoding::Utf8) => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
            Some(Encoding::Cp949) => {
                let (bytes, _, is_lacking) = EUC_KR.encode(c.encode_utf8(&mut buffer));
                out.extend_from_slice(if is_lacking { b"?" } else { &bytes });
            }
        }
    }
}

/// Whether a text has several Hangul syllables and hardly anything else beyond ASCII. Text in CP949 that is also valid
/// UTF-8 does not come out so by chance.
fn is_korean(text: &str) -> bool {
    let beyond_ascii = text.chars().filter(|c| !c.is_ascii()).count();
    let syllables = text.chars().filter(|c| ('가'..='힣').contains(c)).count();
    syllables >= 2 && 2 * syllables >= beyond_ascii
}

/// Decodes CP949 from one broken place to the next.
struct Cp949<'a> {
    bytes: &'a [u8],
    position: usize,
    decoder: encoding_rs::Decoder,
}

impl<'a> Cp949<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            decoder: EUC_KR.new_decoder_without_bom_handling(),
        }
    }

    /// Adds text up to the next broken byte and returns its position; `None` at the end.
    fn run(&mut self, text: &mut String, is_end: bool) -> Option<usize> {
        loop {
            let rest = self.bytes.get(self.position..).unwrap_or_default();
            text.reserve(
                self.decoder
                    .max_utf8_buffer_length_without_replacement(rest.len())
                    .unwrap_or(4 + 3 * rest.len()),
            );
            let (result, read) = self.decoder.decode_to_string_without_replacement(rest, text, is_end);
            self.position += read;
            match result {
                DecoderResult::InputEmpty => return None,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    return Some(self.position.saturating_sub(usize::from(length) + usize::from(after)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cp949(text: &str) -> Vec<u8> {
        let (bytes, _, failed) = EUC_KR.encode(text);
        assert!(!failed);
        bytes.into_owned()
    }

    #[test]
    fn korean_words_are_told_apart_from_other_languages() {
        for text in [
            "가",
            "회원번호",
            "홍길동",
            "강남점",
            "똠방각하",
            "쀍",
            "김,이,박",
            "주문 번호,금액",
            "漢字와 한글",
        ] {
            assert_eq!(of_text(&cp949(text), true), Some(Encoding::Cp949), "{text}");
            assert_eq!(of_text(text.as_bytes(), true), Some(Encoding::Utf8), "{text}");
        }
        let (japanese, _, _) = encoding_rs::SHIFT_JIS.encode("会員番号と電話番号をここに書く");
        let (chinese, _, _) = encoding_rs::GBK.encode("会员号码和电话号码都写在这里，请注意");
        let (french, _, _) = encoding_rs::WINDOWS_1252.encode("é, à l'école déjà vu");
        let (city, _, _) = encoding_rs::SHIFT_JIS.encode("東京都千代田区");
        for other in [japanese, city, chinese, french] {
            assert_eq!(of_text(&other, true), None);
        }
    }

    #[test]
    fn a_window_may_end_within_a_character() {
        let text = "한글 문장입니다. 회원번호";
        assert_eq!(of_text(&text.as_bytes()[..text.len() - 1], false), Some(Encoding::Utf8));
        let korean = cp949(text);
        assert_eq!(of_text(&korean[..korean.len() - 1], false), Some(Encoding::Cp949));
    }

    #[test]
    fn a_few_broken_places_do_not_change_the_encoding() {
        let text = "한글 문장입니다. 회원번호와 주문번호가 여기에 있습니다.\n".repeat(10);
        let mut utf8 = text.clone().into_bytes();
        utf8[100] = 0xFF;
        assert_eq!(of_text(&utf8, true), Some(Encoding::Utf8));
        let mut korean = cp949(&text);
        korean[100] = 0xFF;
        assert_eq!(of_text(&korean, true), Some(Encoding::Cp949));
    }

    #[test]
    fn a_few_rows_in_utf_8_do_not_change_the_encoding_of_a_korean_table() {
        let mut table = cp949(&"u1,홍길동,서울시 강남구\n".repeat(200));
        table.extend("u2,고객\n".repeat(4).bytes());
        assert_eq!(of_text(&table, true), Some(Encoding::Cp949));
        assert_eq!(
            of_text(
                &[&cp949(&"회원번호와 이름\n".repeat(5))[..], b"\xB0\xFF\n"].concat(),
                true
            ),
            Some(Encoding::Cp949)
        );
    }

    #[test]
    fn utf_16_shows_in_its_zeros() {
        for text in ["{\"identity\":{}}", "회원번호,금액\n가가가,12\n"] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(of_beginning(&little), Some((Encoding::Utf16Le, 0)), "{text}");
            assert_eq!(of_beginning(&big), Some((Encoding::Utf16Be, 0)), "{text}");
            assert_eq!(of_beginning(text.as_bytes()), None);
            assert_eq!(of_beginning(&cp949(text)), None);
        }
    }

    #[test]
    fn every_character_of_cp949_comes_back_as_its_bytes() {
        let mut out = Vec::new();
        for (lead, trail) in (0x81..=0xFE)
            .flat_map(|lead| (0x41..=0xFE).map(move |trail| [lead, trail]))
            .map(|[a, b]| (a, b))
        {
            let mut scratch = String::new();
            if let Ok(text) = decode(&[lead, trail], Encoding::Cp949, &mut scratch) {
                out.clear();
                encode(text, Some(Encoding::Cp949), &mut out);
                assert_eq!(out, [lead, trail], "{text}");
            }
        }
        out.clear();
        encode("a\u{1F600}가", Some(Encoding::Cp949), &mut out);
        assert_eq!(out, b"a?\xB0\xA1");
        out.clear();
        encode("a가", None, &mut out);
        assert_eq!(out, b"a?");
    }

    #[test]
    fn the_first_bad_byte_is_named() {
        let mut scratch = String::new();
        for (bytes, encoding, place, bad) in [
            (&b"ab\xFFc"[..], Encoding::Utf8, 3, &[0xFF][..]),
            (b"\xEA\xB0\x80\xEA\xB0", Encoding::Utf8, 4, &[0xEA]),
            (b"\xB0\xA1\xFF,", Encoding::Cp949, 3, &[0xFF]),
            (b"\xB0\xA1\xB0", Encoding::Cp949, 3, &[0xB0]),
            (b"\xB0\xA1\xB0,\xB0\xA1", Encoding::Cp949, 3, &[0xB0]),
            (b"a\xED\xA0\x80b", Encoding::Utf16Le, 3, &[0xD8, 0x00]),
            (b"a\xFFee", Encoding::Utf16Le, 3, &[0x44]),
        ] {
            let found = decode(bytes, encoding, &mut scratch).unwrap_err();
            let bytes = bad.to_vec();
            assert_eq!(found, BadText::Byte { place, bytes, encoding });
        }
    }
}
