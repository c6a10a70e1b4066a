use crate::script::test_bench::evaluate;

fn packed(arguments: &str) -> String {
    let hex = "local r = '' for i = 1, #s do r = r .. string.format('%02x', s:byte(i)) end return r";
    evaluate(&format!("local s = struct.pack({arguments}) {hex}"))
}

fn unpacked(arguments: &str) -> String {
    evaluate(&format!(
        "local r = {{struct.unpack({arguments})}} for i = 1, #r do r[i] = tostring(r[i]) end return table.concat(r, ' ')"
    ))
}

#[test]
fn values_are_packed_in_their_formats() {
    for (arguments, bytes) in [
        ("'>I2h', 1, -2", "0001fffe"),
        ("'<I2h', 1, -2", "0100feff"),
        ("'bB', -1, 255", "ffff"),
        ("'>l', 1", "0000000000000001"),
        ("'>i16', 1", "00000000000000000000000000000001"),
        ("'>f', 1.5", "3fc00000"),
        ("'>d', 1.5", "3ff8000000000000"),
        ("'s', 'ab'", "616200"),
        ("'c2', 'abc'", "6162"),
        ("'c0', 'abc'", "616263"),
        ("'Bxx B', 1, 2", "01000002"),
        ("'>!4 BI4', 1, 2", "0100000000000002"),
        ("'>!BI3', 1, 2", "010000000002"),
        ("''", ""),
    ] {
        assert_eq!(packed(arguments), bytes, "{arguments}");
    }
}

#[test]
fn values_are_unpacked_from_their_formats() {
    for (arguments, values) in [
        ("'>I2h', '\\0\\1\\255\\254'", "1 -2 5"),
        ("'<i3', '\\255\\255\\255'", "-1 4"),
        ("'I3', '\\255\\255\\255'", "16777215 4"),
        ("'>f', struct.pack('>f', 1.5)", "1.5 5"),
        ("'d', struct.pack('d', -2.25)", "-2.25 9"),
        ("'s', 'ab\\0cd'", "ab 4"),
        ("'c3', 'abcd', 2", "bcd 5"),
        ("'Bc0', '\\2abc'", "ab 4"),
        ("'i0', ''", "0 1"),
        ("'', 'abc', 3", "3"),
    ] {
        assert_eq!(unpacked(arguments), values, "{arguments}");
    }
}

#[test]
fn sizes_are_told() {
    for (arguments, size) in
        [("'>BHLd'", "19"), ("'!8BL'", "16"), ("'c10'", "10"), ("'i'", "4"), ("'T'", "8"), ("'x'", "1")]
    {
        assert_eq!(evaluate(&format!("return tostring(struct.size({arguments}))")), size, "{arguments}");
    }
}

#[test]
fn hostile_formats_are_refused() {
    for (call, error) in [
        ("struct.pack('i33', 1)", "integral size 33 is larger than limit of 32"),
        ("struct.pack('I99999999999', 1)", "integral size overflow"),
        ("struct.pack('!3', 1)", "alignment 3 is not a power of 2"),
        ("struct.pack('!0', 1)", "alignment 0 is not a power of 2"),
        ("struct.pack('c5', 'abc')", "bad argument #3 to 'pack' (string too short)"),
        ("struct.pack('q', 1)", "bad argument #1 to 'pack' (invalid format option 'q')"),
        ("struct.pack('B')", "bad argument #2 to 'pack' (number expected, got no value)"),
        ("struct.unpack('B', '')", "bad argument #2 to 'unpack' (data string too short)"),
        ("struct.unpack('c2147483647', 'a')", "bad argument #2 to 'unpack' (data string too short)"),
        ("struct.unpack('B', 'abc', 100)", "bad argument #2 to 'unpack' (data string too short)"),
        ("struct.unpack('B', 'abc', 0)", "bad argument #3 to 'unpack' (offset must be 1 or greater)"),
        (
            "struct.unpack('B', 'abc', -9007199254740992)",
            "bad argument #3 to 'unpack' (offset must be 1 or greater)",
        ),
        (
            "struct.unpack('lc0', '\\255\\255\\255\\255\\255\\255\\255\\255a')",
            "bad argument #2 to 'unpack' (data string too short)",
        ),
        ("struct.unpack('c0', 'abc')", "format 'c0' needs a previous size"),
        ("struct.unpack('s', 'abc')", "unfinished string in data"),
        ("struct.size('s')", "bad argument #1 to 'size' (option 's' has no fixed size)"),
        ("struct.size('c0')", "bad argument #1 to 'size' (option 'c0' has no fixed size)"),
    ] {
        assert_eq!(evaluate(call), format!("-user_script:1: {error}"), "{call}");
    }
}
