//! Mistakes that people make, and what they are told: what failed, where, and what to do.
#![cfg(unix)]

#[path = "../common/command.rs"]
mod command;
mod inputs;
mod mappings;
mod service;
mod states;
mod taxonomies;
mod usage;

use command::{Desk, Ran};

const EVENT: &str = r#"{"identity":{"external_id":"kim-1"},"event":{"event_name":"df_login","event_datetime":"2026-11-20T10:15:00+09:00"}}
"#;
const TABLE: &str = "회원번호,일시,금액\nkim-1,2026-11-20 10:15:01,100\nkim-2,2026-11-20 10:15:02,200\n";
const MAPPING: &str = r#"timezone: Asia/Seoul
event: df_login
identity:
  external_id: 회원번호
event_datetime: {column: 일시, format: "%Y-%m-%d %H:%M:%S"}
"#;

/// A folder with good files, for commands with one mistake each.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.write("a.ndjson", EVENT);
    desk.write("a.csv", TABLE);
    desk.write("m.yaml", MAPPING);
    desk.write("t.yaml", "standard: true\nevents:\n  - name: coupon_used\n");
    desk
}

/// What is wrong with what a command said about a mistake, if anything is.
fn unsaid(ran: &Ran, code: i32, says: &[&str]) -> Option<String> {
    ran.tells_none_of(&["kim-"]);
    let all = format!("{}{}", ran.out, ran.err);
    let missing: Vec<_> = says.iter().filter(|words| !all.contains(**words)).collect();
    (ran.code != Some(code) || !missing.is_empty()).then(|| {
        format!(
            "exit code {:?} instead of {code}, without {missing:?} in\n{all}",
            ran.code
        )
    })
}

/// Runs each command and holds its exit code and its words; tells all that fail.
async fn say(desk: &Desk, mistakes: &[(&str, i32, &[&str])]) {
    let mut failed = Vec::new();
    for (command, code, says) in mistakes {
        let arguments: Vec<_> = command.split(' ').collect();
        let ran = desk.run(&arguments).await;
        failed.extend(unsaid(&ran, *code, says).map(|failure| format!("{command}: {failure}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The same for contents of one file.
async fn say_of(desk: &Desk, file: &str, command: &str, mistakes: &[(&str, i32, &[&str])]) {
    let mut failed = Vec::new();
    for (content, code, says) in mistakes {
        desk.write(file, content);
        let arguments: Vec<_> = command.split(' ').collect();
        let ran = desk.run(&arguments).await;
        failed.extend(unsaid(&ran, *code, says).map(|failure| format!("{content}: {failure}")));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
