//! Two files of a shop as its own programs export them, with a few dirty cells.

use std::fmt::Write as _;

/// The rows of the file of sales, with the total.
pub const SALES: u32 = 200_001;
pub const MEMBERS: u32 = 40_000;

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A night's sales at the till in CP949: receipts of one to six lines, 13 dirty cells, and a total at the end.
pub fn sales(rows: u32) -> Vec<u8> {
    let mut dice = Dice(7);
    let mut csv =
        "영수증번호,판매일시,점포코드,점포명,POS번호,회원번호,상품코드,상품명,단가,수량,금액,결제수단\r\n".to_owned();
    let dirty = |row: u32, places: &[u32]| rows > 1000 && places.iter().any(|place| rows * place / 1000 == row);
    let (mut left, mut receipt, mut head) = (0, 0, String::new());
    let (mut member, mut payment, mut total) = (String::new(), "", 0);
    for row in 1..rows {
        if left == 0 {
            left = dice.roll(6) + 1;
            receipt += 1;
            let store = dice.roll(40);
            let (hour, minute, second) = (10 + dice.roll(12), dice.roll(60), dice.roll(60));
            head = format!(
                "S{store:03},{}점,{}",
                one_of(&["강남", "홍대", "부산", "대전"], store),
                dice.roll(4) + 1
            );
            member = match dice.roll(5) {
                0 => "비회원".to_owned(),
                _ => format!("M{:07}", dice.roll(40_000)),
            };
            payment = one_of(&["신용카드", "현금", "간편결제"], dice.roll(3));
            head = format!("2025-11-20 {hour:02}:{minute:02}:{second:02},{head}");
        }
        left -= 1;
        let product = dice.roll(500);
        let (price, quantity) = ((dice.roll(90) + 10) * 100, dice.roll(4) + 1);
        total += price * quantity;
        let mut line = format!(
            "R{receipt:08},{head},{member},P-{product:04},상품 {product},{price},{quantity},{},{payment}",
            price * quantity
        );
        let mut cells: Vec<_> = line.split(',').map(str::to_owned).collect();
        for (column, places, text) in [
            (1, &[100, 389, 750][..], "어제 저녁"),
            (8, &[200, 600], "문의"),
            (9, &[300, 900], "한 개"),
            (10, &[250], "무료"),
            (5, &[333, 666], ""),
            (7, &[111, 222], ""),
            (11, &[555], ""),
        ] {
            if dirty(row, places) {
                text.clone_into(&mut cells[column]);
            }
        }
        line = cells.join(",");
        let _ = write!(csv, "{line}\r\n");
    }
    let _ = write!(csv, "합계,,,,,,,,,,{total},\r\n");
    encoding_rs::EUC_KR.encode(&csv).0.into_owned()
}

/// An extract of the members: two forms of dates, two of phone numbers, and consents by channel.
pub fn members(count: u32) -> Vec<u8> {
    let mut dice = Dice(11);
    let mut csv =
        "회원번호,성명,성별,생년월일,휴대폰번호,이메일,회원등급,가입일,광고수신동의(문자),광고수신동의(카카오/알림톡),\
                   광고수신동의(이메일),야간 광고 수신동의\r\n"
            .to_owned();
    for number in 0..count {
        let (year, month, day) = (1950 + dice.roll(55), dice.roll(12) + 1, dice.roll(28) + 1);
        let birth = match dice.roll(3) {
            0 => format!("{year}{month:02}{day:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        };
        let (first, second) = (dice.roll(9000) + 1000, dice.roll(10_000));
        let phone = match dice.roll(2) {
            0 => format!("010-{first}-{second:04}"),
            _ => format!("010{first}{second:04}"),
        };
        let gender = if number % 10_007 == 10_006 {
            "?"
        } else {
            one_of(&["남", "여", ""], dice.roll(3))
        };
        let mut agreed = || one_of(&["Y", "N"], dice.roll(2));
        let consents = [agreed(), agreed(), agreed(), agreed()].join(",");
        let grade = ["일반", "실버", "골드"][number as usize % 3];
        let _ = write!(
            csv,
            "M{number:07},회원{number},{gender},{birth},{phone},m{number}@example.com,{grade},2024-{month:02}-{day:02},{consents}\r\n"
        );
    }
    encoding_rs::EUC_KR.encode(&csv).0.into_owned()
}

/// The text with this number, counted around.
fn one_of(texts: &[&'static str], number: u64) -> &'static str {
    let count = texts.len() as u64;
    let (_, text) = (0..).zip(texts).find(|(index, _)| *index == number % count).unwrap();
    text
}
