//! Purchases of a shop, as its till program has them and as DFINERY must get them.

use dfinery::tables::PropertyType;
use encoding_rs::EUC_KR;
use serde_json::{Value, json};
use uuid::Uuid;

pub const HEADER: [&str; 15] = [
    "회원번호",
    "휴대폰",
    "이메일",
    "결제일시",
    "전표ID",
    "주문번호",
    "합계",
    "배송비",
    "결제수단",
    "배송메모",
    "광고수신",
    "상품코드",
    "상품명",
    "단가",
    "수량",
];

pub const MAPPING: &str = r#"
timezone: Asia/Seoul
event: df_purchase
identity:
  external_id: 회원번호
  phone_no: {column: 휴대폰, type: phone}
  email: 이메일
event_datetime: {column: 결제일시, format: "%Y-%m-%d %H:%M:%S"}
event_log_id: 전표ID
event_properties:
  df_order_id: 주문번호
  df_total_purchase_amount: {column: 합계, thousands: ","}
  df_delivery_charge: {column: 배송비, thousands: ","}
  df_payment_method: 결제수단
  df_discount: {constant: 0}
  memo: 배송메모
  agreed: {column: 광고수신, type: boolean}
event_items:
  - df_item_id: 상품코드
    df_item_name: 상품명
    df_price: {column: 단가, thousands: ","}
    df_quantity: {column: 수량, thousands: ","}
    df_discount: {constant: 0}
"#;

/// What the service has registered beyond the standard.
pub fn registered() -> dfinery_emulator::Registered {
    dfinery_emulator::Registered::standard()
        .event_property("memo", PropertyType::String)
        .event_property("agreed", PropertyType::Boolean)
}

pub struct Purchase {
    number: u32,
}

pub fn purchases(count: u32) -> Vec<Purchase> {
    (0..count).map(|number| Purchase { number }).collect()
}

/// Line breaks, quotes, separators, and syllables that EUC-KR lacks and CP949 has.
const MEMOS: [&str; 7] = [
    "문 앞에 놓아 주세요",
    "부재 시 \"경비실\"에,\n연락 부탁드립니다",
    "펲시 한 박스, 똠방각하 햏",
    "\"",
    " 앞뒤 공백 ",
    "탭\t과 세미콜론;",
    "",
];

impl Purchase {
    fn user(&self) -> String {
        format!("{:08}", self.number % 40)
    }

    /// Some customers gave no phone number.
    fn phone(&self) -> Option<u32> {
        (!(self.number % 40).is_multiple_of(3)).then_some(20_000_000 + self.number % 40)
    }

    /// Seconds after midnight in Seoul.
    const fn second(&self) -> u32 {
        self.number * 4_001 % 86_400
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(0x019a_3f5b_c2d0_7abc_8def_0000_0000_0000 + u128::from(self.number))
    }

    /// Sixteen digits, of which a spreadsheet that takes them for a number keeps fifteen.
    fn order(&self) -> String {
        format!("{:016}", 26_110_100_000_001 + u64::from(self.number))
    }

    const fn price(&self) -> u32 {
        900 + self.number * 13_577
    }

    const fn quantity(&self) -> u32 {
        1 + self.number % 3 * 600
    }

    const fn has_agreed(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    fn memo(&self) -> &'static str {
        MEMOS[self.number as usize % MEMOS.len()]
    }

    pub fn cells(&self) -> Vec<String> {
        let second = self.second();
        let phone = self.phone().map(|phone| phone.to_string());
        let total = self.price() * self.quantity() + 3_000;
        vec![
            self.user(),
            phone.map_or(String::new(), |digits| format!("010-{}-{}", &digits[..4], &digits[4..])),
            format!("kim{}@example.co.kr", self.number % 40),
            format!(
                "2026-11-01 {:02}:{:02}:{:02}",
                second / 3600,
                second / 60 % 60,
                second % 60
            ),
            self.id().to_string(),
            self.order(),
            with_thousands(total),
            "3,000".to_owned(),
            "신용카드".to_owned(),
            self.memo().to_owned(),
            if self.has_agreed() { "Y" } else { "N" }.to_owned(),
            format!("{:05}", self.number % 7),
            "한우 선물세트 1++(등심)".to_owned(),
            with_thousands(self.price()),
            with_thousands(self.quantity()),
        ]
    }

    /// The identity and the event that DFINERY must get.
    pub fn expected(&self) -> Value {
        let mut identity = json!({
            "external_id": self.user(),
            "email": format!("kim{}@example.co.kr", self.number % 40),
        });
        if let Some(phone) = self.phone() {
            identity["phone_no"] = json!(format!("8210{phone}"));
        }
        let mut properties = json!({
            "df_order_id": self.order(),
            "df_total_purchase_amount": self.price() * self.quantity() + 3_000,
            "df_delivery_charge": 3_000,
            "df_payment_method": "신용카드",
            "df_discount": 0,
            "agreed": self.has_agreed(),
        });
        if !self.memo().is_empty() {
            properties["memo"] = json!(self.memo());
        }
        // Nine hours before, which is the day before until nine in the morning.
        let second = self.second() + 15 * 3600;
        let (day, second) = (31 + second / 86_400, second % 86_400);
        let day = if day == 31 { "2026-10-31" } else { "2026-11-01" };
        json!({
            "identity": identity,
            "event": {
                "event_log_id": self.id().to_string(),
                "event_name": "df_purchase",
                "event_datetime": format!("{day}T{:02}:{:02}:{:02}.000Z", second / 3600, second / 60 % 60, second % 60),
                "event_properties": properties,
                "event_items": [{
                    "df_item_id": format!("{:05}", self.number % 7),
                    "df_item_name": "한우 선물세트 1++(등심)",
                    "df_price": self.price(),
                    "df_quantity": self.quantity(),
                    "df_discount": 0,
                }],
            },
        })
    }
}

fn with_thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The table as Excel writes it: line breaks within a cell are line feeds, those between rows are CRLF.
pub fn table(purchases: &[Purchase], delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(HEADER).unwrap();
    for purchase in purchases {
        writer.write_record(purchase.cells()).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

pub fn cp949(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = EUC_KR.encode(text);
    assert!(!failed);
    bytes.into_owned()
}

pub fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
