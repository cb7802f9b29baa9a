//! How verdicts are written.

use dfinery_emulator::{CodeStyle, Emulator, FailureStyle, Framing, SuccessData};
use serde_json::json;

use crate::{
    requests::{export_with, login},
    start,
};

#[tokio::test]
async fn a_code_is_a_number_or_digits_and_data_is_true_or_null() {
    let emulator = Emulator::start().await.unwrap();
    for (code_style, success_data, success) in [
        (
            CodeStyle::Number,
            SuccessData::True,
            r#"{"status":true,"code":20000,"message":"OK","data":true}"#,
        ),
        (
            CodeStyle::Number,
            SuccessData::Null,
            r#"{"status":true,"code":20000,"message":"OK","data":null}"#,
        ),
        (
            CodeStyle::Digits,
            SuccessData::True,
            r#"{"status":true,"code":"20000","message":"OK","data":true}"#,
        ),
        (
            CodeStyle::Digits,
            SuccessData::Null,
            r#"{"status":true,"code":"20000","message":"OK","data":null}"#,
        ),
    ] {
        emulator.settings(|settings| {
            settings.code_style = code_style;
            settings.success_data = success_data;
        });
        assert_eq!(login(&emulator).send().await.text(), success);
        let code = if code_style == CodeStyle::Number {
            "40001"
        } else {
            "\"40001\""
        };
        let failure = format!(r#"{{"status":false,"code":{code},"message":"VALIDATION_FAILURE","data":null}}"#);
        assert_eq!(login(&emulator).body("{}").send().await.text(), failure);
    }
}

#[tokio::test]
async fn a_failure_has_the_status_of_either_table() {
    for (style, import, export) in [
        (FailureStyle::DetailTable, 200, 400),
        (FailureStyle::Alternative, 400, 200),
    ] {
        let emulator = start(|settings| {
            settings.import_failures = style;
            settings.export_failures = style;
        })
        .await;
        assert_eq!(login(&emulator).send().await.status, 200, "a success is none");
        assert_eq!(login(&emulator).body("{}").send().await.status, import, "{style:?}");
        let reply = export_with(&emulator, json!({ "from_date": "soon" })).send().await;
        assert_eq!(reply.text(), r#"{"result":"fail","message":"invalid_parameter"}"#);
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (export, Some("application/json"))
        );
    }
}

#[tokio::test]
async fn the_end_of_a_json_answer_is_told_in_either_way() {
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::CloseDelimited] {
        let emulator = start(|settings| settings.json_framing = framing).await;
        let reply = login(&emulator).send().await;
        assert_eq!((reply.json()["status"].as_bool(), reply.complete), (Some(true), true));
        let told = (
            reply.header("content-length"),
            reply.header("transfer-encoding"),
            reply.version.as_str(),
        );
        let expected = match framing {
            Framing::ContentLength => (Some("55"), None, "HTTP/1.1"),
            Framing::Chunked => (None, Some("chunked"), "HTTP/1.1"),
            Framing::CloseDelimited => (None, None, "HTTP/1.0"),
        };
        assert_eq!(told, expected);
    }
}
