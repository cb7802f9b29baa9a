//! Excel workbooks through the command.

use crate::command::Desk;

#[cfg(not(feature = "spreadsheet"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_build_without_workbooks_says_how_to_get_them_and_how_to_do_without() {
    let desk = Desk::new().await;
    desk.write("a.xlsx", b"PK\x03\x04\x14\0\x06\0\x08\0docProps/app.xml");
    desk.write("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    for command in [&["check"][..], &["load", "events"], &["mapping", "init"]] {
        for name in ["a.xlsx", "a.xls"] {
            desk.run(&[command, &[name]].concat()).await.is(2).says(&format!(
                "{name}: it is an Excel workbook, which this program was built without. Install it with `cargo install --path \
                 crates/cli --features spreadsheet`, or save the sheet as \"CSV UTF-8\""
            ));
        }
    }
}

#[cfg(feature = "spreadsheet")]
mod with_workbooks {
    use std::fs;

    use super::*;

    const LOGINS: &str = "sheet: 로그인\nidentity: {external_id: id}\nevent: df_login\nevent_datetime: at\n";
    const MANY: &[u8] = include_bytes!("many.xlsx");

    #[tokio::test(flavor = "multi_thread")]
    async fn a_sheet_is_drafted_checked_shown_and_loaded() {
        let desk = Desk::new().await;
        desk.write("many.xlsx", MANY);
        desk.run(&["check", "many.xlsx"])
            .await
            .is(2)
            .says("needs a mapping of its columns: run `dfinery mapping init many.xlsx`");
        let draft = desk.run(&["mapping", "init", "many.xlsx", "--event", "df_login"]).await;
        assert!(draft.out.contains("\nsheet: 로그인\n"), "{}", draft.out);
        assert!(
            draft
                .out
                .contains("the workbook has 2 sheets, and this is of the first: \"로그인\", \"메모\"."),
            "{}",
            draft.out
        );
        desk.write("m.yaml", LOGINS.replace("sheet: 로그인\n", ""));
        desk.run(&["check", "many.xlsx", "--as", "events", "--mapping", "m.yaml"])
            .await
            .is(2)
            .says("many.xlsx: it has 2 sheets: give one of them as sheet in the mapping: 로그인, 메모");
        desk.write("m.yaml", LOGINS);
        let preview = ["preview", "many.xlsx", "--as", "events", "--mapping", "m.yaml"];
        assert!(desk.run(&preview).await.out.contains("M-0000"));
        desk.run(&["check", "many.xlsx", "--as", "events", "--mapping", "m.yaml"])
            .await
            .is(0)
            .says("400 records: 400 good, 0 bad");
        let plan = ["load", "events", "many.xlsx", "--mapping", "m.yaml", "--dry-run"];
        desk.run(&plan).await.is(0);
        assert_eq!(desk.emulator.ledger().events_stored(), 0);
        desk.run(&plan[..5]).await.is(0);
        assert_eq!(desk.emulator.ledger().events_stored(), 400);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bad_rows_come_back_with_their_numbers_in_the_sheet() {
        let desk = Desk::new().await;
        desk.write(
            "members.xls",
            include_bytes!("../../../input/src/input/tests/members.xls"),
        );
        desk.write("m.yaml", "skip_top: 2\nidentity: {external_id: 포인트}\n");
        desk.run(&["check", "members.xls", "--as", "identities", "--mapping", "m.yaml"])
            .await
            .is(1)
            .says("포인트: is a number, from which a spreadsheet drops zeros in front and digits behind the 15th")
            .says("members.xls:4");
        let load = ["load", "identities", "members.xls", "--mapping", "m.yaml"];
        desk.run(&load).await.is(1);
        let rejected = fs::read_to_string(desk.path("members.xls.dfinery/rejected.csv")).unwrap();
        assert!(
            rejected.starts_with(
                "\u{FEFF}dfinery_line,dfinery_code,dfinery_reason,회원번호,가입일시,포인트,동의,합계\n4,invalid,"
            ),
            "{rejected}"
        );
        desk.write("corrected.csv", &rejected);
        // As texts of a table they are what is written.
        desk.run(&["load", "identities", "corrected.csv", "--mapping", "m.yaml"])
            .await
            .is(0);
    }
}
