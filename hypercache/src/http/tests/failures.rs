//! What the node itself fails at.

use std::io::Write;

use parking_lot::Mutex;

use super::*;
use crate::command::ReplyError;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Session;
use crate::resp::ReplyWriter;

/// An executor that does not survive any command.
struct Fragile;

impl Executor for Fragile {
    fn execute(&self, _: &Call<'_>, _: &mut Session, _: &mut ReplyWriter) -> Result<Execution, ReplyError> {
        panic!("this is what the test is about");
    }
}

/// A console whose text can be read.
#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_is_a_problem_and_a_line_and_ends_nothing_else() {
    let mut config = Config::default().telemetry;
    config.log.files = false;
    let (console, node) = (Console::default(), NodeIdentity { id: "node-1".to_owned(), version: "0" });
    let builder = Telemetry::builder(&config, &node, command_names(), store_names());
    let (telemetry, guard) = builder.console(Box::new(console.clone())).build().unwrap();
    let setup = Setup { executor: Some(Arc::new(Fragile)), ..Setup::default() };
    let bench = Bench::told_by(telemetry.clone(), setup);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let problem = telemetry.scope(|| {
        runtime.block_on(async {
            let (status, problem) = bench.get("secret-key").await;
            assert_eq!((status, &problem["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("INTERNAL")));
            assert_eq!(bench.call("GET", "/health/live", "").await.0, StatusCode::OK);
            problem
        })
    });
    assert!(!problem.to_string().contains("what the test is about"), "{problem}");
    guard.shutdown(Duration::from_secs(10));
    let text = String::from_utf8(console.0.lock().clone()).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.find(|line| line["event.action"] == "request-failed").expect("the failure is told");
    assert_eq!(line["url.path"], "/api/cache/{key}");
    assert_eq!(line["trace.id"], problem["trace_id"]);
}
