//! The mappings that are drafted for the files of a shop, and what they leave to a person.

use dfinery_load::Mapping;

use crate::{
    command::{Desk, Ran},
    shop::{MEMBERS, SALES, members, sales},
};

/// The lines that a person must change or that only wait for a `#` to go away; those of properties that DFINERY does not
/// know are nobody's need.
fn open_points(draft: &str) -> Vec<&str> {
    let entries = draft.lines().skip_while(|line| !line.is_empty());
    entries
        .filter(|line| line.contains("(to be completed)") || line.trim_start().starts_with('#'))
        .filter(|line| !line.contains("; unsure: no standard property: "))
        .collect()
}

async fn draft(name: &str, content: &[u8], more: &[&str]) -> Ran {
    let desk = Desk::new().await;
    desk.write(name, content);
    desk.run(&[&["mapping", "init", name], more].concat()).await
}

const KNOWN: [&str; 4] = ["--event", "df_purchase", "--timezone", "Asia/Seoul"];

#[tokio::test(flavor = "multi_thread")]
async fn the_sales_of_a_night_need_no_more_than_three_edits() {
    let ran = draft("sales.csv", &sales(SALES).csv, &KNOWN).await;
    for line in [
        "skip_if: [{column: 회원번호, equals: 비회원}, {column: 영수증번호, equals: 합계}]",
        "group_by: 영수증번호",
        "  external_id: 회원번호",
        "event_datetime: 판매일시",
        "  df_order_id: 영수증번호",
        "  df_total_purchase_amount: {sum: 금액, type: double}",
        "  df_payment_method: 결제수단",
        "    df_item_id: 상품코드",
        "    df_price: 단가",
        "    df_quantity: 수량",
        "  # df_discount: {constant: 0.0}",
    ] {
        assert!(ran.out.contains(&format!("\n{line}")), "{line}\n{}", ran.out);
    }
    for said in [
        "\"판매일시\": 3 of 200,000 cells do not fit, in lines 20001, 77801, 150001: these rows will be bad.",
        "\"단가\": 2 of 200,000 cells do not fit, in lines 40001, 120001: these rows will be bad.",
        "1 row is a total (\"영수증번호\" is 합계), in line 200002: skipped.",
    ] {
        ran.says(said);
    }
    ran.tells_none_of(&["어제 저녁", "한 개", "강남점", "신용카드"]);
    let open = open_points(&ran.out);
    assert!(open.len() <= 3, "{open:#?}");
    let needed = ["df_discount", "df_delivery_charge"];
    assert!(
        open.iter().all(|line| needed.iter().any(|name| line.contains(name))),
        "{open:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_members_of_a_shop_need_no_more_than_three_edits() {
    let more = ["--as", "mixed", "--timezone", "Asia/Seoul"];
    let ran = draft("members.csv", &members(MEMBERS, false), &more).await;
    for line in [
        "missing: [\"?\"]",
        "  - identity:",
        "      external_id: 회원번호",
        "      phone_no: {column: 휴대폰번호, type: phone}",
        "      email: 이메일",
        "    user_properties:",
        "      df_gender: {column: 성별, values: {남: Male, 여: Female}}",
        "      df_birth: {column: 생년월일, type: date, format: [\"%Y-%m-%d\", \"%Y%m%d\"]}",
        "      df_membership: 회원등급",
        "      df_sms_ads_optin: \"광고수신동의(문자)\"",
        "      # df_kakao_ads_optin: \"광고수신동의(카카오/알림톡)\"",
    ] {
        assert!(ran.out.contains(&format!("\n{line}")), "{line}\n{}", ran.out);
    }
    ran.says("\"성별\": 3 cells are ?, in lines 10008, 20015, 30022: read as empty.");
    ran.says("load with it: dfinery load mixed --ordered members.csv --mapping FILE");
    ran.says("\"광고수신동의(이메일)\": there is no standard property for a consent to e-mail.");
    let open = open_points(&ran.out);
    assert!(open.len() <= 3, "{open:#?}");
    for column in ["카카오", "이메일", "야간"] {
        assert!(open.iter().any(|line| line.contains(column)), "{open:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drafts_of_a_shop_can_be_read() {
    let sold = draft("sales.csv", &sales(2001).csv, &KNOWN).await;
    let known = draft("members.csv", &members(2000, false), &[]).await;
    for ran in [sold, known] {
        Mapping::from_yaml(&ran.out).unwrap_or_else(|error| panic!("{error}\n{}", ran.out));
    }
}
