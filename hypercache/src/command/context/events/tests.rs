use crate::command::test_bench::Bench;

fn listening() -> Bench {
    let mut bench = Bench::at(1_000_000);
    bench.listen();
    bench
}

#[test]
fn strings_and_keys_tell_what_redis_tells() {
    listening().events(&[
        ("SET a 1", "new:a set:a"),
        ("SET a 1 EX 100", "set:a expire:a"),
        ("SET a 2 KEEPTTL", "set:a"),
        ("SET a 2 NX", ""),
        ("SET b 2 XX GET", "keymiss:b"),
        ("SETNX a 1", ""),
        ("SETEX a 5 1", "set:a expire:a"),
        ("GETEX a PERSIST", "persist:a"),
        ("GETEX a PERSIST", ""),
        ("GETEX a EX 10", "expire:a"),
        ("GETEX a PXAT 1", "del:a"),
        ("GETDEL a", "keymiss:a"),
        ("MSET a 1 b 2", "new:a set:a new:b set:b"),
        ("MSETNX a 1 c 2", ""),
        ("GETSET a 5", "set:a"),
        ("GETDEL a", "del:a"),
        ("INCR n", "new:n incrby:n"),
        ("DECRBY n 5", "incrby:n"),
        ("INCRBYFLOAT n 0.5", "incrbyfloat:n"),
        ("APPEND n x", "append:n"),
        ("INCR n", ""),
        ("SETRANGE n 1 yy", "setrange:n"),
        ("SETRANGE none 0 ''", ""),
        ("SETBIT bits 7 1", "new:bits setbit:bits"),
        ("SETBIT bits 7 1", ""),
        ("BITFIELD bits SET u8 0 1", ""),
        ("BITFIELD bits SET u8 0 2", "setbit:bits"),
        ("BITFIELD bits OVERFLOW FAIL SET u4 0 20", ""),
        ("BITOP NOT d bits", "new:d set:d"),
        ("BITOP NOT d nowhere", "keymiss:nowhere del:d"),
        ("EXPIRE b 100", "expire:b"),
        ("EXPIRE b 200 NX", ""),
        ("PERSIST b", "persist:b"),
        ("PERSIST b", ""),
        ("RENAME b c", "new:c rename_from:b rename_to:c"),
        ("RENAME n c", "new:c rename_from:n rename_to:c"),
        ("RENAME c c", ""),
        ("COPY c b", "new:b copy_to:b"),
        ("COPY c b", ""),
        ("COPY c b REPLACE", "new:b copy_to:b"),
        ("COPY c b DB 1", "new:b@1 copy_to:b@1"),
        ("MOVE c 1", "new:c@1 move_from:c move_to:c@1"),
        ("EXPIRE b -1", "del:b"),
        ("DEL bits nowhere bits", "del:bits"),
        ("GET nowhere", "keymiss:nowhere"),
        ("MGET nowhere nowhere", "keymiss:nowhere keymiss:nowhere"),
        ("EXISTS nowhere", "keymiss:nowhere"),
        ("TYPE nowhere", "keymiss:nowhere"),
        ("TTL nowhere", "keymiss:nowhere"),
        ("OBJECT ENCODING nowhere", ""),
    ]);
}

#[test]
fn collections_tell_their_change_and_then_their_end() {
    listening().events(&[
        ("RPUSH l a b c", "new:l rpush:l"),
        ("LPUSHX none a", ""),
        ("LINSERT l BEFORE b x", "linsert:l"),
        ("LINSERT l BEFORE q x", ""),
        ("LSET l 0 z", "lset:l"),
        ("LREM l 0 q", ""),
        ("LREM l 0 z", "lrem:l"),
        ("LTRIM l 0 -1", "ltrim:l"),
        ("LMOVE l m LEFT RIGHT", "new:m rpush:m lpop:l"),
        ("RPOPLPUSH m m", "lpush:m rpop:m"),
        ("RPOPLPUSH m l", "lpush:l rpop:m del:m"),
        ("LPOP l 0", ""),
        ("LPOP l 9", "lpop:l del:l"),
        ("RPUSH l a", "new:l rpush:l"),
        ("LTRIM l 5 9", "ltrim:l del:l"),
        ("RPUSH l a", "new:l rpush:l"),
        ("LMPOP 2 nowhere l RIGHT", "rpop:l del:l"),
        ("SADD s a b", "new:s sadd:s"),
        ("SADD s a", ""),
        ("SREM s q", ""),
        ("SMOVE s t a", "srem:s new:t sadd:t"),
        ("SADD s a", "sadd:s"),
        ("SMOVE s t a", "srem:s"),
        ("SMOVE s t b", "srem:s del:s sadd:t"),
        ("SINTERSTORE s t t", "new:s sinterstore:s"),
        ("SUNIONSTORE s t", "sunionstore:s"),
        ("SDIFFSTORE s t t", "del:s"),
        ("SDIFFSTORE s t t", ""),
        ("SPOP t", "spop:t"),
        ("SPOP t 5", "spop:t del:t"),
        ("SADD t a", "new:t sadd:t"),
        ("SREM t a", "srem:t del:t"),
        ("ZADD z 1 a 2 b 3 c", "new:z zadd:z"),
        ("ZADD z 1 a", ""),
        ("ZADD z XX INCR 0 a", ""),
        ("ZINCRBY z 1 a", "zincr:z"),
        ("ZRANGESTORE y z 0 -1", "new:y zrangestore:y"),
        ("ZUNIONSTORE y 1 z", "zunionstore:y"),
        ("ZINTERSTORE y 1 z", "zinterstore:y"),
        ("ZDIFFSTORE y 2 z z", "del:y"),
        ("ZREM z q", ""),
        ("ZREM z a", "zrem:z"),
        ("ZPOPMIN z", "zpopmin:z"),
        ("ZMPOP 1 z MAX", "zpopmax:z del:z"),
        ("ZADD z 1 a 2 b", "new:z zadd:z"),
        ("ZREMRANGEBYSCORE z 5 6", ""),
        ("ZREMRANGEBYSCORE z 1 1", "zremrangebyscore:z"),
        ("ZREMRANGEBYRANK z 0 -1", "zremrangebyrank:z del:z"),
        ("GEOADD g 13 38 p", "new:g zadd:g"),
        ("GEOADD g 13 38 p", ""),
        ("GEOSEARCHSTORE h g FROMMEMBER p BYRADIUS 1 m", "new:h geosearchstore:h"),
        ("GEORADIUS g 13 38 1 m STORE h", "georadiusstore:h"),
        ("GEORADIUS g 0 0 1 m STORE h", "del:h"),
    ]);
}

#[test]
fn hashes_tell_of_fields_and_their_times() {
    let mut bench = listening();
    bench.events(&[
        ("HSET h a 1 b 2", "new:h hset:h"),
        ("HSET h a 1", "hset:h"),
        ("HSETNX h a 1", ""),
        ("HINCRBY h a 1", "hincrby:h"),
        ("HINCRBYFLOAT h a 1", "hincrbyfloat:h"),
        ("HDEL h q", ""),
        ("HDEL h b", "hdel:h"),
        ("HEXPIRE h 100 FIELDS 1 a", "hexpire:h"),
        ("HEXPIRE h 100 NX FIELDS 1 a", ""),
        ("HPERSIST h FIELDS 1 a", "hpersist:h"),
        ("HPERSIST h FIELDS 1 a", ""),
        ("HEXPIRE h 0 FIELDS 1 a", "hdel:h del:h"),
        ("HSETEX h EX 1 FIELDS 2 a 1 b 2", "new:h hset:h hexpire:h"),
        ("HGETEX h PERSIST FIELDS 1 a", "hpersist:h"),
        ("HSET i a 1", "new:i hset:i"),
        ("HPEXPIRE i 1000 FIELDS 1 a", "hexpire:i"),
        ("SET k v PX 1000", "new:k set:k expire:k"),
        ("SET o v PX 1000", "new:o set:o expire:o"),
    ]);
    bench.advance(1000);
    bench.events(&[
        ("HGET h b", "hexpired:h"),
        ("HGET i a", "hexpired:i del:i keymiss:i"),
        ("GET k", "expired:k keymiss:k"),
        ("SET o w", "expired:o new:o set:o"),
        ("HGETDEL h FIELDS 1 a", "hdel:h del:h"),
    ]);
}

#[test]
fn streams_tell_of_entries_and_of_consumers() {
    let mut bench = listening();
    bench.events(&[
        ("XADD x 1-1 f v", "new:x xadd:x"),
        ("XADD x MAXLEN = 1 2-1 f v", "xadd:x xtrim:x"),
        ("XADD none NOMKSTREAM * f v", ""),
        ("XDEL x 9-9", ""),
        ("XGROUP CREATE x g 0", "xgroup-create:x"),
        ("XREADGROUP GROUP g c STREAMS x >", "xgroup-createconsumer:x"),
        ("XGROUP DELCONSUMER x g c", "xgroup-delconsumer:x"),
        ("XGROUP SETID x g 0", "xgroup-setid:x"),
        ("XGROUP DESTROY x g", "xgroup-destroy:x"),
        ("XGROUP CREATE y g 0 MKSTREAM", "new:y xgroup-create:y"),
        ("XSETID x 5-1", "xsetid:x"),
        ("XDEL x 2-1", "xdel:x"),
        ("XADD x 7-1 f v", "xadd:x"),
        ("XTRIM x MAXLEN = 5", ""),
        ("XTRIM x MAXLEN = 0", "xtrim:x"),
    ]);
    let notices = bench.execute(&["XGROUP", "CREATE", "x", "g", "0"]).notices;
    assert!(
        notices.keys.iter().all(|notice| notice.modified.is_none()),
        "whoever reads entries reads the same"
    );
}

#[test]
fn nothing_is_kept_while_nobody_listens() {
    let mut bench = Bench::new();
    assert!(bench.execute(&["SET", "a", "1"]).notices.is_empty());
    assert!(bench.execute(&["FLUSHALL"]).notices.is_empty());
    bench.listen();
    assert!(bench.execute(&["FLUSHALL"]).notices.emptied);
}
