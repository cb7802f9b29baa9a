//! Two files of a shop as its own programs export them, with a few dirty cells, and what the shop knows of them.

use std::fmt::Write as _;

/// The rows of the file of sales, with the total.
pub const SALES: u32 = 200_001;
pub const MEMBERS: u32 = 40_000;
/// How many members have another grade the next night.
pub const CHANGED: u32 = 200;

/// A night's sales at the till in CP949: receipts of one to six lines, 13 dirty cells, and a total at the end.
pub struct Sales {
    pub csv: Vec<u8>,
    /// The orders of members, if no cell were dirty.
    pub orders: Vec<Order>,
    /// The rows with a dirty cell.
    pub dirty: Vec<Dirty>,
}

/// A receipt of a member.
pub struct Order {
    pub receipt: String,
    pub member: String,
    pub total: u64,
    /// Product, price and quantity.
    pub items: Vec<(String, u64, u64)>,
}

/// A row as it is in the file, and as it should be.
pub struct Dirty {
    pub line: u32,
    pub row: Vec<u8>,
    pub mended: Vec<u8>,
}

/// The columns of dirty cells, their places in thousandths of the file, and what is in them.
const DIRTY: [(usize, &[u32], &str); 7] = [
    (1, &[100, 389, 750], "어제 저녁"),
    (8, &[200, 600], "문의"),
    (9, &[300, 900], "한 개"),
    (10, &[250], "무료"),
    (5, &[333, 666], ""),
    (7, &[111, 222], ""),
    (11, &[555], ""),
];

pub fn sales(rows: u32) -> Sales {
    let mut dice = Dice(7);
    let mut csv =
        cp949("영수증번호,판매일시,점포코드,점포명,POS번호,회원번호,상품코드,상품명,단가,수량,금액,결제수단\r\n");
    let (mut orders, mut dirty) = (Vec::<Order>::new(), Vec::new());
    let (mut left, mut receipt, mut head) = (0, String::new(), String::new());
    let (mut member, mut payment, mut total) = (String::new(), "", 0);
    for row in 1..rows {
        if left == 0 {
            left = dice.roll(6) + 1;
            let number = receipt.trim_start_matches('R').parse().unwrap_or(0) + 1;
            receipt = format!("R{number:08}");
            let store = dice.roll(40);
            let (hour, minute, second) = (10 + dice.roll(12), dice.roll(60), dice.roll(60));
            let name = one_of(&["강남", "홍대", "부산", "대전"], store);
            let till = dice.roll(4) + 1;
            head = format!("2025-11-20 {hour:02}:{minute:02}:{second:02},S{store:03},{name}점,{till}");
            member = match dice.roll(5) {
                0 => "비회원".to_owned(),
                _ => format!("M{:07}", dice.roll(40_000)),
            };
            payment = one_of(&["신용카드", "현금", "간편결제"], dice.roll(3));
        }
        left -= 1;
        let product = dice.roll(500);
        let (price, quantity) = ((dice.roll(90) + 10) * 100, dice.roll(4) + 1);
        let sum = price * quantity;
        total += sum;
        if member != "비회원" {
            if orders.last().is_none_or(|order| order.receipt != receipt) {
                orders.push(Order {
                    receipt: receipt.clone(),
                    member: member.clone(),
                    total: 0,
                    items: Vec::new(),
                });
            }
            if let Some(order) = orders.last_mut() {
                order.total += sum;
                order.items.push((format!("P-{product:04}"), price, quantity));
            }
        }
        let line =
            format!("{receipt},{head},{member},P-{product:04},상품 {product},{price},{quantity},{sum},{payment}");
        let mended = cp949(&line);
        let is_dirty = |place: &u32| rows > 1000 && rows * place / 1000 == row;
        let cell = DIRTY.iter().find(|(_, places, _)| places.iter().any(is_dirty));
        if let Some((column, _, text)) = cell {
            let mut cells: Vec<_> = line.split(',').collect();
            cells[*column] = text;
            let row_bytes = cp949(&cells.join(","));
            csv.extend_from_slice(&row_bytes);
            dirty.push(Dirty {
                line: row + 1,
                row: row_bytes,
                mended,
            });
        } else {
            csv.extend_from_slice(&mended);
        }
        csv.extend_from_slice(b"\r\n");
    }
    csv.extend_from_slice(&cp949(&format!("합계,,,,,,,,,,{total},\r\n")));
    Sales { csv, orders, dirty }
}

/// An extract of the members in CP949: two forms of dates, two of phone numbers, and consents by channel. The next night,
/// [`CHANGED`] of them have another grade.
pub fn members(count: u32, next_night: bool) -> Vec<u8> {
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
        // No two members have the same one.
        let digits = u64::from(number) * 48_271 % 90_000_000;
        let (first, second) = (digits / 10_000 + 1000, digits % 10_000);
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
        let grade = if next_night && number < CHANGED {
            "플래티넘"
        } else {
            ["일반", "실버", "골드"][number as usize % 3]
        };
        let _ = write!(
            csv,
            "M{number:07},회원{number},{gender},{birth},{phone},m{number}@example.com,{grade},2024-{month:02}-{day:02},{consents}\r\n"
        );
    }
    cp949(&csv)
}

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

fn cp949(text: &str) -> Vec<u8> {
    encoding_rs::EUC_KR.encode(text).0.into_owned()
}

/// The text with this number, counted around.
fn one_of(texts: &[&'static str], number: u64) -> &'static str {
    let count = texts.len() as u64;
    let (_, text) = (0..).zip(texts).find(|(index, _)| *index == number % count).unwrap();
    text
}
