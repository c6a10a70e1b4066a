//! The commands of a request belong to its span.

use parking_lot::Mutex;

use super::*;
use crate::command::ReplyError;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Session;
use crate::resp::ReplyWriter;
use crate::telemetry::TraceContext;

/// Notes who each command's parent is and which client it comes from; answers as if there were any key.
#[derive(Default)]
struct Parents(Mutex<Vec<(String, Option<TraceContext>, u64)>>);

impl Executor for Parents {
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let name = call.command.name.clone();
        match name.as_str() {
            "MGET" => {
                reply.array(call.args.len() - 1);
                (1..call.args.len()).for_each(|_| reply.bulk("1"));
            }
            "PTTL" => reply.integer(-1),
            _ => reply.ok(),
        }
        self.0.lock().push((name, session.use_trace(), session.client.id));
        Ok(Execution::default())
    }
}

#[tokio::test]
async fn all_commands_of_a_request_are_children_of_its_span() {
    let parents = Arc::new(Parents::default());
    let executor: Arc<dyn Executor> = Arc::<Parents>::clone(&parents);
    let bench = Bench::with(Setup { executor: Some(executor), ..Setup::default() });
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (path, body, names) in [
        ("/api/cache/batch/get", r#"{"keys":["a","b"]}"#, vec!["MGET", "PTTL", "PTTL"]),
        (
            "/api/cache/batch/put",
            r#"{"items":[{"key":"a","value":1},{"key":"b","value":2}]}"#,
            vec!["SET", "SET"],
        ),
    ] {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("traceparent", format!("00-{id}-00f067aa0ba902b7-01"));
        assert_eq!(bench.send(request.body(body.into()).unwrap()).await.status(), StatusCode::OK);
        let seen = std::mem::take(&mut *parents.0.lock());
        assert_eq!(seen.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), names);
        let (_, first, client) = &seen[0];
        let first = first.as_ref().expect("a command has a parent");
        assert_eq!(format!("{:032x}", first.trace_id), id);
        assert_ne!(first.span_id, 0x00f0_67aa_0ba9_02b7, "the parent is the request, not its caller");
        assert!(
            seen.iter().all(|(_, parent, of)| parent.as_ref() == Some(first) && of == client),
            "{seen:?}"
        );
    }
}
