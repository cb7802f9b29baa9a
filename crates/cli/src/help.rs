//! The end of a command's help: exit codes and examples.

macro_rules! exit_codes {
    () => {
        "\
Exit codes:
   0  everything was accepted (check, preview, --dry-run: everything is good)
   1  some records were not accepted, and are in the dead letter (check and others: are not good)
   2  wrong usage or settings, an input that cannot be read or has changed, or a wrong
     token, service id or address
  75  ended early, try again later: the same command goes on where it stopped
 130  stopped at once by a second Ctrl-C
"
    };
}

pub const PROGRAM: &str = concat!(
    exit_codes!(),
    "
Begin with:
  dfinery check sales.ndjson
  dfinery load events sales.ndjson --dry-run
  dfinery load events sales.ndjson"
);

pub const LOAD: &str = concat!(
    "\
Examples:
  export DFINERY_SERVICE_ID=… DFINERY_IMPORT_TOKEN=…
  dfinery load events sales.ndjson --dry-run
  dfinery load events sales.ndjson
  dfinery load profiles members.csv --mapping members.yaml --taxonomy dfinery-taxonomy.yaml
  zcat *.ndjson.gz | dfinery load mixed - --max-bad 0.5%

Beside sales.ndjson a folder sales.ndjson.dfinery is made. In it are
  receipt.json         how many records were accepted, and what became of the others
  rejected.csv         of a table, the rows that were not accepted: correct them, and load this file
  dead-letter.ndjson   every record that was not accepted, with the reason: see `dfinery replay`
  journal              what was sent: run the same command again to go on after a stop

Every setting can be in dfinery.toml too, such as rate_share = 0.5, and in the environment,
such as DFINERY_RATE_SHARE=0.5. An option comes before the environment, and that before the file.

",
    exit_codes!()
);

pub const STREAM_KAFKA: &str = "\
Example:
  export DFINERY_SERVICE_ID=… DFINERY_IMPORT_TOKEN=…
  dfinery stream kafka --brokers localhost:9092 --topic events --group dfinery \\
      --dead-letter topic:events-dead

Offsets are committed once every message before them was accepted, or is in the dead letter. It runs
until SIGTERM or Ctrl-C, or with --until-caught-up until it has read what was there.

Exit codes:
   0  it ended as asked, and every message was accepted
   1  the same, and some messages are in the dead letter
   2  wrong usage or settings, or a wrong token, service id or address
  75  a message could not be delivered, or Kafka or the dead letter failed: start it again
 130  stopped at once by a second Ctrl-C";

pub const EXPORT: &str = "\
Examples:
  export DFINERY_SERVICE_ID=… DFINERY_EXPORT_TOKEN=…
  dfinery export events -o yesterday.csv --day yesterday
  dfinery export events --to warehouse --format ndjson --compress gzip
  dfinery export status --to warehouse

In the folder each day is a partition, events/dt=2026-11-20/, which is whole or not there: give the
same command every night. Only the events of the last 30 days can be exported.

Exit codes:
   0  every day that was to be exported is there
   1  a day was lost or is damaged, or a missing one will be lost within 3 days; a file could not
      be written
   2  wrong usage or settings, a wrong token, service id or address, or another folder is needed
  75  some days are missing that the same command can still fill, such as after a spent quota; the
      folder is in use; the object store failed
 130  stopped by Ctrl-C
";

pub const DELETE: &str = concat!(
    "\
Examples:
  dfinery delete identities leavers.ndjson          say how many, and delete nothing
  dfinery delete identities leavers.ndjson --yes    delete

",
    exit_codes!()
);

pub const REPLAY: &str = concat!(
    "\
Example:
  dfinery replay sales.ndjson.dfinery/dead-letter.ndjson

Put the cause right first: register the event or property, or correct the record in the file.
A record whose fate was `unknown` may have been taken already, and is then there twice.
What one replay leaves, the next one sends: its dead letter is in sales.ndjson.dfinery/replay-1.

",
    exit_codes!()
);

pub const ROWS: &str = "\
Examples:
  dfinery rows sales.csv.dfinery/dead-letter.ndjson -o fix.csv
  dfinery load events fix.csv --mapping sales.yaml

A load writes such a table by itself: rejected.csv beside the dead letter. Its first columns,
dfinery_line, dfinery_code and dfinery_reason, are passed over when it is loaded.

Records that were JSON come as they were, one on each line; why they were not accepted is in the
dead letter. A corrected event gets another id, so use `dfinery replay` for those whose code is
`undelivered` or `unknown`: they may have been taken.

Exit codes:
  0  the rows were written
  2  the file is no dead letter, or the header of its table is not known
";

pub const STATUS: &str = "\
Examples:
  dfinery status sales.csv
  dfinery status sales.csv.dfinery --output json

Exit codes:
   0  everything was accepted
   1  something is left that was not accepted
   2  there is no such load
  75  a load or a replay has not ended: the same command goes on where it stopped
";

pub const CHECK: &str = concat!(
    "\
Examples:
  dfinery check sales.ndjson --as events --taxonomy dfinery-taxonomy.yaml
  dfinery check members.csv --mapping members.yaml -o bad.csv
  dfinery check members.csv --mapping members.yaml --output json

",
    exit_codes!()
);

pub const PREVIEW: &str = "\
Example:
  dfinery preview members.csv --mapping members.yaml --calls 1

It shows records as they are in the files, so mind who sees the screen.";

pub const CONFIG: &str = "\
Example of a dfinery.toml:
  service_id = \"my-service\"
  token_file = \"/run/secrets/dfinery-import-token\"
  taxonomy = \"dfinery-taxonomy.yaml\"
  rate_share = 0.5";

pub const MAPPING: &str = "\
Example:
  dfinery mapping init members.csv --timezone Asia/Seoul > members.yaml

Exit codes:
  0  the table can be loaded with the mapping as it is; what it leaves out or guesses is said, to look at
  1  the mapping loads nothing yet: what is left to you is marked in it
  2  the file cannot be read
";
