//! The door at a real socket: limits, what is counted, and how it closes.

use std::future::Future;
use std::sync::atomic::Ordering::Relaxed;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::engine::version::VERSION;
use crate::http::wire::Wire;

/// Longer than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `test` with a door that takes `connections`; what it tells belongs to the bench.
fn with_door<F: Future>(
    bench: &Bench,
    connections: usize,
    test: impl FnOnce(SocketAddr, JoinHandle<()>) -> F,
) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bench.state.telemetry.scope(|| {
        runtime.block_on(async {
            let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap();
            bench.state.settings.set_max_connections(connections);
            let door = Door::new(socket, Arc::clone(&bench.state));
            // A drain that takes its whole time would outlast the test's patience.
            let serving = tokio::spawn(door.serve(10 * PATIENCE));
            timeout(PATIENCE, test(address, serving)).await.expect("it does not take that long")
        })
    })
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Reads until the text ends with `end`.
async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let byte = stream.read_u8().await.unwrap_or_else(|error| {
            panic!("{error} after {}", String::from_utf8_lossy(&text));
        });
        text.push(byte);
    }
    String::from_utf8(text).unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{what}"));
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
const LIVE_BODY: &str = r#"{"status":"ok"}"#;

#[test]
fn a_stop_closes_idle_and_silent_connections_at_once() {
    let bench = Bench::new();
    with_door(&bench, 10, async |address, serving| {
        let (mut idle, mut silent) = (connect(address).await, connect(address).await);
        idle.write_all(LIVE.as_bytes()).await.unwrap();
        read_to(&mut idle, LIVE_BODY).await;
        until("both are connected", || bench.state.open.load(Relaxed) == 2).await;
        bench.stopping.send_replace(true);
        serving.await.unwrap();
        let mut rest = Vec::new();
        assert_eq!(
            (idle.read_to_end(&mut rest).await.unwrap(), silent.read_to_end(&mut rest).await.unwrap()),
            (0, 0)
        );
        assert_eq!(bench.state.open.load(Relaxed), 0);
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    });
}

#[test]
fn a_request_under_way_is_answered_before_the_door_closes() {
    let bench = Bench::new();
    with_door(&bench, 10, async |address, serving| {
        let mut stream = connect(address).await;
        let head =
            "PUT /api/cache/k HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Said when the body is waited for.
        assert!(read_to(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 100"));
        bench.stopping.send_replace(true);
        stream.write_all(b"0123456789").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
        serving.await.unwrap();
    });
    assert_eq!(bench.command(&["GET", "k"]), Frame::Bulk("0123456789".into()));
}

#[test]
fn one_too_many_is_turned_away_and_room_is_made_again() {
    let bench = Bench::new();
    with_door(&bench, 1, async |address, _serving| {
        let mut first = connect(address).await;
        first.write_all(LIVE.as_bytes()).await.unwrap();
        read_to(&mut first, LIVE_BODY).await;
        let mut second = connect(address).await;
        let mut answer = String::new();
        second.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        drop(first);
        until("the first is gone", || bench.state.open.load(Relaxed) == 0).await;
        let mut third = connect(address).await;
        third.write_all(LIVE.as_bytes()).await.unwrap();
        read_to(&mut third, LIVE_BODY).await;
    });
    let page = bench.state.telemetry.render();
    assert!(page.contains("hypercache_connections_rejected_total{reason=\"max_connections\"} 1"), "{page}");
}

#[test]
fn bytes_are_counted_where_they_pass_and_endings_by_what_they_were() {
    let bench = Bench::new();
    let mut answered = 0;
    let nonsense = "this is no HTTP\r\n\r\n";
    with_door(&bench, 10, async |address, _serving| {
        let mut polite = connect(address).await;
        polite.write_all(LIVE.as_bytes()).await.unwrap();
        answered += read_to(&mut polite, LIVE_BODY).await.len();
        drop(polite);
        let mut rude = connect(address).await;
        rude.write_all(nonsense.as_bytes()).await.unwrap();
        let mut text = String::new();
        answered += rude.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 400"), "{text}");
        drop(rude);
        until("both are gone", || bench.state.open.load(Relaxed) == 0).await;
    });
    let page = bench.state.telemetry.render();
    let received = LIVE.len() + nonsense.len();
    for line in [
        format!("hypercache_network_receive_bytes_total{{proto=\"http\"}} {received}"),
        format!("hypercache_network_transmit_bytes_total{{proto=\"http\"}} {answered}"),
        "hypercache_connections_opened_total{proto=\"http\"} 2".to_owned(),
        "hypercache_connections_closed_total{proto=\"http\",reason=\"client\"} 1".to_owned(),
        "hypercache_connections_closed_total{proto=\"http\",reason=\"protocol_error\"} 1".to_owned(),
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line} is not in {page}");
    }
}

#[test]
fn a_connection_that_proves_who_it_is_with_each_request_is_told_once() {
    let bench = Bench::with(Setup { password: Some("secret"), ..Setup::default() });
    with_door(&bench, 10, async |address, _serving| {
        let mut stream = connect(address).await;
        for _ in 0..3 {
            let request = "GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            read_to(&mut stream, &format!("\"version\":\"{VERSION}\"}}")).await;
        }
    });
    let page = bench.state.telemetry.render();
    assert!(page.contains("hypercache_authentications_total{result=\"success\"} 1\n"), "{page}");
}

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let bench = Bench::new();
    with_door(&bench, 10, async |address, _serving| {
        let mut stream = connect(address).await;
        let head =
            "PUT /api/cache/k HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(read_to(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 413"));
    });
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let bench = Bench::new();
    let (near, mut far) = tokio::io::duplex(16);
    let stall_max = Duration::from_millis(20);
    let mut wire = Wire::new(near, Arc::clone(bench.state.telemetry.meters()), stall_max);
    let writing = tokio::spawn(async move { wire.write_all(&[0; 48]).await });
    let mut taken = [0; 16];
    far.read_exact(&mut taken).await.unwrap();
    let error = timeout(PATIENCE, writing).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}
