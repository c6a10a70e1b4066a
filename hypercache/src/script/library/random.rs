//! `math.random` and `math.randomseed` of Redis: the same numbers for the same seed on every machine.

use std::sync::Arc;

use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;
use parking_lot::Mutex;

use crate::script::arguments::Arguments;
use crate::script::library::add;
use crate::script::library::one;

/// The linear congruential generator of `drand48`: 48 bits, constants from POSIX.
const FACTOR: u64 = 0x5_deec_e66d;
const ADDEND: u64 = 0xb;
const MASK: u64 = (1 << 48) - 1;
/// The state before anybody gives a seed.
const INITIAL: u64 = 0x1234_abcd_330e;
/// The lowest 16 bits of the state that a seed gives.
const SEED_LOW: u64 = 0x330e;
/// The largest number it draws.
const DRAWN_MAX: u32 = i32::MAX as u32;

struct Generator(u64);

impl Generator {
    fn seeded(seed: i32) -> Self {
        Self(u64::from(seed.cast_unsigned()) << 16 | SEED_LOW)
    }

    /// 31 bits.
    fn draw(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(ADDEND) & MASK;
        (self.0 >> 17) as u32
    }

    /// From 0 to below 1.
    fn fraction(&mut self) -> f64 {
        f64::from(self.draw() % DRAWN_MAX) / f64::from(DRAWN_MAX)
    }
}

/// Puts both functions into `math`.
pub fn replace(lua: &Lua, math: &Table) -> Result<()> {
    let generator = Arc::new(Mutex::new(Generator(INITIAL)));
    let seeding = Arc::clone(&generator);
    add(lua, math, "random", move |lua, args| random(lua, &args, generator.lock().fraction()))?;
    add(lua, math, "randomseed", move |_, args| {
        *seeding.lock() = Generator::seeded(args.integer(0)? as i32);
        Ok(MultiValue::new())
    })
}

fn random(lua: &Lua, args: &Arguments<'_>, fraction: f64) -> Result<MultiValue> {
    let bound = |index| args.integer(index).map(|bound| f64::from(bound as i32));
    let (low, high, last) = match args.len() {
        0 => return one(fraction, lua),
        1 => (1.0, bound(0)?, 0),
        2 => (bound(0)?, bound(1)?, 1),
        _ => return Err(args.fail("wrong number of arguments")),
    };
    if low > high {
        return Err(args.refuse(last, "interval is empty"));
    }
    one((fraction * (high - low + 1.0)).floor() + low, lua)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::test_bench::evaluate;

    #[test]
    fn it_draws_what_drand48_draws() {
        // The first numbers of `lrand48` after `srand48(0)`, as the C library gives them.
        let mut generator = Generator::seeded(0);
        assert_eq!(
            [generator.draw(), generator.draw(), generator.draw()],
            [366_850_414, 1_610_402_240, 206_956_554]
        );
    }

    #[test]
    fn scripts_draw_the_same_numbers_from_the_same_seed() {
        let drawn = |seed| evaluate(&format!("math.randomseed({seed}) return tostring(math.random())"));
        assert_eq!(drawn(10), drawn(10));
        assert_ne!(drawn(10), drawn(20));
    }

    #[test]
    fn numbers_keep_within_their_bounds() {
        let all = "for i = 1, 1000 do local n = math.random(3, 5) if n < 3 or n > 5 or n % 1 ~= 0 then return 'no' end \
                   n = math.random(2) if n < 1 or n > 2 then return 'no' end end return 'yes'";
        assert_eq!(evaluate(all), "yes");
        assert_eq!(
            evaluate("math.random(0)"),
            "-user_script:1: bad argument #1 to 'random' (interval is empty)"
        );
        assert_eq!(
            evaluate("math.random(3, 2)"),
            "-user_script:1: bad argument #2 to 'random' (interval is empty)"
        );
        assert_eq!(evaluate("math.random(1, 2, 3)"), "-user_script:1: wrong number of arguments");
    }
}
