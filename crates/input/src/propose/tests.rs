//! What is proposed for whole tables.

mod objects;
mod orders;
#[cfg(feature = "parquet")]
mod wide;

use proptest::prelude::*;

use super::*;
use crate::{Input, Mapping};
use dfinery_records::RecordKind;

fn propose_for(content: &[u8], known: &ProposalOptions, accepts: Accepts) -> (Proposal, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, content).unwrap();
    (
        propose(&path, &InputOptions::default(), known, accepts).unwrap(),
        folder,
    )
}

fn load(folder: &tempfile::TempDir, yaml: &str) -> Result<Vec<String>, InputError> {
    let options = InputOptions {
        mapping: Some(Mapping::from_yaml(yaml)?),
        ..InputOptions::default()
    };
    let mut input = Input::open(&folder.path().join("a.csv"), &options, None, Accepts::Mixed)?;
    let mut records = Vec::new();
    while let Some(line) = input.next()? {
        records.push(line.json.map_or_else(|violation| violation.to_string(), str::to_owned));
    }
    Ok(records)
}

const PURCHASES: &str = "\
회원번호,휴대폰,결제일시,결제금액,주문번호,상품코드,상품명,단가,수량,할인금액,비고,이름
00017,010-1234-5678,2024-06-24 15:42:25,\"1,234,000\",1234567890123456,P-7,사과,1000.5,2,0,selten,김
00018,01098765432,2024-06-25 00:00:00,500,1234567890123457,P-8,배,2000,1,10,,이
";

#[test]
fn columns_without_a_name_or_with_the_same_one_are_left_out() {
    let csv = ",회원번호,메모,메모,결제일시\n0,u1,a,b,2024-06-24 15:42:25\n1,u2,c,d,2024-06-25 15:42:25\n";
    let known = ProposalOptions {
        event: Some("df_login".to_owned()),
        timezone: Some("Asia/Seoul".to_owned()),
    };
    let (proposal, folder) = propose_for(csv.as_bytes(), &known, Accepts::Mixed);
    assert!(
        proposal
            .yaml
            .contains("2 columns have the name 메모: rename those that you need."),
        "{}",
        proposal.yaml
    );
    assert_eq!(load(&folder, &proposal.yaml).unwrap().len(), 2);
}

#[test]
fn a_complete_proposal_loads_the_file() {
    let known = ProposalOptions {
        event: Some("df_purchase".to_owned()),
        timezone: Some("Asia/Seoul".to_owned()),
    };
    let (proposal, folder) = propose_for(PURCHASES.as_bytes(), &known, Accepts::Mixed);
    assert!(proposal.complete, "{}", proposal.yaml);
    assert_eq!(proposal.rows, 2);
    let records = load(&folder, &proposal.yaml).unwrap();
    assert_eq!(
        records[0],
        concat!(
            r#"{"identity":{"external_id":"00017","phone_no":"821012345678"},"event":{"event_name":"df_purchase","#,
            r#""event_datetime":"2024-06-24T06:42:25.000Z","event_properties":{"df_total_purchase_amount":1234000,"#,
            r#""df_order_id":"1234567890123456"},"#,
            r#""event_items":[{"df_item_id":"P-7","df_item_name":"사과","df_price":1000.5,"df_quantity":2}]}}"#
        ),
        "{}",
        proposal.yaml
    );
    assert!(proposal.yaml.contains("  # df_discount: 할인금액"), "{}", proposal.yaml);
    assert!(
        proposal.yaml.contains("  # name_of_property: 비고"),
        "{}",
        proposal.yaml
    );
}

#[test]
fn what_is_unsure_is_never_applied() {
    let (proposal, folder) = propose_for(PURCHASES.as_bytes(), &ProposalOptions::default(), Accepts::Mixed);
    assert!(!proposal.complete);
    for part in [
        "# timezone: Asia/Seoul",
        "# event: df_purchase",
        "# event_datetime: 결제일시",
    ] {
        assert!(proposal.yaml.contains(part), "{}", proposal.yaml);
    }
    let error = load(&folder, &proposal.yaml).unwrap_err().to_string();
    assert!(error.contains("(to be completed)"), "{error}");
    for part in ["결제일시", "할인금액", "이름", "비고"] {
        assert!(
            proposal.unsure.iter().any(|one| one.contains(part)),
            "{:?}",
            proposal.unsure
        );
    }
}

#[test]
fn ids_that_a_table_has_are_offered_as_those_of_the_events() {
    let table = |second: &str| {
        format!(
            "회원번호,결제일시,전표\n1,2024-06-24 15:42:25,01234567-89ab-4def-8123-456789abcdef\n1,2024-06-24 15:42:25,{second}\n"
        )
    };
    let propose = |second| propose_for(table(second).as_bytes(), &ProposalOptions::default(), Accepts::Mixed).0;
    let offered = propose("01234567-89ab-4def-8123-456789abcde0");
    assert!(
        offered.yaml.contains("\n# event_log_id: 전표  # UUIDs; 2 different"),
        "{}",
        offered.yaml
    );
    assert!(
        offered
            .unsure
            .iter()
            .any(|one| one.contains("전표") && one.contains("id of the event"))
    );
    // Events of the same id would be taken for one.
    let repeated = propose("01234567-89ab-4def-8123-456789abcdef");
    assert!(!repeated.yaml.contains("event_log_id"), "{}", repeated.yaml);
}

#[test]
fn a_column_whose_digits_a_spreadsheet_has_lost_is_not_applied() {
    let csv = "회원번호,주문번호,결제일시\n1.23457E+15,2.02611E+15,2024-06-24 15:42:25\n";
    let proposal = propose_for(csv.as_bytes(), &ProposalOptions::default(), Accepts::Mixed).0;
    for column in ["# external_id: 회원번호", "#   df_order_id: 주문번호"] {
        assert!(proposal.yaml.contains(column), "{}", proposal.yaml);
    }
    let lost = proposal
        .unsure
        .iter()
        .filter(|one| one.contains("last digits are lost"));
    assert_eq!(lost.count(), 2);
    assert!(!proposal.yaml.contains("1.23457E+15"));
}

#[test]
fn members_become_identities_and_profiles() {
    let csv = "회원번호,이메일,생년월일,성별,회원등급,푸시 수신 동의 (광고),문자수신동의\n\
               1,a@example.com,19991231,Male,gold,Y,동의\n2,b@example.com,20010101,Female,,N,거부\n";
    let properties = r#""user_properties":{"df_birth":"2001-01-01","df_gender":"Female","df_push_ads_optin":false}}"#;
    let (proposal, folder) = propose_for(csv.as_bytes(), &ProposalOptions::default(), Accepts::Mixed);
    assert!(
        proposal.complete && proposal.accepts == Accepts::Mixed,
        "{}",
        proposal.yaml
    );
    assert_eq!(
        load(&folder, &proposal.yaml).unwrap()[2..],
        [
            r#"{"identity":{"external_id":"2","email":"b@example.com"}}"#.to_owned(),
            format!(r#"{{"identity":{{"external_id":"2"}},{properties}"#),
        ],
        "{}",
        proposal.yaml
    );
    let only = Accepts::Only(RecordKind::Profile);
    let (proposal, folder) = propose_for(csv.as_bytes(), &ProposalOptions::default(), only);
    assert!(proposal.complete && proposal.accepts == only, "{}", proposal.yaml);
    assert_eq!(
        load(&folder, &proposal.yaml).unwrap()[1],
        format!(r#"{{"identity":{{"external_id":"2","email":"b@example.com"}},{properties}"#),
        "{}",
        proposal.yaml
    );
    assert!(
        proposal
            .yaml
            .contains("# df_sms_ads_optin: {column: 문자수신동의, type: boolean, \"true\": [\"동의\"]")
    );
}

#[test]
fn other_delimiters_and_encodings_are_proposed_too() {
    let (csv, _, _) = encoding_rs::EUC_KR.encode("회원번호;이름\n1;\"가;나\"\n");
    let (proposal, folder) = propose_for(&csv, &ProposalOptions::default(), Accepts::Mixed);
    assert!(proposal.yaml.contains("delimiter: \";\"\n"), "{}", proposal.yaml);
    let records = load(&folder, &proposal.yaml).unwrap();
    assert_eq!(
        records,
        [
            r#"{"identity":{"external_id":"1"}}"#,
            r#"{"identity":{"external_id":"1"},"user_properties":{"df_name":"가;나"}}"#
        ]
    );
}

#[test]
fn what_is_no_table_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for (content, part) in [
        ("{\"identity\":{}}\n", "need no mapping"),
        ("kim@example.com,1\n", "does not look like a header"),
        ("\n", "is empty"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = propose(
            &path,
            &InputOptions::default(),
            &ProposalOptions::default(),
            Accepts::Mixed,
        )
        .unwrap_err();
        assert!(
            error.to_string().contains(part) && !error.to_string().contains("kim"),
            "{error}"
        );
    }
}

#[test]
fn words_for_nothing_do_not_hide_what_a_column_holds() {
    let mut csv = "회원번호,생년월일,휴대폰,성별,회원등급,가입일,야간수신동의(문자)\n".to_owned();
    for number in 0..50 {
        csv.extend([&number.to_string(), ",19991231,010-1234-5678,남,미정,2024-01-01,Y\n"]);
    }
    csv += "x,-,없음,?,gold,N/A,-\n비회원,,,,,,N\n-,,,,,,N\n";
    let (proposal, folder) = propose_for(csv.as_bytes(), &ProposalOptions::default(), Accepts::Mixed);
    for line in [
        // Also for the column that waits for a name; what the consent and the grade have may mean something.
        "missing: [\"-\", \"없음\", \"?\", \"N/A\"]",
        "skip_if: [{column: 회원번호, empty: true}, {column: 회원번호, equals: 비회원}]",
        "      phone_no: {column: 휴대폰, type: phone}",
        "      df_birth: {column: 생년월일, type: date, format: \"%Y%m%d\"}",
        "      df_gender: {column: 성별, values: {남: Male}}",
        "      # joined_at: {column: 가입일, type: date}",
        "      df_membership: 회원등급  # texts; 1 value, 3% empty, 50 are 미정",
    ] {
        assert!(
            proposal.yaml.contains(&format!("\n{line}")),
            "{line}\n{}",
            proposal.yaml
        );
    }
    let said = "\"생년월일\": 1 cell is -, in line 52: read as empty.";
    assert!(proposal.unsure.iter().any(|one| one == said), "{:#?}", proposal.unsure);
    let records = load(&folder, &proposal.yaml).unwrap();
    assert_eq!(
        records[100..],
        [
            r#"{"identity":{"external_id":"x"}}"#,
            r#"{"identity":{"external_id":"x"},"user_properties":{"df_membership":"gold"}}"#
        ],
        "{}",
        proposal.yaml
    );
}

#[test]
fn what_is_not_looked_at_is_told() {
    let header: Vec<_> = (0..2_100).map(|number| format!("c{number}")).collect();
    let csv = format!("회원번호,{}\nu1{}\n", header.join(","), ",x".repeat(2_100));
    let (proposal, _) = propose_for(csv.as_bytes(), &ProposalOptions::default(), Accepts::Mixed);
    for said in [
        "\n# As it has 2,101 columns, only 200 different values of each were counted.\n",
        "\n# The 101 columns behind the first 2,000 were not looked at.\n",
    ] {
        assert!(proposal.yaml.contains(said), "{}", &proposal.yaml[..1_000]);
    }
}

proptest! {
    #[test]
    fn every_proposal_can_be_read_and_holds_no_cell(
        header in proptest::collection::btree_set("(회원번호|휴대폰|email|결제일시|주문번호|금액|수량|생일|매장|할인|[a-c가-다:#\\[\\]{}'\"&*!|> -]{1,8}|null|on)", 1..8),
        cells in proptest::collection::vec("(7654[0-9]{3}|zq[a-z]{4}|2024-06-24|2024-06-24 15:42:25|Y|-|없음|비회원|합계|zq@zq.kr|010-7654-3210|)", 24),
        kind in prop_oneof![
            Just(Accepts::Mixed), Just(Accepts::Only(RecordKind::Event)), Just(Accepts::Only(RecordKind::Profile)),
            Just(Accepts::Only(RecordKind::Identity)), Just(Accepts::Only(RecordKind::Deletion)),
        ],
        known: bool,
    ) {
        let quoted = |cells: Vec<String>| cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
        let mut names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        names.sort();
        names.dedup();
        names.push("z".to_owned());
        let mut csv = quoted(names.clone()) + "\n";
        for row in cells.chunks_exact(names.len()) {
            csv += &(quoted(row.to_vec()) + "\n");
        }
        let known = if known {
            ProposalOptions { event: Some("df_login".to_owned()), timezone: Some("Asia/Seoul".to_owned()) }
        } else {
            ProposalOptions::default()
        };
        let (proposal, folder) = propose_for(csv.as_bytes(), &known, kind);
        for cell in cells.iter().filter(|cell| cell.contains("zq") || cell.contains("7654")) {
            prop_assert!(!proposal.yaml.contains(cell.as_str()), "{}", proposal.yaml);
        }
        if let Err(error) = Mapping::from_yaml(&proposal.yaml) {
            panic!("{error}\n{}", proposal.yaml);
        }
        prop_assert_eq!(load(&folder, &proposal.yaml).is_ok(), proposal.complete, "{}", proposal.yaml);
    }
}
