//! What the page about nights gives to schedulers is what its script does.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    LOADING, NIGHTLY,
    block::{blocks, bytes},
    follow,
    shell::{Shell, is_here},
};

/// What the schedulers of the page run, by the folder in which they do.
fn scheduled(page: &str, folder: &Path) -> BTreeSet<(String, String)> {
    let mut commands = BTreeSet::new();
    for block in blocks(page) {
        let text = block.lines.join("\n");
        let value_of = |key: &str| block.lines.iter().find_map(|line| line.strip_prefix(key));
        match (block.language, block.file) {
            ("cron", _) => {
                for line in &block.lines {
                    let fields = line.split_whitespace().take(5).collect::<Vec<_>>();
                    assert!(
                        fields.iter().all(|field| !field.contains(char::is_alphabetic)),
                        "{line}"
                    );
                    let (_, command) = line.split_once("  ").unwrap();
                    commands.insert((".".to_owned(), command.trim().to_owned()));
                }
            }
            ("ini", Some("dfinery-night.service")) => {
                let command = value_of("ExecStart=").unwrap();
                commands.insert((value_of("WorkingDirectory=").unwrap().to_owned(), command.to_owned()));
            }
            ("yaml", _) => {
                let job: Value = serde_saphyr::from_str(&text).unwrap();
                let pod = job.pointer("/spec/jobTemplate/spec/template/spec").unwrap();
                let container = &pod["containers"][0];
                assert_eq!(pod["volumes"][0]["name"], container["volumeMounts"][0]["name"]);
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                commands.insert((text(&container["workingDir"]), text(&container["command"][0])));
            }
            ("python", Some(file)) if is_here("python3") => {
                let run = Command::new("python3")
                    .args(["-c", AIRFLOW, file])
                    .current_dir(folder)
                    .output()
                    .unwrap();
                assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
                let said = String::from_utf8(run.stdout).unwrap();
                let (directory, command) = said.trim_end().split_once('\t').unwrap();
                commands.insert((directory.to_owned(), command.to_owned()));
            }
            _ => {}
        }
    }
    commands
}

/// Runs the file of a DAG without Airflow, and prints where and what its task runs.
const AIRFLOW: &str = r#"
import sys, types
class DAG:
    def __init__(self, name, schedule, start_date, catchup, max_active_runs): pass
    def __enter__(self): return self
    def __exit__(self, *error): pass
class BashOperator:
    def __init__(self, task_id, bash_command, cwd, env, append_env, retries, retry_delay):
        print(cwd, bash_command, sep="	")
for name, members in {"airflow.sdk": {"DAG": DAG}, "airflow.providers.standard.operators.bash": {"BashOperator": BashOperator}}.items():
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    vars(sys.modules[name]).update(members)
exec(compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec"))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_scheduler_runs_the_night() {
    for ((name, page), (_, loading)) in NIGHTLY.into_iter().zip(LOADING) {
        let shell = Shell::new().await;
        let folder = shell.folder.path();
        let is_left_over = |file: &str| file.contains(".dfinery/");
        let files = blocks(loading).into_iter().chain(blocks(page));
        let files: Vec<_> = files.filter(|block| block.file.is_some()).collect();
        for block in files.iter().filter(|block| !is_left_over(block.file.unwrap())) {
            block.write_to(folder);
        }
        follow(&shell, name, page).await;

        // The day that the script works out; nothing in it is bad.
        let (yesterday, _) = shell.run("TZ=KST15 date +%F").await;
        for block in &files {
            let Some(file) = block.file.filter(|file| file.ends_with("-2025-11-20.csv")) else {
                continue;
            };
            let text = format!("{}\n", block.lines.join("\n").replace("하나", "1"));
            fs::write(
                folder.join(file.replace("2025-11-20", yesterday.trim())),
                bytes(&text, block.cp949),
            )
            .unwrap();
        }
        let place = |text: &str| {
            text.replace("/data/dfinery", folder.to_str().unwrap())
                .replace("/etc/dfinery.env", folder.join("dfinery.env").to_str().unwrap())
        };
        let environment = fs::read_to_string(folder.join("dfinery.env")).unwrap();
        let (tokens, [state, path]) = environment
            .lines()
            .collect::<Vec<_>>()
            .split_last_chunk()
            .map(|(a, b)| (a.to_vec(), *b))
            .unwrap();
        assert!(
            tokens
                .iter()
                .all(|line| line.starts_with("DFINERY_") && line.ends_with("=…")),
            "{tokens:?}"
        );
        // The command that is tested is elsewhere.
        assert!(path.starts_with("PATH=/"), "{path}");
        fs::write(folder.join("dfinery.env"), place(state)).unwrap();
        let commands = scheduled(page, folder);
        assert!(commands.len() >= 3, "{name}: {commands:?}");
        let before = shell.emulator.ledger().events_stored();
        for (directory, command) in &commands {
            let (text, code) = shell.run(&place(&format!("cd {directory} && {command}"))).await;
            assert_eq!(code, Some(0), "{name}: {command}: {text}");
        }
        assert_eq!(
            shell.emulator.ledger().events_stored(),
            before + 3,
            "{name}: the first run loads, the others do not"
        );
        if is_here("curl") && is_here("jq") {
            let posts: Vec<_> = shell.posts.try_iter().collect();
            assert_eq!(posts.len(), 2 + commands.len(), "{name}: {posts:?}");
            let said: Value = serde_json::from_str(&posts[0]).unwrap();
            let lines =
                "members-2025-11-20.csv: 6 of 6 accepted, 0 left\nsales-2025-11-20.csv: 2 of 3 accepted, 1 left";
            assert_eq!(said["text"], lines, "{name}");
        }
        if is_here("systemd-analyze") {
            let units = blocks(page)
                .into_iter()
                .filter(|block| block.file.is_some_and(|file| file.contains("-night.")));
            for block in units.filter(|block| block.language == "ini") {
                fs::write(folder.join(block.file.unwrap()), place(&block.lines.join("\n"))).unwrap();
            }
            let verify = "systemd-analyze verify ./dfinery-night.service ./dfinery-night.timer";
            // It also looks at units of this machine.
            let (text, _) = shell.run(verify).await;
            assert!(!text.contains("dfinery-night"), "{name}: {text}");
        }

        let (members, sales) = ("members-2025-11-20.csv.dfinery", "sales-2025-11-20.csv.dfinery");
        let long_ago = SystemTime::now() - Duration::from_secs(40 * 24 * 3600);
        for old in [members, sales] {
            File::open(folder.join(old)).unwrap().set_modified(long_ago).unwrap();
        }
        let (text, code) = shell.run("./tidy.sh 30").await;
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(!folder.join(members).exists(), "{name}: it left nothing");
        assert!(folder.join(sales).exists(), "{name}: it left a row");
    }
}
