use proptest::prelude::*;

use crate::script::test_bench::evaluate;
use crate::script::test_bench::evaluate_with;

#[test]
fn values_are_packed_in_the_shortest_form() {
    for (values, bytes) in [
        ("1, 127, 128, 255, 256, 65535, 65536", "017fcc80ccffcd0100cdffffce00010000"),
        ("4294967296", "cf0000000100000000"),
        ("-1, -32, -33, -128, -129, -32769", "ffe0d0dfd080d1ff7fd2ffff7fff"),
        ("-2147483649", "d3ffffffff7fffffff"),
        ("1.5", "ca3fc00000"),
        ("0.1", "cb3fb999999999999a"),
        ("true, false, nil", "c3c2c0"),
        ("'abc'", "a3616263"),
        ("{1, 2}", "920102"),
        ("{}", "90"),
        ("{a = 1}", "81a16101"),
        ("{[2] = 1}", "810201"),
        ("tostring", "c0"),
    ] {
        let script = format!(
            "local s, r = cmsgpack.pack({values}), '' \
             for i = 1, #s do r = r .. string.format('%02x', s:byte(i)) end return r"
        );
        assert_eq!(evaluate(&script), bytes, "{values}");
    }
}

#[test]
fn values_come_back_as_they_went() {
    for (script, result) in [
        (
            "local t = cmsgpack.unpack(cmsgpack.pack({a = {1, 'x', {b = true}}})) return tostring(t.a[3].b)",
            "true",
        ),
        ("local a, b = cmsgpack.unpack(cmsgpack.pack(1, 'x')) return a .. b", "1x"),
        ("local at, a = cmsgpack.unpack_one(cmsgpack.pack(5, 6)) return at .. ' ' .. a", "1 5"),
        ("local at, a = cmsgpack.unpack_one(cmsgpack.pack(5, 6), 1) return at .. ' ' .. a", "-1 6"),
        (
            "local at, a, b = cmsgpack.unpack_limit(cmsgpack.pack(5, 6, 7), 2) return at .. ' ' .. a .. b",
            "2 56",
        ),
        ("local s = ('x'):rep(70000) return tostring(cmsgpack.unpack(cmsgpack.pack(s)) == s)", "true"),
        (
            "local t = {} t.t = t local n = 0 t = cmsgpack.unpack(cmsgpack.pack(t)) \
          while t do n, t = n + 1, t.t end return tostring(n)",
            "16",
        ),
    ] {
        assert_eq!(evaluate(script), result, "{script}");
    }
}

#[test]
fn hostile_input_is_refused() {
    for (bytes, error) in [
        (&b"\xdd\xff\xff\xff\xff"[..], "Missing bytes in input."),
        (b"\xdf\xff\xff\xff\xff\x01", "Missing bytes in input."),
        (b"\xdb\xff\xff\xff\xffabc", "Missing bytes in input."),
        (b"\xcf\x01", "Missing bytes in input."),
        (b"\xc1", "Bad data format in input."),
        (b"\x81\xc0\x01", "Bad data format in input."),
    ] {
        let found = evaluate_with("cmsgpack.unpack(ARGV[1])", &[bytes]);
        assert_eq!(found, format!("-user_script:1: {error}"), "{bytes:?}");
    }
    let deep = [0x91].repeat(100_000);
    assert!(evaluate_with("cmsgpack.unpack(ARGV[1])", &[&deep]).contains("too many return values"));
    let many = [1].repeat(100_000);
    assert!(evaluate_with("cmsgpack.unpack(ARGV[1])", &[&many]).contains("too many return values"));
    for (call, error) in [
        ("cmsgpack.pack()", "bad argument #0 to 'pack' (MessagePack pack needs input.)"),
        ("cmsgpack.unpack()", "bad argument #1 to 'unpack' (string expected, got no value)"),
        ("cmsgpack.unpack_one('x', 5)", "Start offset 5 greater than input length 1."),
        ("cmsgpack.unpack_one('x', -1)", "Invalid request to unpack with offset of -1 and limit of 1."),
    ] {
        assert_eq!(evaluate(call), format!("-user_script:1: {error}"), "{call}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_unpacked_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        evaluate_with("return tostring(#{cmsgpack.unpack(ARGV[1])})", &[&bytes]);
    }
}
