//! The usual meanings of words in headers.

use super::consent::Consent;
use dfinery::{
    tables::StandardProperty,
    taxonomy::{CONSENT_PROPERTIES, EVENT_PROPERTIES, ITEM_PROPERTIES, USER_PROPERTIES},
};

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Identifier(&'static str),
    EventTime,
    EventProperty(&'static StandardProperty),
    ItemProperty(&'static StandardProperty),
    UserProperty(&'static StandardProperty),
    /// A consent that no standard property is sure to be, and why.
    NoConsent(&'static str),
}

/// A meaning, whether the word has others too, and which if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) meaning: Meaning,
    pub(super) is_sure: bool,
    pub(super) doubt: Option<&'static str>,
}

impl Found {
    /// Whether it is the id of a user in their own system.
    pub(super) fn is_user(self) -> bool {
        self.meaning == Meaning::Identifier("external_id")
    }
}

const IDENTIFIERS: &[(&str, &[&str])] = &[
    (
        "external_id",
        &[
            "회원번호",
            "회원id",
            "회원아이디",
            "회원코드",
            "고객번호",
            "고객id",
            "고객아이디",
            "고객코드",
            "사용자id",
            "userid",
            "userno",
            "memberid",
            "memberno",
            "customerid",
            "customerno",
        ],
    ),
    (
        "phone_no",
        &[
            "휴대폰",
            "휴대폰번호",
            "핸드폰",
            "핸드폰번호",
            "휴대전화",
            "휴대전화번호",
            "연락처",
            "전화번호",
            "phone",
            "phonenumber",
            "mobile",
            "mobileno",
            "mobilenumber",
            "cellphone",
        ],
    ),
    ("email", &["이메일", "이메일주소", "메일", "메일주소", "emailaddress"]),
    ("kakao_user_id", &["카카오id", "카카오아이디", "kakaoid"]),
    ("line_user_id", &["라인id", "라인아이디", "lineid"]),
];

const EVENT_TIMES: &[&str] = &[
    "결제일시",
    "결제일",
    "결제시각",
    "주문일시",
    "주문일",
    "주문일자",
    "구매일시",
    "구매일",
    "구매일자",
    "거래일시",
    "거래일",
    "거래일자",
    "판매일시",
    "판매일",
    "판매일자",
    "발생일시",
    "eventdatetime",
    "eventtime",
    "orderedat",
    "orderdate",
    "paidat",
    "purchasedat",
    "purchasedate",
];

/// Words for standard properties other than their labels. The names are checked against the tables.
const EVENT_PROPERTY_WORDS: &[(&str, &[&str])] = &[
    (
        "df_order_id",
        &[
            "orderid",
            "orderno",
            "ordernumber",
            "거래번호",
            "영수증번호",
            "영수번호",
            "전표번호",
            "매출번호",
            "판매번호",
            "구매번호",
            "결제번호",
            "주문id",
            "주문상품번호",
            "receiptno",
            "receiptid",
            "receiptnumber",
            "transactionid",
            "transactionno",
        ],
    ),
    (
        "df_total_purchase_amount",
        &[
            "합계",
            "합계금액",
            "총액",
            "총금액",
            "총결제금액",
            "결제금액",
            "구매금액",
            "totalamount",
            "totalprice",
        ],
    ),
    ("df_payment_method", &["결제수단", "결제방식", "paymentmethod"]),
    (
        "df_delivery_charge",
        &["배송비", "deliverycharge", "deliveryfee", "shippingfee"],
    ),
];
const ITEM_PROPERTY_WORDS: &[(&str, &[&str])] = &[
    (
        "df_item_id",
        &[
            "상품코드",
            "상품id",
            "품번",
            "itemid",
            "productid",
            "productcode",
            "productno",
            "sku",
        ],
    ),
    ("df_item_name", &["상품이름", "품명", "itemname", "productname"]),
    ("df_price", &["단가", "상품가격", "판매가", "unitprice"]),
    (
        "df_quantity",
        &["수량", "주문수량", "구매수량", "판매수량", "quantity", "qty"],
    ),
    ("df_category1", &["카테고리", "상품카테고리", "상품분류", "category"]),
];
const USER_PROPERTY_WORDS: &[(&str, &[&str])] = &[
    (
        "df_name",
        &["성명", "회원명", "고객명", "username", "membername", "customername"],
    ),
    ("df_gender", &["gender", "sex"]),
    ("df_birth", &["생일", "birth", "birthday", "birthdate", "dateofbirth"]),
    (
        "df_membership",
        &["회원등급", "고객등급", "멤버십", "membership", "membershiplevel"],
    ),
];
/// Words with more than one meaning, with the likeliest.
const UNSURE: &[(&str, &str)] = &[
    ("금액", "df_total_purchase_amount"),
    ("amount", "df_total_purchase_amount"),
    ("가격", "df_price"),
    ("price", "df_price"),
    ("할인", "df_discount"),
    ("할인금액", "df_discount"),
    ("등급", "df_membership"),
];

/// Names of our own for what shops have, where no standard property fits.
const OWN: &[(&str, &[&str])] = &[
    (
        "store_code",
        &[
            "점포코드",
            "점포번호",
            "매장코드",
            "매장번호",
            "지점코드",
            "지점번호",
            "storecode",
            "storeid",
            "storeno",
            "shopcode",
            "shopid",
            "branchcode",
        ],
    ),
    (
        "store_name",
        &[
            "점포명",
            "점포",
            "매장명",
            "매장",
            "지점명",
            "지점",
            "storename",
            "store",
            "shop",
            "branch",
        ],
    ),
    (
        "pos_no",
        &[
            "pos번호",
            "포스번호",
            "pos",
            "포스",
            "계산대번호",
            "계산대",
            "단말기번호",
            "posno",
            "posid",
            "registerno",
        ],
    ),
    (
        "business_day",
        &[
            "영업일",
            "영업일자",
            "매출일",
            "매출일자",
            "businessday",
            "businessdate",
            "salesdate",
        ],
    ),
    (
        "joined_at",
        &["가입일", "가입일자", "가입일시", "joinedat", "signupdate"],
    ),
];

type Make = fn(&'static StandardProperty) -> Meaning;
type Words = &'static [(&'static str, &'static [&'static str])];

const PROPERTIES: [(Make, &[StandardProperty], Words); 4] = [
    (Meaning::EventProperty, EVENT_PROPERTIES, EVENT_PROPERTY_WORDS),
    (Meaning::ItemProperty, ITEM_PROPERTIES, ITEM_PROPERTY_WORDS),
    (Meaning::UserProperty, USER_PROPERTIES, USER_PROPERTY_WORDS),
    (Meaning::UserProperty, CONSENT_PROPERTIES, &[]),
];

/// The probable meaning of a column with this name.
pub(super) fn meaning(header: &str) -> Option<Found> {
    let without_unit = header.split_once(['(', '[']).map(|(before, _)| before);
    let word = essence(header);
    of_word(&word)
        .or_else(|| of_consent(&word))
        .or_else(|| of_word(&essence(without_unit?)))
        .or_else(|| of_word(&essence(header.rsplit_once('.')?.1)))
}

/// The channel of a consent is often in parentheses.
fn of_consent(word: &str) -> Option<Found> {
    Some(match Consent::of(word)? {
        Consent::Known(property, doubt) => Found {
            meaning: Meaning::UserProperty(property),
            is_sure: doubt.is_none(),
            doubt,
        },
        Consent::None(reason) => Found {
            meaning: Meaning::NoConsent(reason),
            is_sure: false,
            doubt: Some(reason),
        },
    })
}

fn of_word(word: &str) -> Option<Found> {
    let sure = |meaning| {
        Some(Found {
            meaning,
            is_sure: true,
            doubt: None,
        })
    };
    for (name, words) in IDENTIFIERS {
        if word == essence(name) || words.contains(&word) {
            return sure(Meaning::Identifier(name));
        }
    }
    if EVENT_TIMES.contains(&word) {
        return sure(Meaning::EventTime);
    }
    for (make, properties, words) in PROPERTIES {
        for property in properties {
            let others = words
                .iter()
                .find(|(name, _)| *name == property.name)
                .map_or(&[][..], |(_, words)| *words);
            let is_meant = others.contains(&word)
                || [property.name, property.label.ko]
                    .into_iter()
                    .any(|name| word == essence(name));
            if is_meant {
                // An event and an item may each have a discount.
                let is_named = |all: &[StandardProperty]| all.iter().any(|other| other.name == property.name);
                let is_sure = PROPERTIES.iter().filter(|(_, all, _)| is_named(all)).count() == 1;
                return Some(Found {
                    meaning: make(property),
                    is_sure,
                    doubt: None,
                });
            }
        }
    }
    let (_, name) = UNSURE.iter().find(|(unsure, _)| *unsure == word)?;
    PROPERTIES.iter().find_map(|(make, properties, _)| {
        let property = properties.iter().find(|property| property.name == *name)?;
        Some(Found {
            meaning: make(property),
            is_sure: false,
            doubt: None,
        })
    })
}

/// Names that people give to columns without a standard property; they must be registered to be used.
pub(super) fn usual_name(header: &str) -> Option<&'static str> {
    let word = essence(header);
    let (name, _) = OWN.iter().find(|(_, words)| words.contains(&word.as_str()))?;
    Some(name)
}

/// A word without the differences in how people write it: case, spaces and punctuation.
fn essence(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_words_is_a_standard_name() {
        for (_, properties, words) in PROPERTIES {
            for (name, _) in words {
                assert!(properties.iter().any(|property| property.name == *name), "{name}");
            }
        }
        for (_, name) in UNSURE {
            assert!(
                PROPERTIES
                    .iter()
                    .any(|(_, all, _)| all.iter().any(|property| property.name == *name)),
                "{name}"
            );
        }
        for (name, _) in IDENTIFIERS {
            assert!(dfinery::Identity::FIELDS.contains(name));
        }
    }

    #[test]
    fn every_word_is_found_under_its_own_name() {
        let words = [EVENT_PROPERTY_WORDS, ITEM_PROPERTY_WORDS, USER_PROPERTY_WORDS].concat();
        for (name, words) in words {
            for word in words {
                let found = meaning(word).unwrap_or_else(|| panic!("{word}"));
                let (Meaning::EventProperty(property)
                | Meaning::ItemProperty(property)
                | Meaning::UserProperty(property)) = found.meaning
                else {
                    panic!("{word}: {found:?}")
                };
                assert_eq!((property.name, found.is_sure), (name, true), "{word}");
            }
        }
        for (name, words) in IDENTIFIERS {
            for word in *words {
                assert_eq!(meaning(word).unwrap().meaning, Meaning::Identifier(name), "{word}");
            }
        }
        for word in EVENT_TIMES {
            assert_eq!(meaning(word).unwrap().meaning, Meaning::EventTime, "{word}");
        }
        for (word, _) in UNSURE {
            assert!(!meaning(word).unwrap().is_sure, "{word}");
        }
    }

    #[test]
    fn case_spaces_and_units_do_not_matter() {
        for word in ["회원 번호", "Member_ID", "customer-id", "EXTERNAL_ID", "회원번호(필수)"] {
            assert_eq!(
                meaning(word).unwrap().meaning,
                Meaning::Identifier("external_id"),
                "{word}"
            );
        }
        for property in CONSENT_PROPERTIES {
            assert_eq!(
                meaning(property.label.ko).unwrap().meaning,
                Meaning::UserProperty(property)
            );
        }
        assert_eq!(meaning("비고"), None);
        assert_eq!(meaning(""), None);
    }
}
