//! Which column feeds which field.

use super::*;

#[test]
fn a_field_is_traced_to_its_column() {
    let mapping = r#"
identity: {external_id: 회원번호}
event: {column: 종류}
event_datetime: 시각
timezone: Asia/Seoul
event_properties: {"주문.번호": 주문, 고정: {constant: 1}}
event_items:
  - {df_item_id: 상품1, df_price: 가격}
  - {df_item_id: 상품2, df_price: 가격}
"#;
    let options = options(Format::Csv, None, Some(mapping));
    let table = "회원번호,종류,시각,주문,상품1,상품2,가격\n".as_bytes();
    let input = Input::from_reader("t", Box::new(table), &options, None, Accepts::Mixed).unwrap();
    for (path, column) in [
        ("identity.external_id", Some("회원번호")),
        ("event.event_name", Some("종류")),
        ("event.event_datetime", Some("시각")),
        ("event.event_properties.주문.번호", Some("주문")),
        ("event.event_items[].df_price", Some("가격")),
        // It differs from item to item.
        ("event.event_items[].df_item_id", None),
        ("event.event_properties.고정", None),
        ("identity.email", None),
        ("회원번호", None),
        ("user_properties.df_gender", None),
        ("", None),
    ] {
        assert_eq!(input.column_of(path), column, "{path}");
    }
}

#[test]
fn the_fields_of_a_profile_are_traced_too() {
    let mapping =
        "identity: {email: 메일}\nuser_properties: {df_gender: 성별}\nrequest_datetime: 기록\ntimezone: Asia/Seoul";
    let options = options(Format::Csv, None, Some(mapping));
    let table = "메일,성별,기록\n".as_bytes();
    let input = Input::from_reader("t", Box::new(table), &options, None, Accepts::Mixed).unwrap();
    let columns = ["identity.email", "user_properties.df_gender", "request_datetime"].map(|path| input.column_of(path));
    assert_eq!(columns, [Some("메일"), Some("성별"), Some("기록")]);
}
