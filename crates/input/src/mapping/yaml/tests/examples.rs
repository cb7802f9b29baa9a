//! Mappings that are right, and mappings that are wrong.

pub(super) const PURCHASE: &str = r#"
# yaml-language-server: $schema=mapping.schema.json
delimiter: ","
timezone: Asia/Seoul
event: df_purchase
identity:
  external_id: {column: 회원번호}
  phone_no: {column: 휴대폰, type: phone, country: "82"}
event_datetime: {column: 결제일시, format: ["%Y-%m-%d %H:%M:%S", "%Y%m%d"]}
event_log_id: {column: 로그}
event_properties:
  df_total_purchase_amount: {column: 합계, type: double, thousands: ","}
  df_order_id: 주문번호
  pos_store: {constant: 강남점}
  pos_number: {constant: 7}
  pos_code: {constant: 007}
  pos_open: {constant: Y}
  pos_tags: {constant: [a, b]}
event_items:
  - df_item_id: 상품코드
    df_quantity: {column: 수량, type: long}
  - each: order.lines
    df_item_id: sku
"#;

/// Mappings that are right.
pub(super) const RIGHT: &[&str] = &[
    PURCHASE,
    "identity: {external_id: id}",
    "sheet: 회원 목록\nidentity: {external_id: id}",
    "sheet: \"2025\"\nidentity: {external_id: id}",
    "sheet: 2\nskip_top: 3\nidentity: {external_id: id}",
    "identity: {external_id: user.id}\nuser_properties: {tags: {column: tags, type: string-array}}",
    "identity: {email: 이메일, line_user_id: {column: line, type: string}}\nrequest_datetime: 시각\ntimezone: Asia/Seoul",
    "delimiter: \"\\t\"\nidentity: {external_id: id}\nuser_properties: {}",
    "identity: {external_id: id}\nevent: {column: name}\nevent_datetime: time",
    r#"
identity: {external_id: id}
user_properties:
  df_push_optin: {column: 수신동의, type: boolean, "true": [Y, 동의], "false": [N, 거부], empty: "null"}
  df_birth: {column: 생일, type: date, format: "%Y%m%d"}
  memo: {column: 메모, type: string, empty: keep}
  tags: {column: 태그, type: string-array, separator: "|"}
  scores: {column: 점수, type: double-array, separator: ";", thousands: ","}
  last: {column: 최근, type: datetime}
"#,
    "identity: {external_id: id}\nuser_properties: {a: {column: a, true: [Y], false: [N], type: boolean}}",
    r#"
identity:
  external_id: {join: [점포, 회원], with: "-"}
  phone_no: {join: [휴대폰1, 휴대폰2, 휴대폰3], with: "-", type: phone}
event: {column: 구분, values: {판매: df_purchase, 반품: df_refund}, default: etc}
event_datetime: {join: [일자, 시각], format: "%Y%m%d %H%M"}
timezone: Asia/Seoul
event_properties:
  gender: {column: 성별, values: {남: Male, 여: Female, 1: Male}, default: Unknown}
  level: {column: 등급, values: {A: 1, B: 2.5}, default: 0, empty: omit}
  open: {column: 영업, values: {Y: true, "010": false}, type: boolean, default: false}
  area: {join: [시도, 구군], default: 없음}
  at: {column: 시각, type: datetime, default: "2024-01-01T00:00:00+09:00"}
  day: {column: 날짜, type: date, default: "1900-01-01"}
  tags: {column: 태그, type: string-array, separator: ",", default: [a]}
  scores: {column: 점수, type: double-array, separator: ",", default: [1, 2.5]}
  count: {column: 횟수, type: long, default: 0}
"#,
    r#"
missing: ["-", "?", N/A, 없음, 99]
only_if: {column: 상태, in: [결제, 반품, 1, true]}
skip_if:
  - {column: 구분, equals: 합계}
  - {column: 전표번호, empty: true}
  - {column: 메모, prefix: "※"}
  - {column: 수량, equals: 0}
identity: {external_id: 회원번호}
"#,
    r"
timezone: Asia/Seoul
skip_if: {column: 회원번호, empty: true}
records:
  - identity: {external_id: 회원번호, phone_no: {column: 휴대폰, type: phone}}
  - only_if: {column: 동의, equals: Y}
    identity: {external_id: 회원번호}
    user_properties: {df_gender: 성별}
  - identity: {external_id: 회원번호}
    event: join
    event_datetime: 가입일시
",
    r#"
timezone: Asia/Seoul
group_by: [점포, 전표]
identity: {external_id: {first: 회원}, phone_no: {last: 전화, type: phone}}
event: {first: 구분, values: {판매: df_purchase}}
event_datetime: {first: 일시, format: "%Y%m%d%H%M"}
event_properties:
  df_order_id: {join: [점포, 전표]}
  df_total_purchase_amount: {sum: 금액, thousands: ","}
  points: {sum: 포인트, type: long}
  memo: {last: 메모, default: 없음}
event_items: [{df_item_id: 상품}]
"#,
    r"
group_by: 전표
records:
  - {identity: {external_id: a}, event: a, event_datetime: t}
  - {identity: {external_id: a}, event: b, event_datetime: t, event_properties: {n: {sum: n, type: long}}}
",
];

/// Mappings that are wrong, and a part of the message that says so.
pub(super) const WRONG: &[(&str, &str)] = &[
    ("event: df_login\nevent_datetime: t", "identity"),
    ("identity: {}", "at least one"),
    ("sheet: 0\nidentity: {external_id: id}", "its place from 1"),
    ("sheet: -1\nidentity: {external_id: id}", "its place from 1"),
    (
        "sheet: \" \"\nidentity: {external_id: id}",
        "must be the name of a sheet",
    ),
    ("sheet: [a]\nidentity: {external_id: id}", "the name of a sheet"),
    ("sheet: true\nidentity: {external_id: id}", "the name of a sheet"),
    (
        "records: [{sheet: a, identity: {external_id: id}}]",
        "sheet belongs to the top of the mapping",
    ),
    ("identity: {user_id: id}", "no such identifier"),
    ("identity: {external_id: {constant: a}}", "one user"),
    ("identity: {external_id: {column: a, type: long}}", "string or phone"),
    ("identity: {external_id: {column: a, empty: keep}}", "empty"),
    ("identity: {external_id: {column: a, country: \"82\"}}", "country"),
    ("identity: {external_id: id}\nevent: a", "event_datetime is missing"),
    ("identity: {external_id: id}\nevent_datetime: a", "event is missing"),
    (
        "identity: {external_id: id}\nevent_properties: {a: a}",
        "event is missing",
    ),
    ("identity: {external_id: id}\nevent_items: []", "event is missing"),
    (
        "identity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_items: [{each: lines}]",
        "each: give the properties of its items",
    ),
    (
        "identity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_items: [{each: \"\", a: b}]",
        "each: must be the name of a column",
    ),
    (
        "identity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_items: [{each: {column: a}, a: b}]",
        "",
    ),
    (
        "identity: {external_id: id}\nevent: a\nevent_datetime: t\nuser_properties: {}",
        "neither",
    ),
    (
        "identity: {external_id: id}\nevent: a\nevent_datetime: t\nrequest_datetime: t",
        "neither",
    ),
    ("identity: {external_id: id}\nuser: {}", "user"),
    ("identity: {external_id: id}\ndelimiter: ab", "delimiter"),
    ("identity: {external_id: id}\ndelimiter: a", "delimiter"),
    ("identity: {external_id: id}\ndelimiter: '\"'", "delimiter"),
    ("identity: {external_id: id}\nuser_properties: {a: {}}", "give column"),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, constant: b}}",
        "give only one of column, join, constant, first, last and sum",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {constant: b, type: string}}",
        "no other keys",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {constant: null}}",
        "give column",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: text}}",
        "text",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, types: long}}",
        "types",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: long, format: \"%Y\"}}",
        "format",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: string, thousands: \",\"}}",
        "thousands",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: long, thousands: \"1\"}}",
        "thousands",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: string-array, separator: \"\"}}",
        "separator",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: long, empty: keep}}",
        "empty",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: phone, country: \"+82\"}}",
        "country",
    ),
    ("identity: {external_id: id}\nuser_properties: {\"\": a}", "name"),
    ("identity: {external_id: \"\"}", "empty"),
    ("identity: {external_id: {column: a, default: x}}", "one user"),
    ("identity: {external_id: {column: a, values: {a: b}}}", "one user"),
    (
        "identity: {external_id: {join: [a]}}",
        "join: must be a list of at least two",
    ),
    (
        "identity: {external_id: {join: [a, \"\"]}}",
        "join: must be a list of at least two",
    ),
    ("identity: {external_id: {column: a, with: x}}", "with belongs to join"),
    (
        "identity: {external_id: {column: a, join: [a, b]}}",
        "only one of column, join, constant, first, last and sum",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {constant: a, default: b}}",
        "no other keys",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, values: {}}}",
        "values: must not be empty",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, values: {\"\": b}}}",
        "for empty cells give default or empty",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, values: {a: [b]}}}",
        "values: a: must not be a list",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, values: {a: null}}}",
        "must not be null",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, values: {a: 1, b: x}}}",
        "values: b: must be a whole number",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: long, values: {a: 1.5}}}",
        "values: a: must be a whole number of 64 bits, as the type is long",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: string, values: {a: 1}}}",
        "values: a: must be a text, in quotes if it looks like a number",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: date, values: {a: b}}}",
        "values does not belong to the type date",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, thousands: \",\", values: {a: 1}}}",
        "values and thousands do not go together",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: long, default: x}}",
        "default: must be a whole number of 64 bits, as the type is long",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: boolean, default: 1}}",
        "default: must be true or false",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: long-array, separator: \",\", default: [1.5]}}",
        "default: must be a list of whole numbers",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: date, default: 5}}",
        "default: must be a text in quotes",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, default: a, empty: omit}}",
        "default and empty both say",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {join: [a, b], type: long}}",
        "join does not belong to the type long",
    ),
    (
        "identity: {external_id: id}\nevent: e\nevent_datetime: {column: t, default: x}",
        "values and default cannot be set here",
    ),
    (
        "identity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_log_id: {column: t, default: x}",
        "values and default cannot be set here",
    ),
    (
        "identity: {external_id: id}\nskip_if: []",
        "a list of conditions must not be empty",
    ),
    ("identity: {external_id: id}\nskip_if: 합계", "a condition such as"),
    (
        "identity: {external_id: id}\nskip_if: {column: a}",
        "a condition has one of equals, in, empty and prefix",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, equals: b, empty: true}",
        "a condition has one of equals, in, empty and prefix",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, matches: b}",
        "unknown key `matches`",
    ),
    (
        "identity: {external_id: id}\nonly_if: {equals: b}",
        "the key column is missing",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: \"\", equals: b}",
        "column: must not be empty",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, equals: \" \"}",
        "asked for by empty: true",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, in: []}",
        "in: must not be empty",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, in: [\"\"]}",
        "asked for by empty: true",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, prefix: \"\"}",
        "prefix: must not be empty",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, empty: maybe}",
        "line 2",
    ),
    ("identity: {external_id: id}\nmissing: []", "missing: must not be empty"),
    ("identity: {external_id: id}\nmissing: \"-\"", "line 2"),
    (
        "identity: {external_id: id}\nmissing: [\" \"]",
        "missing: an empty cell is empty without being listed",
    ),
    (
        "records: [{identity: {external_id: id}, missing: [x]}]",
        "records, number 1: missing belongs to the top of the mapping",
    ),
    ("records: []", "records: must not be empty"),
    (
        "identity: {external_id: id}\nrecords: [{identity: {external_id: id}}]",
        "identity belongs to one of the records",
    ),
    (
        "records: [{identity: {external_id: id}, timezone: Asia/Seoul}]",
        "records, number 1: timezone belongs to the top of the mapping",
    ),
    (
        "records: [{identity: {external_id: id}}, {records: [{identity: {external_id: id}}]}]",
        "records, number 2: records belongs to the top",
    ),
    (
        "records: [{identity: {external_id: id}}, {user_properties: {}}]",
        "records, number 2: identity: give at least one",
    ),
    (
        "records: [{identity: {external_id: id}, event: a}]",
        "records, number 1: event_datetime is missing",
    ),
    (
        "group_by: a\nidentity: {external_id: id}",
        "event is missing: group_by makes an event",
    ),
    (
        "group_by: a\nrecords: [{identity: {external_id: id}}]",
        "records, number 1: event is missing: group_by makes an event",
    ),
    (
        "group_by: []\nidentity: {external_id: id}\nevent: e\nevent_datetime: t",
        "group_by: must be",
    ),
    (
        "group_by: \"\"\nidentity: {external_id: id}\nevent: e\nevent_datetime: t",
        "group_by: must be",
    ),
    (
        "group_by: {column: a}\nidentity: {external_id: id}\nevent: e\nevent_datetime: t",
        "or a list of names",
    ),
    (
        "records: [{group_by: a, identity: {external_id: id}, event: e, event_datetime: t}]",
        "records, number 1: group_by belongs to the top",
    ),
    (
        "group_by: k\nidentity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_properties: {n: {sum: n, type: string}}",
        "sum does not belong to the type string: give type: double or type: long",
    ),
    (
        "group_by: k\nidentity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_properties: {n: {sum: n, default: 0}}",
        "sum goes only with type and thousands",
    ),
    (
        "group_by: k\nidentity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_properties: {n: {sum: n, column: n}}",
        "give only one of",
    ),
    (
        "group_by: k\nidentity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_properties: {n: {first: \"\"}}",
        "the name of a column must not be empty",
    ),
    (
        "group_by: k\nidentity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_log_id: {sum: n}",
        "event_log_id: sum cannot be set here",
    ),
];

/// Mappings that only a program can see to be wrong.
pub(super) const WRONG_BEYOND_SCHEMA: &[(&str, &str)] = &[
    ("identity: {external_id: id}\ntimezone: Seoul/Asia", "time zone"),
    (
        "identity: {external_id: id}\nevent: a\nevent_datetime: {column: t, format: \"%Y-%m-%d\"}",
        "needs a time zone",
    ),
    (
        "identity: {external_id: id}\nevent: a\nevent_datetime: {column: t, format: \"%Q %\"}",
        "cannot be read",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: date, format: \"%H\"}}",
        "the day",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: boolean, \"true\": [n]}}",
        "in common",
    ),
    (
        "missing: [\"-\"]\nskip_if: {column: a, in: [\"-\", b]}\nidentity: {external_id: id}",
        "line 1: missing: - is read as an empty cell, which a condition finds by empty: true",
    ),
    (
        "missing: [없음]\nrecords: [{identity: {external_id: id}, only_if: {column: a, equals: 없음}}]",
        "line 1: missing: 없음 is read as an empty cell, which a condition finds",
    ),
    (
        "missing: [x]\nidentity: {external_id: id}\nuser_properties: {a: {column: a, values: {x: 1}}}",
        "line 1: missing: x is read as an empty cell, which default gives a value",
    ),
    (
        "missing: [x]\nrecords: [{identity: {external_id: id}, user_properties: {a: {column: a, type: boolean, \"false\": [x]}}}]",
        "line 1: missing: x is read as an empty cell, which default gives a value",
    ),
    ("identity: {external_id: id, external_id: other}", "external_id"),
    ("identity: {external_id: id}\nuser_properties: {a: a, a: b}", "a"),
    ("identity: {external_id: id\n", "line"),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, values: {a: b, \" a\": c}}}",
        "values: a is given twice",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: date, default: 2024-13-01}}",
        "default: must be a date",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: datetime, default: \"2024-01-01\"}}",
        "default: must be a time",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {column: a, type: phone, default: \"123\"}}",
        "default: must begin with 0",
    ),
    (
        "identity: {external_id: id}\nuser_properties: {a: {first: a}}",
        "they need group_by",
    ),
    (
        "identity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_properties: {n: {sum: n, type: long}}",
        "they need group_by",
    ),
    (
        "group_by: k\nidentity: {external_id: id}\nevent: e\nevent_datetime: t\nevent_items: [{n: {sum: n, type: long}}]",
        "event_items.n: first, last and sum cannot be set here",
    ),
    (
        "identity: {external_id: id}\nonly_if: {column: a, equals: b, equals: c}",
        "equals",
    ),
];
