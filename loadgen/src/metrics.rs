//! The generator's own metrics, as a Prometheus page.
//!
//! The page is made from the workers' counts when it is asked for: a recorder in between would cost the hot path more
//! than the requests themselves, at the rates this program is for.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::operation::Operation;
use crate::tally::Board;
use crate::tally::Lifetime;

/// Serves `/metrics` at `addr` until the program ends; gives the address taken.
///
/// # Errors
/// When the address cannot be taken.
pub async fn serve(addr: SocketAddr, board: Arc<Board>) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(addr).await?;
    let taken = listener.local_addr()?;
    let router = Router::new().route("/metrics", get(page)).with_state(board);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(taken)
}

async fn page(State(board): State<Arc<Board>>) -> impl IntoResponse {
    let text = render(&board.lifetime(), board.in_flight(), board.target_rate.load(Ordering::Relaxed));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn render(lifetime: &Lifetime, in_flight: i64, target_rate: u64) -> String {
    let mut page = String::with_capacity(16 * 1024);
    write_page(&mut page, lifetime, in_flight, target_rate).expect("a String takes everything");
    page
}

fn write_page(
    page: &mut String,
    lifetime: &Lifetime,
    in_flight: i64,
    target_rate: u64,
) -> Result<(), std::fmt::Error> {
    let asked =
        || Operation::ALL.into_iter().zip(&lifetime.operations).filter(|(_, o)| o.buckets.count() > 0);

    let name = "loadgen_requests_total";
    describe(page, name, "counter", "Requests that ended, by operation and outcome.")?;
    for (operation, counts) in asked() {
        for (outcome, count) in ["ok", "error", "expected_error"].into_iter().zip(counts.outcomes) {
            let operation = operation.name();
            writeln!(page, "{name}{{operation=\"{operation}\",outcome=\"{outcome}\"}} {count}")?;
        }
    }
    let failed = lifetime.connect_errors;
    writeln!(page, "{name}{{operation=\"CONNECT\",outcome=\"error\"}} {failed}")?;

    let name = "loadgen_request_duration_seconds";
    describe(page, name, "histogram", "Time from the intended start of a request to its end.")?;
    for (operation, counts) in asked() {
        let label = format!("operation=\"{}\"", operation.name());
        for (bound, count) in counts.buckets.cumulative() {
            writeln!(page, "{name}_bucket{{{label},le=\"{bound}\"}} {count}")?;
        }
        let (sum, count) = (counts.buckets.sum(), counts.buckets.count());
        writeln!(page, "{name}_bucket{{{label},le=\"+Inf\"}} {count}")?;
        writeln!(page, "{name}_sum{{{label}}} {sum}")?;
        writeln!(page, "{name}_count{{{label}}} {count}")?;
    }

    let name = "loadgen_lookups_total";
    describe(page, name, "counter", "Keys asked for by reads, by whether they were found.")?;
    writeln!(page, "{name}{{result=\"hit\"}} {}", lifetime.hits)?;
    writeln!(page, "{name}{{result=\"miss\"}} {}", lifetime.misses)?;

    let name = "loadgen_target_rate";
    describe(page, name, "gauge", "Requests per second asked for; 0 in a closed loop and between phases.")?;
    writeln!(page, "{name} {target_rate}")?;

    let name = "loadgen_in_flight";
    describe(page, name, "gauge", "Requests sent and not answered yet.")?;
    writeln!(page, "{name} {in_flight}")
}

fn describe(page: &mut String, name: &str, kind: &str, help: &str) -> Result<(), std::fmt::Error> {
    writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::time::Instant;

    use super::*;
    use crate::answer::Answer;
    use crate::answer::Verdict;
    use crate::tally::Group;

    #[test]
    fn the_page_has_real_buckets_and_every_metric() {
        let board = Board::new(1);
        let intended = Instant::now();
        let at = intended + Duration::from_micros(30);
        let answers = [Answer { operation: Operation::Get, at, verdict: Verdict::Ok, hits: 1, misses: 0 }];
        let group =
            Group { answers: &answers, unanswered: 0, intended, measured: true, sent: 1, received: 1 };
        board.slot(0).record(group);
        board.slot(0).record_connect_error();
        let page = render(&board.lifetime(), 3, 500);
        for line in [
            "loadgen_requests_total{operation=\"GET\",outcome=\"ok\"} 1",
            "loadgen_requests_total{operation=\"CONNECT\",outcome=\"error\"} 1",
            "loadgen_request_duration_seconds_bucket{operation=\"GET\",le=\"0.00002\"} 0",
            "loadgen_request_duration_seconds_bucket{operation=\"GET\",le=\"0.00005\"} 1",
            "loadgen_request_duration_seconds_bucket{operation=\"GET\",le=\"+Inf\"} 1",
            "loadgen_request_duration_seconds_sum{operation=\"GET\"} 0.00003",
            "loadgen_request_duration_seconds_count{operation=\"GET\"} 1",
            "loadgen_lookups_total{result=\"hit\"} 1",
            "loadgen_target_rate 500",
            "loadgen_in_flight 3",
        ] {
            assert!(page.lines().any(|seen| seen == line), "{line} is missing in\n{page}");
        }
        assert!(!page.contains("\"SET\""));
    }
}
