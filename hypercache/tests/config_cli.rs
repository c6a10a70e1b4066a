//! The real binary: `check-config`, `healthcheck`, and what a wrong configuration is answered with.
#![expect(clippy::unwrap_used, reason = "clippy knows only functions marked as tests for tests")]

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::process::Output;

fn hypercache(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hypercache"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("HYPERCACHE_") || name.starts_with("OTEL_") {
            command.env_remove(&*name);
        }
    }
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn check_config_accepts_the_files_of_the_repository() {
    for (file, summary) in [
        (
            "configs/node1-config.yaml",
            "ok (node node-1, RESP 127.0.0.1:8080, HTTP 127.0.0.1:9080, 1 store: default)",
        ),
        (
            "configs/node2-config.yaml",
            "ok (node node-2, RESP 127.0.0.1:8081, HTTP 127.0.0.1:9081, 1 store: default)",
        ),
        (
            "configs/node3-config.yaml",
            "ok (node node-3, RESP 127.0.0.1:8082, HTTP 127.0.0.1:9082, 1 store: default)",
        ),
    ] {
        let (code, out, err) = run(hypercache(&["check-config", file]).current_dir(repository()));
        let (first, second) = out.split_once('\n').unwrap();
        assert_eq!((code, first, err), (0, format!("{file}: {summary}").as_str(), String::new()));
        // How much that is depends on where the test runs.
        assert!(second.starts_with("memory of the process on this machine: "), "{second}");
        assert!(second.ends_with(" (the machine's memory)\n") || second.ends_with(" limit)\n"), "{second}");
    }
}

#[test]
fn check_config_tells_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let text = "network:\n  resp_adr: 127.0.0.1:1\ncache:\n  shards: 3\n";
    std::fs::write(folder.path().join("x.yaml"), text).unwrap();
    let (code, out, err) = run(hypercache(&["check-config", "x.yaml"]).current_dir(folder.path()));
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "x.yaml:2: network.resp_adr: unknown key; did you mean resp_addr?\n\
         x.yaml:4: cache.shards: is 3, must be a power of two\n\
         x.yaml: 2 faults; a node would not start with it\n"
    );
}

#[test]
fn check_config_leaves_the_environment_out_of_account() {
    let mut command = hypercache(&["check-config", "configs/node1-config.yaml"]);
    command.current_dir(repository()).env("HYPERCACHE_RESP_ADDR", "nonsense");
    assert_eq!(run(&mut command).0, 0);
}

#[test]
fn what_check_config_prints_is_a_configuration_again() {
    let folder = tempfile::tempdir().unwrap();
    let printed =
        run(hypercache(&["check-config", "configs/node2-config.yaml", "--print"]).current_dir(repository()));
    assert_eq!((printed.0, printed.2.as_str()), (0, ""));
    std::fs::write(folder.path().join("again.yaml"), &printed.1).unwrap();
    let again = run(hypercache(&["check-config", "again.yaml", "--print"]).current_dir(folder.path()));
    assert_eq!(again, printed);
}

#[test]
fn check_config_warns_of_open_doors_and_hides_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, "network:\n  http_addr: 0.0.0.0:9080\n").unwrap();
    let (code, _, err) = run(hypercache(&["check-config", "x.yaml"]).current_dir(folder.path()));
    assert_eq!(code, 0);
    assert!(err.starts_with("warning: x.yaml:2: network.http_addr: 0.0.0.0:9080 can be reached"), "{err}");
    std::fs::write(&path, "security:\n  requirepass: hunter2\n").unwrap();
    let (code, out, err) = run(hypercache(&["check-config", "--print", "x.yaml"]).current_dir(folder.path()));
    assert!(code == 0 && !out.contains("hunter2") && !err.contains("hunter2"), "{out}{err}");
}

#[test]
fn a_node_refuses_wrong_flags_and_variables() {
    let mut command = hypercache(&["--io-threads", "lots"]);
    command.env("HYPERCACHE_LOG_LEVL", "info");
    let (code, _, err) = run(&mut command);
    assert_ne!(code, 0);
    assert!(err.contains("--io-threads: network.io_threads: \"lots\" will not do"), "{err}");
    assert!(
        err.contains("HYPERCACHE_LOG_LEVL: unknown variable; did you mean HYPERCACHE_LOG_LEVEL?"),
        "{err}"
    );
}

#[test]
fn help_and_version_are_told() {
    let (code, out, _) = run(&mut hypercache(&["--version"]));
    assert_eq!((code, out), (0, format!("hypercache {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, out, _) = run(&mut hypercache(&["--help"]));
    assert_eq!(code, 0);
    for part in ["check-config", "healthcheck", "--resp-addr", "Examples:", "What to do next:"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    assert_eq!(run(&mut hypercache(&["--no-such-flag"])).0, 2);
}

/// Serves one request with `answer`; returns the port, and the request once it has been served.
fn serve_once(answer: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 512];
        while !request.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut chunk).unwrap();
            assert_ne!(read, 0, "the request does not end");
            request.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (port, served)
}

#[test]
fn healthcheck_is_content_with_200() {
    let (port, served) = serve_once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let url = format!("http://127.0.0.1:{port}/health/live?x=1");
    let (code, out, err) = run(&mut hypercache(&["healthcheck", "--url", &url, "--timeout", "20s"]));
    assert_eq!((code, out, err), (0, format!("{url}: ok\n"), String::new()));
    let request = served.join().unwrap();
    let start = format!("GET /health/live?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    assert!(request.starts_with(&start), "{request}");
}

#[test]
fn healthcheck_tells_why_a_node_is_not_ready() {
    let (port, served) =
        serve_once("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\nis loading");
    let url = format!("http://127.0.0.1:{port}/health/ready");
    let (code, out, err) = run(&mut hypercache(&["healthcheck", "--url", &url, "--timeout", "20s"]));
    assert_eq!((code, out, err), (1, String::new(), format!("{url}: answers 503 is loading\n")));
    served.join().unwrap();
}

#[test]
fn healthcheck_asks_where_the_environment_says() {
    let (port, served) = serve_once("HTTP/1.1 200 OK\r\n\r\n");
    let mut command = hypercache(&["healthcheck", "--timeout", "20s"]);
    command.env("HYPERCACHE_HTTP_ADDR", format!("0.0.0.0:{port}"));
    assert_eq!(run(&mut command).1, format!("http://127.0.0.1:{port}/health/ready: ok\n"));
    served.join().unwrap();

    let (port, served) = serve_once("HTTP/1.1 200 OK\r\n\r\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, format!("network: {{http_addr: '127.0.0.1:{port}'}}")).unwrap();
    let mut command = hypercache(&["healthcheck", "--timeout", "20s"]);
    command.env("HYPERCACHE_CONFIG", &path);
    assert_eq!(run(&mut command).0, 0);
    served.join().unwrap();
}

#[test]
fn healthcheck_fails_when_nobody_listens_or_nobody_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health/ready", silent.local_addr().unwrap());
    let (code, _, err) = run(&mut hypercache(&["healthcheck", "--url", &url, "--timeout", "200ms"]));
    assert_eq!((code, err), (1, format!("{url}: no answer in time\n")));

    // Bound but not listening: nobody else can take the port meanwhile.
    let closed = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    closed.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let url = format!("http://{}/health/ready", closed.local_addr().unwrap().as_socket().unwrap());
    let (code, _, err) = run(&mut hypercache(&["healthcheck", "--url", &url, "--timeout", "20s"]));
    assert_eq!(code, 1);
    assert!(err.contains("cannot connect to") && err.ends_with("; is the node running?\n"), "{err}");

    let (code, _, err) = run(&mut hypercache(&["healthcheck", "--url", "https://localhost"]));
    assert_eq!((code, err.as_str()), (1, "https://localhost: expected http://host:port/path\n"));
}
