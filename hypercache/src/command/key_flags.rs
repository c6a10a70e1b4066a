//! What commands do to their keys, as Redis's key specifications tell it.

use crate::command::Command;
use crate::command::spec::Flags;
use crate::resp::Args;

/// How a command uses a key: whether it reads it or writes it, and what becomes of the data.
pub type KeyFlags = &'static [&'static str];

/// Only the key itself is looked at, or a number about it.
const ABOUT: KeyFlags = &["RO"];
const READ: KeyFlags = &["RO", "access"];
const INSERT: KeyFlags = &["RW", "insert"];
const UPDATE: KeyFlags = &["RW", "update"];
const DELETE: KeyFlags = &["RW", "delete"];
const READ_AND_INSERT: KeyFlags = &["RW", "access", "insert"];
const READ_AND_UPDATE: KeyFlags = &["RW", "access", "update"];
const READ_AND_DELETE: KeyFlags = &["RW", "access", "delete"];
const OVERWRITE: KeyFlags = &["OW", "update"];
const CREATE: KeyFlags = &["OW", "insert"];
const REMOVE: KeyFlags = &["RM", "delete"];
/// The arguments decide.
const VARIABLE: KeyFlags = &["RW", "access", "update", "variable_flags"];
/// Named as a key is, for where it belongs in a cluster.
const NO_KEY: KeyFlags = &["not_key"];

/// What a command may do to its keys: to the first one, to the second one, and so on; the last holds for the rest.
pub fn of(command: &Command) -> &'static [KeyFlags] {
    match command.name.as_str() {
        "EXISTS" | "HEXISTS" | "HLEN" | "HSTRLEN" | "LLEN" | "MEMORY|USAGE" | "OBJECT|ENCODING"
        | "OBJECT|FREQ" | "OBJECT|IDLETIME" | "OBJECT|REFCOUNT" | "SCARD" | "SISMEMBER" | "STRLEN"
        | "TOUCH" | "TYPE" | "WATCH" | "XLEN" | "ZCARD" => &[ABOUT],
        "SPUBLISH" | "SSUBSCRIBE" | "SUNSUBSCRIBE" => &[NO_KEY],
        "PFCOUNT" => &[&["RW", "access"]],
        "EVAL" | "EVALSHA" | "FCALL" => &[READ_AND_UPDATE],
        "BITFIELD" | "SET" => &[VARIABLE],
        "APPEND"
        | "HSETNX"
        | "LINSERT"
        | "LPUSH"
        | "LPUSHX"
        | "PFADD"
        | "RPUSH"
        | "RPUSHX"
        | "SADD"
        | "XGROUP|CREATE"
        | "XGROUP|CREATECONSUMER" => &[INSERT],
        "EXPIRE" | "EXPIREAT" | "GEOADD" | "HMSET" | "HSET" | "LSET" | "PERSIST" | "PEXPIRE"
        | "PEXPIREAT" | "SETRANGE" | "XACK" | "XADD" | "XCLAIM" | "XGROUP|SETID" | "XSETID" | "ZADD" => {
            &[UPDATE]
        }
        "HDEL" | "LREM" | "LTRIM" | "SREM" | "XAUTOCLAIM" | "XDEL" | "XGROUP|DELCONSUMER"
        | "XGROUP|DESTROY" | "XTRIM" | "ZREM" | "ZREMRANGEBYLEX" | "ZREMRANGEBYRANK" | "ZREMRANGEBYSCORE" => {
            &[DELETE]
        }
        "BLMPOP" | "BLPOP" | "BRPOP" | "BZMPOP" | "BZPOPMAX" | "BZPOPMIN" | "GETDEL" | "LMPOP" | "LPOP"
        | "RPOP" | "SPOP" | "ZMPOP" | "ZPOPMAX" | "ZPOPMIN" => &[READ_AND_DELETE],
        "BLMOVE" | "BRPOPLPUSH" | "LMOVE" | "RPOPLPUSH" | "SMOVE" => &[READ_AND_DELETE, INSERT],
        "MSET" | "PSETEX" | "RESTORE" | "SETEX" => &[OVERWRITE],
        "MSETNX" | "SETNX" => &[CREATE],
        "DEL" | "UNLINK" => &[REMOVE],
        "RENAME" => &[READ_AND_DELETE, OVERWRITE],
        "RENAMENX" => &[READ_AND_DELETE, CREATE],
        "BITOP" | "GEOSEARCHSTORE" | "SDIFFSTORE" | "SUNIONSTORE" | "ZDIFFSTORE" | "ZINTERSTORE"
        | "ZRANGESTORE" | "ZUNIONSTORE" => &[OVERWRITE, READ],
        "SINTERSTORE" => &[UPDATE, READ],
        "PFMERGE" => &[READ_AND_INSERT, READ],
        "COPY" | "GEORADIUS" | "GEORADIUSBYMEMBER" | "SORT" => &[READ, OVERWRITE],
        "XREADGROUP" => &[READ],
        _ if command.spec.flags.has(Flags::WRITE) => &[READ_AND_UPDATE],
        _ => &[READ],
    }
}

/// What a command with these arguments does to the key that is at `index` among its keys.
pub fn of_key(command: &Command, args: Args<'_>, index: usize) -> KeyFlags {
    let all = of(command);
    let flags = all[index.min(all.len() - 1)];
    if flags != VARIABLE {
        return flags;
    }
    // From the options on: the value of `SET` may be any word.
    let says = |from: usize, word: &[u8]| args.from(from).iter().any(|said| said.eq_ignore_ascii_case(word));
    match command.name.as_str() {
        "SET" if !says(3, b"GET") => OVERWRITE,
        "BITFIELD" if !says(2, b"SET") && !says(2, b"INCRBY") => READ,
        _ => READ_AND_UPDATE,
    }
}
