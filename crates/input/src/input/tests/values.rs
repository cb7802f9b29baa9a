//! Values of texts, defaults, and columns that are joined.

use super::*;

/// What one property becomes, for each cell of a column.
fn property(keys: &str, cells: &[&str]) -> Vec<Result<String, String>> {
    let mapping = format!("identity: {{external_id: id}}\nuser_properties: {{p: {{column: 값, {keys}}}}}");
    let rows: Vec<_> = cells.iter().map(|cell| format!("1,\"{cell}\"\n")).collect();
    let rows = rows.concat();
    let said = read(
        format!("id,값\n{rows}").as_bytes(),
        &options(Format::Csv, None, Some(&mapping)),
    )
    .unwrap();
    said.into_iter()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(&line.json?).unwrap();
            Ok(json["user_properties"]
                .get("p")
                .map_or(String::new(), ToString::to_string))
        })
        .collect()
}

#[test]
fn a_text_has_the_value_that_the_mapping_lists() {
    let cells = ["남", " 여 ", "1", "", "여자"];
    for (keys, [male, female, one, empty, other]) in [
        (
            "values: {남: Male, 여: Female, 1: One}",
            [r#""Male""#, r#""Female""#, r#""One""#, "", "bad"],
        ),
        ("values: {남: 1, 여: 2.5, 1: 3}", ["1", "2.5", "3", "", "bad"]),
        (
            r#"values: {남: 1, 여: 2, "1": 3}, default: 0"#,
            ["1", "2", "3", "0", "0"],
        ),
        (
            r#"values: {남: true, 여: false}, default: false, empty: "null""#,
            ["true", "false", "false", "null", "false"],
        ),
        (
            "values: {남: M, 여: F}, default: X, empty: omit",
            [r#""M""#, r#""F""#, r#""X""#, "", r#""X""#],
        ),
        (
            "values: {남: M, 여: F}, default: X, empty: keep, type: string",
            [r#""M""#, r#""F""#, r#""X""#, r#""""#, r#""X""#],
        ),
    ] {
        let found = property(keys, &cells)
            .into_iter()
            .map(|json| json.unwrap_or_else(|_| "bad".to_owned()));
        assert_eq!(found.collect::<Vec<_>>(), [male, female, one, empty, other], "{keys}");
    }
}

#[test]
fn a_text_that_is_not_listed_is_bad_and_never_shown() {
    let problem = |keys: &str| property(keys, &["비밀"]).remove(0).unwrap_err();
    assert_eq!(problem("values: {남: M, 여: F}"), "값: must be one of 남, 여");
    assert_eq!(
        problem("values: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}"),
        "값: must be one of the 6 texts that the mapping lists, such as a, b, c, d, e"
    );
}

#[test]
fn a_default_fills_an_empty_cell_of_any_type() {
    for (keys, json) in [
        ("default: 없음", r#""없음""#),
        ("type: long, default: 0", "0"),
        ("type: double, default: 1, thousands: \",\"", "1"),
        ("type: boolean, default: false, \"true\": [예]", "false"),
        (
            "type: date, default: \"1900-01-01\", format: \"%Y%m%d\"",
            r#""1900-01-01""#,
        ),
        (
            "type: datetime, default: \"2024-06-24T15:42:25+09:00\"",
            r#""2024-06-24T06:42:25.000Z""#,
        ),
        ("type: phone, default: 010-1234-5678", r#""821012345678""#),
        ("type: string-array, separator: \"|\", default: [a, b]", r#"["a","b"]"#),
        ("type: long-array, separator: \"|\", default: [1]", "[1]"),
    ] {
        assert_eq!(property(keys, &[""]), [Ok(json.to_owned())], "{keys}");
    }
    assert_eq!(property("type: long, default: 0", &["7"]), [Ok("7".to_owned())]);
}

#[test]
fn values_and_defaults_must_have_the_type_of_the_taxonomy() {
    let error = |property: &str| {
        let mapping = format!("identity: {{external_id: id}}\nuser_properties: {{{property}}}");
        let table = "id,값,둘\n";
        read(table.as_bytes(), &options(Format::Csv, None, Some(&mapping)))
            .unwrap_err()
            .to_string()
    };
    for (property, part) in [
        (
            "df_birth: {column: 값, values: {a: b}}",
            "user_properties.df_birth: values does not belong to the type date",
        ),
        (
            "df_push_optin: {column: 값, values: {Y: 1}}",
            "user_properties.df_push_optin: values: Y: must be true or false, as the type is boolean",
        ),
        (
            "df_push_optin: {column: 값, default: N}",
            "user_properties.df_push_optin: default: must be true or false, as the type is boolean",
        ),
        (
            "unknown: {column: 값, default: 0}",
            "user_properties.unknown: default: must be a text, in quotes if it looks like a number, as the type is string",
        ),
        (
            "df_push_optin: {join: [값, 둘]}",
            "user_properties.df_push_optin: join does not belong to the type boolean",
        ),
        ("a: {join: [값, 셋]}", "names a column that is not in the header: 셋"),
    ] {
        let said = error(property);
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn joined_cells_are_one_text() {
    let mapping = r#"
identity:
  external_id: {join: [점포, 회원], with: "-"}
  phone_no: {join: [p1, p2], type: phone, with: ""}
user_properties:
  area: {join: [시도, 구군]}
  code: {join: [구군, 시도], with: ", ", default: 없음}
  at: {join: [일자, 시각], type: datetime, format: "%Y%m%d %H%M"}
timezone: Asia/Seoul
"#;
    let csv = "\
점포,회원,p1,p2,시도,구군,일자,시각
1,7,010,12345678, 서울 ,중구,20240624,0930
1,7,,, ,중구,,
,,010,12345678,,,,
1,,010,12345678,,,,
1,7,010,,,,,
1,7,,,,,20240624,
";
    let said = read(csv.as_bytes(), &options(Format::Csv, None, Some(mapping))).unwrap();
    assert_eq!(
        jsons(&said),
        [
            Ok(concat!(
                r#"{"identity":{"external_id":"1-7","phone_no":"821012345678"},"user_properties":{"area":"서울 중구","#,
                r#""code":"중구, 서울","at":"2024-06-24T00:30:00.000Z"}}"#
            )),
            Ok(r#"{"identity":{"external_id":"1-7"},"user_properties":{"area":"중구","code":"중구"}}"#),
            Ok(r#"{"identity":{"phone_no":"821012345678"},"user_properties":{"code":"없음"}}"#),
            Err("점포 + 회원: 회원 is empty: all cells of a joined identifier must be filled, or none of them"),
            Err("p1 + p2: p2 is empty: all cells of a joined identifier must be filled, or none of them"),
            Err("일자 + 시각: must be a time in the form %Y%m%d %H%M; the cell has the form %Y%m%d"),
        ]
    );
}

proptest! {
    #[test]
    fn a_cell_has_the_value_of_the_first_rule_that_fits(
        cells in prop::collection::vec("[ab ]{0,2}", 1..8),
        a in 0..5_i64, b in 0..5_i64, default in prop::option::of(0..5_i64), empty in prop::option::of(prop::bool::ANY),
    ) {
        let keys = format!(
            "type: long, values: {{a: {a}, b: {b}}}{}{}",
            default.map_or(String::new(), |default| format!(", default: {default}")),
            empty.map_or("", |is_null| if is_null { ", empty: \"null\"" } else { ", empty: omit" })
        );
        let cells: Vec<_> = cells.iter().map(String::as_str).collect();
        for (cell, found) in cells.iter().zip(property(&keys, &cells)) {
            let expected = match (cell.trim(), empty, default) {
                ("a", ..) => Some(a.to_string()),
                ("b", ..) => Some(b.to_string()),
                ("", Some(true), _) => Some("null".to_owned()),
                ("", Some(false), _) | ("", None, None) => Some(String::new()),
                (_, _, default) => default.map(|default| default.to_string()),
            };
            prop_assert_eq!(found.ok(), expected, "{} {}", keys, cell);
        }
    }
}
