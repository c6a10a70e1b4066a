//! Real payloads to begin with: what `DUMP` gives for values of each type, small and large.

use std::time::Instant;

use hypercache::command::table::table;
use hypercache::engine::Call;
use hypercache::engine::Executor;
use hypercache::rdb::payload;
use hypercache::resp::OwnedArgs;
use hypercache::resp::Protocol;
use hypercache::resp::ReplyWriter;
use hypercache::resp::frame::Frame;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::decode;

use crate::engine;

const LINES: [&str; 14] = [
    "SET k hello",
    "SET k 12345",
    "SETRANGE k 3000 x",
    "RPUSH k a 1 -70000 long-enough-to-be-no-number 9223372036854775807",
    "SADD k 1 2 3 70000 5000000000",
    "SADD k a b 7",
    "ZADD k 1 a 2.5 b -inf c",
    "HSET k f v g 12 h 5000000000",
    "HSET k f v g w|HPEXPIRE k 100000000 FIELDS 1 f",
    "XADD k 1-1 f v g w|XADD k 1-2 f v g w|XADD k 2-1 other 1|XDEL k 1-2|XGROUP CREATE k g 0|XREADGROUP GROUP g c COUNT 1 STREAMS k >",
    "SETRANGE s 100 x|GET s|SADD k ''|SADD k a-member-that-is-longer-than-64-bytes-0123456789-0123456789-0123456789",
    "ZADD k 3 a-member-that-is-longer-than-64-bytes-0123456789-0123456789-0123456789 4 b",
    "HSET k f a-value-that-is-longer-than-64-bytes-0123456789-0123456789-0123456789-0123456789",
    "PFADD k a b c d e f g",
];

/// The payloads without version and checksum.
pub fn values() -> Vec<Vec<u8>> {
    let executor = engine::executor();
    let run = |line: &str| run(&*executor, line);
    let dumped = LINES.iter().map(|lines| {
        run("FLUSHALL");
        for line in lines.split('|') {
            run(line);
        }
        let Frame::Bulk(dumped) = run("DUMP k") else { panic!("{lines} leaves no key") };
        payload::opened(&dumped).expect("it is sealed").to_vec()
    });
    dumped.collect()
}

fn run(executor: &dyn Executor, line: &str) -> Frame {
    let args = OwnedArgs::new(line.split_whitespace());
    let mut reply = ReplyWriter::new(Protocol::Resp2);
    let call = Call {
        command: table().resolve(args.view()),
        args: args.view(),
        received: Instant::now(),
        position: 0,
    };
    let outcome = executor.execute(&call, &mut engine::session(1, 1), &mut reply);
    assert!(outcome.is_ok(), "{line}: {outcome:?}");
    let (frame, _) =
        decode(reply.bytes(), &FrameLimits::default()).expect("it is RESP").expect("it is whole");
    frame
}
