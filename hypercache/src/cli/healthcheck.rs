//! `hypercache healthcheck`: asks a running node over HTTP whether it is well.
//!
//! One small request by hand instead of an HTTP client: it runs every few seconds in every container, and must start
//! fast and never hang.

use std::io::Read as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::ToSocketAddrs as _;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use crate::config::Config;
use crate::config::Overrides;
use crate::config::environment;

/// Most bytes of an answer that are read; a status line and the reason are far shorter.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const REASON_CHARS_MAX: usize = 300;

/// Asks `url`, or the node that the environment describes, and waits at most `timeout` for the answer. Anything but
/// status 200 is a failure, told with its reason on standard error.
pub fn healthcheck(url: Option<&str>, timeout: Duration) -> ExitCode {
    let url = match url {
        Some(url) => url.to_owned(),
        None => match url_of_environment() {
            Ok(url) => url,
            Err(faults) => {
                eprintln!("{faults}");
                return ExitCode::FAILURE;
            }
        },
    };
    match ask(&url, timeout) {
        Ok(()) => {
            println!("{url}: ok");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{url}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn url_of_environment() -> Result<String, crate::config::ConfigErrors> {
    let config = Config::load(&Overrides::default(), environment::of_process())?.config;
    Ok(format!("http://{}/health/ready", reachable(config.network.http_addr)))
}

/// The address to connect to for a listener at `address`: one that listens everywhere listens on the loopback too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// An `http://` address in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Target<'u> {
    /// Host and port as they were written, for the `Host` header.
    authority: &'u str,
    host: &'u str,
    port: u16,
    path: &'u str,
}

impl<'u> Target<'u> {
    fn parse(url: &'u str) -> Result<Self, String> {
        let expected = "expected http://host:port/path";
        let rest = url.strip_prefix("http://").ok_or(expected)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| expected)?),
            _ => (authority, 80),
        };
        let printable = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        if host.is_empty() || host.contains('@') || !printable(authority) || !printable(path) {
            return Err(expected.to_owned());
        }
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self { authority, host, port, path: if path.is_empty() { "/" } else { path } })
    }
}

fn ask(url: &str, timeout: Duration) -> Result<(), String> {
    let deadline = Instant::now() + timeout;
    let target = Target::parse(url)?;
    let mut stream = connect(&target, deadline)?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: hypercache-healthcheck\r\nConnection: close\r\n\r\n",
        target.path, target.authority
    );
    let wait = |stream: &TcpStream| -> Result<(), String> {
        let left = time_left(deadline)?;
        stream
            .set_read_timeout(Some(left))
            .and_then(|()| stream.set_write_timeout(Some(left)))
            .map_err(|error| format!("cannot set a timeout: {error}"))
    };
    wait(&stream)?;
    stream.write_all(request.as_bytes()).map_err(|error| told(&error, "cannot send the request"))?;
    let mut answer = Vec::new();
    let mut chunk = [0; 1024];
    while answer.len() < ANSWER_BYTES_MAX {
        wait(&stream)?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
            // The status alone decides; a body that does not end is no reason to wait.
            Err(error) if status(&answer).is_none() => return Err(told(&error, "cannot read the answer")),
            Err(_) => break,
        }
        if status(&answer) == Some(200) {
            return Ok(());
        }
    }
    verdict(&answer)
}

fn connect(target: &Target<'_>, deadline: Instant) -> Result<TcpStream, String> {
    let addresses = (target.host, target.port)
        .to_socket_addrs()
        .map_err(|error| format!("cannot find {}: {error}", target.host))?;
    let mut reason = format!("cannot find {}", target.host);
    for address in addresses {
        match TcpStream::connect_timeout(&address, time_left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => reason = told(&error, &format!("cannot connect to {address}")),
        }
    }
    Err(format!("{reason}; is the node running?"))
}

fn time_left(deadline: Instant) -> Result<Duration, String> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err("no answer in time".to_owned()) } else { Ok(left) }
}

fn told(error: &std::io::Error, what: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        _ => format!("{what}: {error}"),
    }
}

/// The status code, once the status line is there as a whole.
fn status(answer: &[u8]) -> Option<u16> {
    let line = &answer[..answer.iter().position(|byte| *byte == b'\n')?];
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

fn verdict(answer: &[u8]) -> Result<(), String> {
    match status(answer) {
        Some(200) => Ok(()),
        Some(code) => {
            let text = String::from_utf8_lossy(answer);
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
            let reason: String = words.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
            Err(format!("answers {code} {reason}").trim_end().to_owned())
        }
        None if answer.is_empty() => Err("closes the connection without an answer".to_owned()),
        None => Err("answers something else than HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let target = Target::parse("http://127.0.0.1:9080/health/ready").unwrap();
        assert_eq!((target.host, target.port, target.path), ("127.0.0.1", 9080, "/health/ready"));
        let target = Target::parse("http://[::1]:9080").unwrap();
        assert_eq!(
            (target.authority, target.host, target.port, target.path),
            ("[::1]:9080", "::1", 9080, "/")
        );
        assert_eq!(Target::parse("http://node/x").unwrap().port, 80);
        assert_eq!(Target::parse("http://[::1]/x").unwrap().port, 80);
        for url in [
            "https://a:1/",
            "127.0.0.1:9080",
            "http://",
            "http://:80/",
            "http://a:x/",
            "http://u@a/",
            "http://a/ b",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        for (listens, reached) in
            [("0.0.0.0:9", "127.0.0.1:9"), ("[::]:9", "[::1]:9"), ("10.0.0.1:9", "10.0.0.1:9")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), reached.parse().unwrap());
        }
    }

    #[test]
    fn only_200_is_well() {
        assert_eq!(verdict(b"HTTP/1.1 200 OK\r\n\r\n"), Ok(()));
        let reason =
            verdict(b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n{\"status\":\n \"stopping\"}\x07");
        assert_eq!(reason, Err("answers 503 {\"status\": \"stopping\"}".to_owned()));
        assert_eq!(verdict(b"HTTP/1.1 204 No Content\r\n\r\n"), Err("answers 204".to_owned()));
        assert_eq!(verdict(b"+PONG\r\n"), Err("answers something else than HTTP".to_owned()));
        assert!(verdict(b"").is_err());
    }
}
