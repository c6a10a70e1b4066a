use proptest::prelude::*;

use crate::script::test_bench::evaluate;
use crate::script::test_bench::evaluate_with;

#[test]
fn values_are_encoded_as_cjson_encodes_them() {
    for (value, json) in [
        ("{1, 2, 3}", "[1,2,3]"),
        ("{}", "{}"),
        ("{a = 1}", r#"{"a":1}"#),
        ("{[1] = 1, [3] = 3}", "[1,null,3]"),
        ("{[1.5] = 1}", r#"{"1.5":1}"#),
        ("{[0] = 1}", r#"{"0":1}"#),
        ("'a\"\\\\/\\b\\t\\n\\0\\127é'", "\"a\\\"\\\\\\/\\b\\t\\n\\u0000\\u007fé\""),
        ("1e20", "1e+20"),
        ("1/3", "0.33333333333333"),
        ("-0", "-0"),
        ("cjson.null", "null"),
        ("nil", "null"),
        ("true", "true"),
        ("{{{}}}", "[[{}]]"),
    ] {
        assert_eq!(evaluate(&format!("return cjson.encode({value})")), json, "{value}");
    }
}

#[test]
fn what_has_no_json_is_refused() {
    for (call, error) in [
        ("cjson.encode(1/0)", "Cannot serialise number: must not be NaN or Inf"),
        ("cjson.encode(0/0)", "Cannot serialise number: must not be NaN or Inf"),
        ("cjson.encode(print_)", "Script attempted to access nonexistent global variable 'print_'"),
        ("cjson.encode(tostring)", "Cannot serialise function: type not supported"),
        ("cjson.encode({[true] = 1})", "Cannot serialise boolean: table key must be a number or string"),
        ("cjson.encode({[1] = 1, [100] = 1})", "Cannot serialise table: excessively sparse array"),
        ("cjson.encode()", "bad argument #1 to 'encode' (expected 1 argument)"),
        ("local t = {} t[1] = t cjson.encode(t)", "Cannot serialise, excessive nesting (1001)"),
        (
            "cjson.encode_max_depth(1e9) local t = {} t[1] = t cjson.encode(t)",
            "Cannot serialise, excessive nesting (2001)",
        ),
        (
            "cjson.encode_number_precision(15)",
            "bad argument #1 to 'encode_number_precision' (expected integer between 1 and 14)",
        ),
        (
            "cjson.encode_keep_buffer(1, 2)",
            "bad argument #2 to 'encode_keep_buffer' (found too many arguments)",
        ),
        ("cjson.encode_keep_buffer('x')", "bad argument #1 to 'encode_keep_buffer' (invalid option 'x')"),
    ] {
        assert_eq!(evaluate(call), format!("-user_script:1: {error}"), "{call}");
    }
}

#[test]
fn settings_hold_and_are_told() {
    for (script, result) in [
        ("cjson.encode_sparse_array(true) return cjson.encode({[1] = 1, [100] = 2})", r#"{"1":1,"100":2}"#),
        ("cjson.encode_invalid_numbers('null') return cjson.encode({1/0, 0/0})", "[null,null]"),
        ("cjson.encode_invalid_numbers(true) return cjson.encode({1/0, 0/0})", "[inf,nan]"),
        ("cjson.encode_number_precision(3) return cjson.encode(1/3)", "0.333"),
        (
            "local c = cjson.new() c.encode_number_precision(3) return c.encode(1/3) .. cjson.encode(1/3)",
            "0.3330.33333333333333",
        ),
        ("local a, b, c = cjson.encode_sparse_array() return tostring(a) .. b .. c", "false210"),
        ("return tostring(cjson.encode_invalid_numbers('null'))", "null"),
        ("return tostring(cjson.decode_max_depth(5))", "5"),
        ("return tostring(cjson.encode_keep_buffer(false))", "false"),
    ] {
        assert_eq!(evaluate(script), result, "{script}");
    }
}

#[test]
fn json_is_decoded() {
    for (json, script, result) in [
        ("[1, 2.5, -3e2]", "return t[1] .. ' ' .. t[2] .. ' ' .. t[3]", "1 2.5 -300"),
        (
            r#"{"a": {"b": [true, false, null]}}"#,
            "return tostring(t.a.b[1]) .. tostring(t.a.b[2]) .. tostring(t.a.b[3] == cjson.null)",
            "truefalsetrue",
        ),
        (r#""\u00e9\ud83d\ude00\n\/""#, "return t", "é😀\n/"),
        ("0x10", "return tostring(t)", "16"),
        ("  [ ] ", "return tostring(#t)", "0"),
        ("-inf", "return tostring(t)", "-inf"),
        ("12\0rest", "return tostring(t)", "12"),
    ] {
        let script = format!("local t = cjson.decode(ARGV[1]) {script}");
        assert_eq!(evaluate_with(&script, &[json.as_bytes()]), result, "{json}");
    }
}

#[test]
fn wrong_json_is_refused_with_its_place() {
    for (json, error) in [
        ("", "Expected value but found T_END at character 1"),
        ("x", "Expected value but found invalid token at character 1"),
        ("[1,]", "Expected value but found T_ARR_END at character 4"),
        ("{1:2}", "Expected object key string but found T_NUMBER at character 2"),
        (r#"{"a" 1}"#, "Expected colon but found T_NUMBER at character 6"),
        (r#"{"a":1 "b"}"#, "Expected comma or object end but found T_STRING at character 8"),
        ("[1 2]", "Expected comma or array end but found T_NUMBER at character 4"),
        ("1 2", "Expected the end but found T_NUMBER at character 3"),
        (r#""a"#, "Expected value but found unexpected end of string at character 3"),
        (r#""\x""#, "Expected value but found invalid escape code at character 2"),
        (r#""\ud800x""#, "Expected value but found invalid unicode escape code at character 2"),
        (r#""\u12"#, "Expected value but found invalid unicode escape code at character 2"),
        ("-", "Expected value but found invalid number at character 1"),
        ("\0\0", "JSON parser does not support UTF-16 or UTF-32"),
    ] {
        assert_eq!(
            evaluate_with("cjson.decode(ARGV[1])", &[json.as_bytes()]),
            format!("-user_script:1: {error}"),
            "{json}"
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        evaluate_with("cjson.decode(ARGV[1])", &[deep.as_bytes()]),
        "-user_script:1: Found too many nested data structures (1001) at character 1001"
    );
    assert_eq!(
        evaluate_with("cjson.decode_max_depth(1e9) cjson.decode(ARGV[1])", &[deep.as_bytes()]),
        "-user_script:1: Found too many nested data structures (2001) at character 2001"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        evaluate_with("return type(cjson.decode(ARGV[1]))", &[&bytes]);
    }

    #[test]
    fn strings_come_back_as_they_went(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let back = evaluate_with(
            "return tostring(cjson.decode(cjson.encode({ARGV[1]}))[1] == ARGV[1])",
            &[&bytes],
        );
        prop_assert_eq!(back, "true");
    }
}
