use crate::command::spec::ScriptCommand as C;
use crate::resp::Protocol;
use crate::script::Scripting;
use crate::script::test_bench::answer;
use crate::script::test_bench::scripting;

fn run(scripting: &Scripting, command: C, parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    answer(scripting, command, Protocol::Resp2, &parts)
}

fn eval3(script: &str) -> String {
    answer(&scripting(), C::Eval, Protocol::Resp3, &[b"EVAL", script.as_bytes(), b"0"])
}

fn load(scripting: &Scripting, code: &str) -> String {
    run(scripting, C::FunctionLoad, &["FUNCTION", "LOAD", &format!("#!lua name=lib\n{code}")])
}

const DIGEST_OF_ONE: &str = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";

#[test]
fn scripts_are_known_by_their_digest() {
    let scripting = scripting();
    let by_digest = ["EVALSHA", DIGEST_OF_ONE, "0"];
    assert_eq!(run(&scripting, C::EvalSha, &by_digest), "-NOSCRIPT No matching script. Please use EVAL.");
    assert_eq!(
        run(&scripting, C::ScriptLoad, &["SCRIPT", "LOAD", "return 1"]),
        format!("$40\r\n{DIGEST_OF_ONE}\r\n")
    );
    assert_eq!(run(&scripting, C::EvalSha, &by_digest), ":1\r\n");
    assert_eq!(run(&scripting, C::EvalSha, &["EVALSHA", &DIGEST_OF_ONE.to_uppercase(), "0"]), ":1\r\n");
    assert_eq!(
        run(&scripting, C::ScriptExists, &["SCRIPT", "EXISTS", DIGEST_OF_ONE, "x"]),
        "*2\r\n:1\r\n:0\r\n"
    );
    assert_eq!(scripting.census().scripts, 1);
    assert_eq!(run(&scripting, C::ScriptFlush, &["SCRIPT", "FLUSH"]), "+OK\r\n");
    assert_eq!(run(&scripting, C::EvalSha, &by_digest), "-NOSCRIPT No matching script. Please use EVAL.");
    assert_eq!(
        run(&scripting, C::ScriptFlush, &["SCRIPT", "FLUSH", "NOW"]),
        "-ERR SCRIPT FLUSH only support SYNC|ASYNC option"
    );
    assert_eq!(scripting.census().scripts, 0);
}

#[test]
fn numbers_of_keys_are_checked() {
    let scripting = scripting();
    for (count, error) in [
        ("x", "-ERR value is not an integer or out of range"),
        ("-1", "-ERR Number of keys can't be negative"),
        ("2", "-ERR Number of keys can't be greater than number of args"),
        ("9223372036854775807", "-ERR Number of keys can't be greater than number of args"),
    ] {
        assert_eq!(run(&scripting, C::Eval, &["EVAL", "return 1", count, "k"]), error, "{count}");
    }
}

#[test]
fn replies_have_the_types_of_the_protocol_that_is_spoken() {
    for (script, reply) in [
        ("return {double=1.5}", ",1.5\r\n"),
        ("return {map={a=1}}", "%1\r\n$1\r\na\r\n:1\r\n"),
        ("return {set={a=true}}", "~1\r\n$1\r\na\r\n"),
        ("return {big_number='12\\r3'}", "(12 3\r\n"),
        ("return {verbatim_string={format='txtx', string='hi'}}", "=6\r\ntxt:hi\r\n"),
        ("return true", ":1\r\n"),
        ("return false", "_\r\n"),
        ("redis.setresp(3) return {true, false}", "*2\r\n#t\r\n#f\r\n"),
        ("return {}", "*0\r\n"),
        ("return {1, {2, {}}, 'x'}", "*3\r\n:1\r\n*2\r\n:2\r\n*0\r\n$1\r\nx\r\n"),
        ("return {err='MINE own'}", "-MINE own"),
        ("return redis.call('RAW', '%1\\r\\n$1\\r\\na\\r\\n,2.5\\r\\n').map.a", ",2.5\r\n"),
        ("return redis.call('RAW', '~1\\r\\n$1\\r\\na\\r\\n').set.a", ":1\r\n"),
        ("return redis.call('RAW', '=6\\r\\ntxt:hi\\r\\n')", "=6\r\ntxt:hi\r\n"),
        ("return redis.call('RAW', '(123\\r\\n')", "(123\r\n"),
        ("return redis.call('RAW', '*-1\\r\\n') == false", ":1\r\n"),
        ("return redis.call('RAW', '_\\r\\n') == nil", ":1\r\n"),
    ] {
        assert_eq!(eval3(script), reply, "{script}");
    }
}

#[test]
fn a_value_that_holds_itself_ends() {
    let reply = eval3("local a = {} a[1] = a return a");
    assert!(reply.starts_with("*1\r\n*1\r\n") && reply.ends_with("-ERR reached lua stack limit\r\n"));
    assert!(reply.len() < 64 * 1024);
}

#[test]
fn libraries_register_functions() {
    let scripting = scripting();
    assert_eq!(
        load(&scripting, "redis.register_function('f', function(k, a) return {#k, #a} end)"),
        "$3\r\nlib\r\n"
    );
    assert_eq!(run(&scripting, C::FCall, &["FCALL", "f", "1", "a", "b", "c"]), "*2\r\n:1\r\n:2\r\n");
    assert_eq!(run(&scripting, C::FCall, &["FCALL", "g", "0"]), "-ERR Function not found");
    assert_eq!(run(&scripting, C::FCall, &["FCALL", "f", "x"]), "-ERR Bad number of keys provided");
    assert_eq!(load(&scripting, "x"), "-ERR Library 'lib' already exists");
    let other = "#!lua name=other\nredis.register_function('f', function() end)";
    assert_eq!(
        run(&scripting, C::FunctionLoad, &["FUNCTION", "LOAD", other]),
        "-ERR Function f already exists"
    );
    assert_eq!(
        run(&scripting, C::FunctionLoad, &["FUNCTION", "LOAD", "AGAIN", other]),
        "-ERR Unknown option given: AGAIN"
    );
    let list = run(&scripting, C::FunctionList, &["FUNCTION", "LIST", "LIBRARYNAME", "L*"]);
    assert!(list.starts_with("*1\r\n*6\r\n$12\r\nlibrary_name\r\n$3\r\nlib\r\n"), "{list}");
    assert_eq!(run(&scripting, C::FunctionDelete, &["FUNCTION", "DELETE", "lib"]), "+OK\r\n");
    assert_eq!(run(&scripting, C::FunctionDelete, &["FUNCTION", "DELETE", "lib"]), "-ERR Library not found");
}

#[test]
fn libraries_that_cannot_be_loaded_leave_nothing() {
    let scripting = scripting();
    for (code, error) in [
        ("return 1", "No functions registered"),
        ("x y", "Error compiling function: user_function:2: '=' expected near 'y'"),
        (
            "local x = nil + 1",
            "Error registering functions: ERR user_function:2: attempt to perform arithmetic on a nil value",
        ),
        (
            "redis.call('ECHO', 'x')",
            "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
        ),
        (
            "local x = tostring(1)",
            "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'tostring'",
        ),
        (
            "redis.x = 1",
            "Error registering functions: ERR user_function:2: Attempt to modify a readonly table",
        ),
        (
            "redis.register_function()",
            "Error registering functions: ERR wrong number of arguments to redis.register_function",
        ),
        (
            "redis.register_function('a b', function() end)",
            "Error registering functions: ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
        ),
        (
            "redis.register_function{function_name='f'}",
            "Error registering functions: ERR redis.register_function must get a callback argument",
        ),
        (
            "redis.register_function{function_name='f', callback=function() end, flags={'fast'}}",
            "Error registering functions: ERR unknown flag given",
        ),
        (
            "redis.register_function('f', function() end) redis.register_function('f', function() end)",
            "Error registering functions: ERR Function already exists in the library",
        ),
        ("while true do end", "Error registering functions: ERR FUNCTION LOAD timeout"),
    ] {
        assert_eq!(load(&scripting, code), format!("-ERR {error}"), "{code}");
    }
    assert_eq!(scripting.census().libraries, 0);
    let script = "return redis.register_function == nil";
    assert_eq!(run(&scripting, C::Eval, &["EVAL", script, "0"]), ":1\r\n");
}

#[test]
fn libraries_are_restored_all_or_none() {
    let scripting = scripting();
    load(&scripting, "redis.register_function('f', function() return 1 end)");
    let dump = answer(&scripting, C::FunctionDump, Protocol::Resp2, &[b"FUNCTION", b"DUMP"]);
    assert!(dump.contains("#!lua name=lib"), "{dump}");
    assert_eq!(
        run(&scripting, C::FunctionRestore, &["FUNCTION", "RESTORE", "x"]),
        "-ERR DUMP payload version or checksum are wrong"
    );
    assert_eq!(
        run(&scripting, C::FunctionRestore, &["FUNCTION", "RESTORE", "x", "MAYBE"]),
        "-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
    );
    assert_eq!(run(&scripting, C::FCall, &["FCALL", "f", "0"]), ":1\r\n");
}

#[test]
fn what_one_script_leaves_behind_is_not_there_for_the_next() {
    let scripting = scripting();
    for (script, reply) in [
        ("table.insert(redis, 'left') return 1", ":1\r\n"),
        ("return redis[1] == nil", ":1\r\n"),
        ("setfenv(0, {}) return 1", ":1\r\n"),
        ("return type(redis.call)", "$8\r\nfunction\r\n"),
        ("collectgarbage('stop') return 1", ":1\r\n"),
        ("local keys = {} for key in pairs(redis) do keys[#keys + 1] = key end return #keys > 15", ":1\r\n"),
        ("return pcall(rawset, getmetatable('').__index, 'upper', 1)", "$-1\r\n"),
        ("return ('x'):upper()", "$1\r\nX\r\n"),
    ] {
        assert_eq!(run(&scripting, C::Eval, &["EVAL", script, "0"]), reply, "{script}");
    }
}

#[test]
fn only_text_is_loaded() {
    let scripting = scripting();
    for script in [
        "return loadstring(string.dump(function() return 1 end)) == nil",
        "local d = string.dump(function() return 1 end) local n = 0 \
         return load(function() n = n + 1 return d:sub(n, n) end) == nil",
    ] {
        assert_eq!(run(&scripting, C::Eval, &["EVAL", script, "0"]), ":1\r\n", "{script}");
    }
    assert!(run(&scripting, C::Eval, &["EVAL", "\u{1b}Lua", "0"]).starts_with("-ERR Error compiling script"));
}
