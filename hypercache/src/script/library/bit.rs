//! `bit`: operations on 32 bits, with the semantics of Lua BitOp.

use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;

use crate::script::arguments::Arguments;
use crate::script::library::add;
use crate::script::library::one;

/// Added to a number it moves the number's lowest 32 bits, rounded, into those of the sum's mantissa (2^52 + 2^51).
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// The library.
pub fn open(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    unary(lua, &table, "tobit", |bits| bits)?;
    unary(lua, &table, "bnot", |bits| !bits)?;
    unary(lua, &table, "bswap", u32::swap_bytes)?;
    folded(lua, &table, "band", |left, right| left & right)?;
    folded(lua, &table, "bor", |left, right| left | right)?;
    folded(lua, &table, "bxor", |left, right| left ^ right)?;
    shift(lua, &table, "lshift", |bits, by| bits << by)?;
    shift(lua, &table, "rshift", |bits, by| bits >> by)?;
    shift(lua, &table, "arshift", |bits, by| (bits.cast_signed() >> by).cast_unsigned())?;
    shift(lua, &table, "rol", u32::rotate_left)?;
    shift(lua, &table, "ror", u32::rotate_right)?;
    add(lua, &table, "tohex", tohex)?;
    Ok(table)
}

fn bits(args: &Arguments<'_>, index: usize) -> Result<u32> {
    Ok((args.number(index)? + SHIFT).to_bits() as u32)
}

fn number(lua: &Lua, bits: u32) -> Result<MultiValue> {
    one(f64::from(bits.cast_signed()), lua)
}

fn unary(lua: &Lua, table: &Table, name: &'static str, operation: fn(u32) -> u32) -> Result<()> {
    add(lua, table, name, move |lua, args| number(lua, operation(bits(&args, 0)?)))
}

fn folded(lua: &Lua, table: &Table, name: &'static str, operation: fn(u32, u32) -> u32) -> Result<()> {
    add(lua, table, name, move |lua, args| {
        let first = bits(&args, 0)?;
        let others = (1..args.len()).map(|index| bits(&args, index));
        let all = others.collect::<Result<Vec<_>>>()?.into_iter().fold(first, operation);
        number(lua, all)
    })
}

fn shift(lua: &Lua, table: &Table, name: &'static str, operation: fn(u32, u32) -> u32) -> Result<()> {
    add(lua, table, name, move |lua, args| number(lua, operation(bits(&args, 0)?, bits(&args, 1)? & 31)))
}

fn tohex(lua: &Lua, args: Arguments<'_>) -> Result<MultiValue> {
    let value = bits(&args, 0)?;
    let wanted = if args.len() > 1 { bits(&args, 1)?.cast_signed() } else { 8 };
    let digits = wanted.unsigned_abs().min(8) as usize;
    let text = if wanted < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    one(&text[8 - digits..], lua)
}

#[cfg(test)]
mod tests {
    use crate::script::test_bench::evaluate;

    #[test]
    fn operations_are_those_of_bitop() {
        for (script, result) in [
            ("bit.tobit(0xffffffff)", "-1"),
            ("bit.tobit(2^40 + 5)", "5"),
            ("bit.tobit(1.6)", "2"),
            ("bit.bnot(0)", "-1"),
            ("bit.band(0x12345678, 0xff)", "120"),
            ("bit.bor(1, 2, 4, '8')", "15"),
            ("bit.bxor(0xa5a5f0f0, 0xaa55ff00)", "267390960"),
            ("bit.lshift(1, 31)", "-2147483648"),
            ("bit.lshift(1, 32)", "1"),
            ("bit.rshift(-256, 8)", "16777215"),
            ("bit.arshift(-256, 8)", "-1"),
            ("bit.rol(0x12345678, 12)", "1164411171"),
            ("bit.ror(0x12345678, 12)", "1736516421"),
            ("bit.bswap(0x12345678)", "2018915346"),
            ("bit.tohex(1)", "00000001"),
            ("bit.tohex(-1, -4)", "FFFF"),
            ("bit.tohex(255, -2147483648)", "000000FF"),
        ] {
            assert_eq!(evaluate(&format!("return tostring({script})")), result, "{script}");
        }
    }

    #[test]
    fn arguments_that_are_no_numbers_are_refused() {
        assert_eq!(
            evaluate("bit.band('x')"),
            "-user_script:1: bad argument #1 to 'band' (number expected, got string)"
        );
        assert_eq!(
            evaluate("bit.lshift(1)"),
            "-user_script:1: bad argument #2 to 'lshift' (number expected, got no value)"
        );
    }
}
