//! Records that JSON allows to be written in many ways.

use super::*;

#[test]
fn what_json_allows_is_read_in_any_spelling() {
    for json in [
        r#"{"identity":{"external_id":"u1","email":"a@b.kr"},"event":{"event_name":"df_login","event_datetime":"2024-06-24T06:42:25.394Z"}}"#,
        r#"{ "event" : { "event_name":"df_sign_up", "event_datetime":"2024-06-24T06:42:25.394Z",
            "event_properties":{"df_sign_channel":"\uac00 \"Kakao\""}, "event_items":[] }, "identity":{"phone_no":"821012345678"} }"#,
        r#"{"identity":{"external_id":"u1"},"user_properties":{"df_gender":"Female","df_push_ads_optin":true}}"#,
        r#"{"identity":{"external_id":"고객"}}"#,
        &profile(r#""df_push_ads_optin":null"#),
        &profile(r#""df_name":"\ud83d\ude00""#),
        &profile(r#""df_gender"	:"F\u0065male""#),
        &(profile("") + " \r\n"),
    ] {
        assert_eq!(problems(json), [""; 0], "{json}");
    }
    for json in [
        profile(r#""df_gender":"female""#),
        profile(r#""df_gender":"Female","df_gender":"Female""#),
        profile(r#""df_push_ads_optin":truely"#),
        profile(r#""df_name":"\u+0ac""#),
        profile(r#""df_name":"\ud83d""#),
        profile(r#""df_name":"a"b""#),
        profile("").replace("{}", "{},"),
        profile("") + "x",
        profile("") + "{}",
    ] {
        assert_eq!(problems(&json).len(), 1, "{json}");
    }
}

#[test]
fn a_registered_name_may_need_escapes() {
    let taxonomy = Taxonomy::from_yaml(r#"user_properties: [{name: "a\"b\\c", type: long}]"#).unwrap();
    let mut checker = Checker::new(Some(Arc::new(taxonomy)), Accepts::Mixed);
    let mut is_good = |key: &str| checker.check(&profile(&format!("{key}:1"))).is_ok();
    assert!(is_good(r#""\u0061\u0022b\u005cc" "#));
    // The property is expected now.
    assert!(is_good(r#""a\"b\\c""#));
    assert!(!is_good(r#""a"b\c""#));
}

#[test]
fn values_may_nest_as_deep_as_they_like() {
    const DEPTH: usize = 200_000;
    let arrays = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let objects = r#"{"a":"#.repeat(DEPTH) + "1" + &"}".repeat(DEPTH);
    for deep in [arrays, objects] {
        for (json, path) in [
            (profile(&format!(r#""df_name":{deep}"#)), "user_properties.df_name"),
            (profile(&format!(r#""df_birth":[{deep}]"#)), "user_properties.df_birth"),
            (user(&format!(r#""external_id":{deep}"#)), "identity.external_id"),
            (event(&format!(r#""event_items":[{deep}]"#)), "event.event_items[0]"),
            (format!(r#"{{"x":{deep}}}"#), "x"),
        ] {
            for found in [problems(&json), spec_problems(&json)] {
                assert!(found[0].starts_with(path), "{found:?}");
            }
        }
        let cut = deep.len() / 2;
        let found = problems(&deep[..cut]);
        assert!(
            found.last().unwrap().contains("is not valid JSON: EOF while parsing"),
            "{found:?}"
        );
    }
}
