//! Lua to MessagePack.

use mlua::Result;
use mlua::Table;
use mlua::Value;

/// A table nested deeper than this is written as nil, and so a table that holds itself ends, too.
const NESTING_MAX: usize = 16;

/// Appends `value`, which is nested `level` deep.
pub fn pack(value: &Value, level: usize, packed: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::String(text) => string(&text.as_bytes(), packed),
        Value::Boolean(truth) => packed.push(if *truth { 0xc3 } else { 0xc2 }),
        Value::Integer(number) => integer(*number, packed),
        Value::Number(number) => self::number(*number, packed),
        Value::Table(table) if level < NESTING_MAX => self::table(table, level, packed)?,
        _ => packed.push(0xc0),
    }
    Ok(())
}

fn string(text: &[u8], packed: &mut Vec<u8>) {
    match text.len() {
        length @ 0..32 => packed.push(0xa0 | length as u8),
        length @ 32..0x100 => packed.extend_from_slice(&[0xd9, length as u8]),
        length @ 0x100..0x1_0000 => {
            packed.push(0xda);
            packed.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            packed.push(0xdb);
            packed.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
    packed.extend_from_slice(text);
}

fn number(number: f64, packed: &mut Vec<u8>) {
    let whole = number as i64;
    if whole as f64 == number && whole != i64::MAX {
        integer(whole, packed);
    } else if f64::from(number as f32) == number {
        packed.push(0xca);
        packed.extend_from_slice(&(number as f32).to_be_bytes());
    } else {
        packed.push(0xcb);
        packed.extend_from_slice(&number.to_be_bytes());
    }
}

fn integer(number: i64, packed: &mut Vec<u8>) {
    let mut write = |mark: u8, bytes: &[u8]| {
        packed.push(mark);
        packed.extend_from_slice(bytes);
    };
    match number {
        0..=0x7f => packed.push(number as u8),
        -32..0 => packed.push(number as i8 as u8),
        0x80..=0xff => write(0xcc, &[number as u8]),
        0x100..=0xffff => write(0xcd, &(number as u16).to_be_bytes()),
        0x1_0000..=0xffff_ffff => write(0xce, &(number as u32).to_be_bytes()),
        0x1_0000_0000.. => write(0xcf, &number.to_be_bytes()),
        -0x80..-32 => write(0xd0, &[number as i8 as u8]),
        -0x8000..-0x80 => write(0xd1, &(number as i16).to_be_bytes()),
        -0x8000_0000..-0x8000 => write(0xd2, &(number as i32).to_be_bytes()),
        ..-0x8000_0000 => write(0xd3, &number.to_be_bytes()),
    }
}

fn header(length: usize, small: u8, marks: [u8; 2], packed: &mut Vec<u8>) {
    match length {
        0..16 => packed.push(small | length as u8),
        16..0x1_0000 => {
            packed.push(marks[0]);
            packed.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            packed.push(marks[1]);
            packed.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
}

fn table(table: &Table, level: usize, packed: &mut Vec<u8>) -> Result<()> {
    let (mut count, mut longest, mut is_array) = (0_usize, 0.0_f64, true);
    for pair in table.pairs::<Value, Value>() {
        let index = match pair?.0 {
            Value::Integer(index) => index as f64,
            Value::Number(index) => index,
            _ => 0.0,
        };
        is_array &= index > 0.0 && index.fract() == 0.0 && index <= f64::from(i32::MAX);
        longest = longest.max(index);
        count += 1;
    }
    if is_array && longest == count as f64 {
        header(count, 0x90, [0xdc, 0xdd], packed);
        return (1..=count).try_for_each(|index| pack(&table.raw_get(index)?, level + 1, packed));
    }
    header(count, 0x80, [0xde, 0xdf], packed);
    table.pairs::<Value, Value>().try_for_each(|pair| {
        let (key, value) = pair?;
        pack(&key, level + 1, packed)?;
        pack(&value, level + 1, packed)
    })
}
