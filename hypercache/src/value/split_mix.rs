//! Numbers that look drawn by chance, the same from the same state (SplitMix64: Steele, Lea and Flood, "Fast splittable
//! pseudorandom number generators", OOPSLA 2014).

/// What a state grows by with each number.
pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Steps on to the next state.
pub fn advance(state: &mut u64) {
    *state = state.wrapping_add(STEP);
}

/// Steps on, and the number of the new state.
pub fn next(state: &mut u64) -> u64 {
    advance(state);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference_implementation() {
        let mut state = 1_234_567;
        let numbers: Vec<u64> = (0..3).map(|_| next(&mut state)).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
