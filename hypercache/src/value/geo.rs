//! Places on the earth as scores of a sorted set, as Redis keeps them: 52-bit geohashes (G. M. Niemeyer, 2008), the bits
//! of longitude and latitude in turn, so that places whose scores are near each other are near each other.

pub mod shape;

/// Bits of longitude and of latitude in a score.
const STEPS: u32 = 26;
/// Radius of the earth that distances are told for, in metres.
const EARTH_RADIUS: f64 = 6_372_797.560_856;
/// Degrees of longitude of a place, at most.
const LONGITUDE_MAX: f64 = 180.0;
/// Degrees of latitude of a place, at most: where the Mercator projection (EPSG:3857) ends.
const LATITUDE_MAX: f64 = 85.051_128_78;
/// Degrees of latitude that a geohash for others begins with: all there are.
const STANDARD_LATITUDE_MAX: f64 = 90.0;
/// Digits of a geohash for others.
const ALPHABET: [u8; 32] = *b"0123456789bcdefghjkmnpqrstuvwxyz";
/// Digits that Redis has always told; 52 bits fill ten of them, and the last is zero.
const TEXT_DIGITS: usize = 11;

/// A place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Degrees to the east, from -180 to 180.
    pub longitude: f64,
    /// Degrees to the north, from -85.05112878 to 85.05112878.
    pub latitude: f64,
}

/// A part of the earth: one of the 2^`steps` times 2^`steps` that it is divided into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    column: u32,
    row: u32,
    steps: u32,
}

impl Place {
    /// A place, if these degrees are ones of a place.
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let known = longitude.abs() <= LONGITUDE_MAX && latitude.abs() <= LATITUDE_MAX;
        known.then_some(Self { longitude, latitude })
    }

    /// Its score.
    pub fn score(self) -> f64 {
        self.cell(STEPS, LATITUDE_MAX).bits() as f64
    }

    /// The place that a score stands for: the middle of the cell.
    pub fn of_score(score: f64) -> Self {
        let bits = score as u64;
        let cell = Cell { column: every_other_bit(bits >> 1), row: every_other_bit(bits), steps: STEPS };
        let (west, east) = cell.longitudes();
        let (south, north) = cell.latitudes();
        let middle = |low: f64, high: f64, most: f64| f64::midpoint(low, high).clamp(-most, most);
        Self { longitude: middle(west, east, LONGITUDE_MAX), latitude: middle(south, north, LATITUDE_MAX) }
    }

    /// Its geohash as others write it.
    pub fn geohash(self) -> String {
        let bits = self.cell(STEPS, STANDARD_LATITUDE_MAX).bits();
        let digit = |at: usize| match (2 * STEPS as usize).checked_sub(5 * (at + 1)) {
            Some(shift) => ALPHABET[(bits >> shift) as usize % ALPHABET.len()],
            None => ALPHABET[0],
        };
        (0..TEXT_DIGITS).map(|at| char::from(digit(at))).collect()
    }

    /// Metres to another place, along a great circle (by the haversine formula).
    pub fn distance(self, other: Self) -> f64 {
        let half_sine = |from: f64, to: f64| ((to.to_radians() - from.to_radians()) / 2.0).sin();
        let across = half_sine(self.longitude, other.longitude);
        if across == 0.0 {
            return self.distance_north(other);
        }
        let along = half_sine(self.latitude, other.latitude);
        let cosines = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        2.0 * EARTH_RADIUS * (along * along + cosines * across * across).sqrt().asin()
    }

    /// Metres to the latitude of another place.
    fn distance_north(self, other: Self) -> f64 {
        EARTH_RADIUS * (other.latitude.to_radians() - self.latitude.to_radians()).abs()
    }

    /// The cell that it lies in where latitudes go up to `latitude_max`.
    fn cell(self, steps: u32, latitude_max: f64) -> Cell {
        let index =
            |degrees: f64, most: f64| ((degrees + most) / (2.0 * most) * f64::from(1_u32 << steps)) as u32;
        Cell { column: index(self.longitude, LONGITUDE_MAX), row: index(self.latitude, latitude_max), steps }
    }
}

impl Cell {
    /// Bits of column and row in turn, the row's last.
    fn bits(self) -> u64 {
        spread(self.column) << 1 | spread(self.row)
    }

    /// The cell so many columns to the east and rows to the north; beyond the last comes the first.
    fn neighbour(self, east: i32, north: i32) -> Self {
        let moved = |index: u32, by: i32| match by {
            0 => index,
            _ => index.wrapping_add_signed(by) & ((1 << self.steps) - 1),
        };
        Self { column: moved(self.column, east), row: moved(self.row, north), ..self }
    }

    /// Scores of the places in it: from the first on, before the second.
    fn scores(self) -> (f64, f64) {
        let shift = 2 * (STEPS - self.steps);
        ((self.bits() << shift) as f64, ((self.bits() + 1) << shift) as f64)
    }

    /// Its western and eastern end.
    fn longitudes(self) -> (f64, f64) {
        self.ends(self.column, LONGITUDE_MAX)
    }

    /// Its southern and northern end.
    fn latitudes(self) -> (f64, f64) {
        self.ends(self.row, LATITUDE_MAX)
    }

    fn ends(self, index: u32, most: f64) -> (f64, f64) {
        let end = |index: u64| index as f64 / f64::from(1_u32 << self.steps) * (2.0 * most) - most;
        (end(index.into()), end(u64::from(index) + 1))
    }
}

/// The bits of a number, each with a zero before it.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// The opposite of `spread`; what stands between the bits is left out.
fn every_other_bit(bits: u64) -> u32 {
    let mut bits = bits & 0x5555_5555_5555_5555;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        bits = (bits | bits >> shift) & mask;
    }
    bits as u32
}

#[cfg(test)]
mod tests;
