//! What `ImportClient::load_events` costs over a handwritten reqwest call that sends the same bytes.
//!
//! `cargo bench --bench overhead` prints CPU time per call of the client's thread, kernel included, and its ratio to
//! the handwritten call in the same run. The server is a process of its own; variants take turns, the median counts.

#[path = "load/src/server.rs"]
mod server;

use std::{env, time::Duration};

use dfinery::{Event, Identity, ImportClient, Properties, RetryPolicy, tables::RateLimit};
use serde::Deserialize;

const ROUNDS: usize = 15;

fn main() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("serve") {
        return server::run(&arguments.next().expect("an address"));
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(measure());
}

async fn measure() {
    let server = server::Server::start();
    let base_url = format!("http://{}", server.address);
    let url = format!("{base_url}/api/v1/events");
    let user = Identity::external_id("dfn-user-123").email("kim@example.com");
    let never_spent = RateLimit {
        requests: u32::MAX,
        period: Duration::from_secs(60),
        concurrent: None,
    };
    let ours = ImportClient::builder()
        .service_id("service")
        .token("token")
        .base_url(&base_url)
        .retry(RetryPolicy::default())
        .rate_limit(dfinery::Family::Event, never_spent)
        .build()
        .expect("a client");
    let theirs = reqwest::Client::new();

    println!("CPU µs per call, median of {ROUNDS} rounds (ratio to the handwritten call)");
    for (count, calls) in [(1, 3_000), (100, 600)] {
        let events: Vec<Event> = (0..count).map(event).collect();
        let request = serde_json::json!({ "common": { "identity": &user }, "events": &events });
        let owned = dfinery::types::import::LoadEventsRequest {
            common: dfinery::types::import::EventsCommon { identity: user.clone() },
            events: events.clone(),
        };
        let bytes = serde_json::to_vec(&owned).expect("JSON");
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&bytes).expect("JSON"),
            request
        );
        let bytes = bytes::Bytes::from(bytes);
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            times[0].push(
                cpu(calls, async || {
                    handwritten(theirs.post(&url).json(&owned)).await;
                })
                .await,
            );
            times[1].push(
                cpu(calls, async || {
                    let body = theirs
                        .post(&url)
                        .header("content-type", "application/json")
                        .body(bytes.clone());
                    handwritten(body).await;
                })
                .await,
            );
            times[2].push(
                cpu(calls, async || {
                    ours.load_events(&user, &events).await.expect("accepted");
                })
                .await,
            );
        }
        let [json, prepared, ours] = times.map(median);
        println!("{count:>3} events, {} bytes", bytes.len());
        println!("  handwritten, serialising   {json:>7.1}");
        println!("  handwritten, bytes ready   {prepared:>7.1}  ({:.2})", prepared / json);
        println!("  ImportClient::load_events  {ours:>7.1}  ({:.2})", ours / json);
    }
}

/// What a careful programmer would write without this crate: the body decides, not the status alone.
async fn handwritten(request: reqwest::RequestBuilder) {
    #[derive(Deserialize)]
    struct Answer {
        status: bool,
        code: u32,
    }
    let response = request
        .query(&[("service_id", "service")])
        .header("access_token", "token")
        .send()
        .await;
    let answer: Answer = response.expect("an answer").json().await.expect("JSON");
    assert!(answer.status && answer.code == 20000);
}

fn event(number: usize) -> Event {
    Event::new("df_purchase")
        .property("df_order_id", format!("ORDER-{number:08}"))
        .property("df_payment_method", "신용카드")
        .property("df_total_purchase_amount", 12_900.0)
        .property("df_delivery_charge", 3_000.0)
        .item(
            Properties::new()
                .with("df_item_id", "P-101")
                .with("df_item_name", "순면 반팔 티셔츠")
                .with("df_quantity", 2),
        )
}

/// CPU time of this thread per call, in microseconds.
async fn cpu(calls: u32, call: impl AsyncFn()) -> f64 {
    for _ in 0..calls / 10 {
        call().await;
    }
    let before = thread_nanoseconds();
    for _ in 0..calls {
        call().await;
    }
    (thread_nanoseconds() - before) / f64::from(calls) / 1_000.0
}

fn thread_nanoseconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .expect("nanoseconds")
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
