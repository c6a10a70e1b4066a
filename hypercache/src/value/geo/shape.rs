//! Shapes around a place, and which scores the places inside can have.

use crate::value::geo::Cell;
use crate::value::geo::EARTH_RADIUS;
use crate::value::geo::LATITUDE_MAX;
use crate::value::geo::Place;
use crate::value::geo::STEPS;

/// Metres from which on the earth is not divided, half way round it.
const WIDEST: f64 = 20_037_726.37;

/// A shape around a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Its middle.
    pub middle: Place,
    /// How far it reaches.
    pub extent: Extent,
}

/// How far a shape reaches, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Extent {
    /// As far as this in every direction.
    Radius(f64),
    /// Half of each to either side.
    Box {
        /// From west to east.
        width: f64,
        /// From south to north.
        height: f64,
    },
}

/// Degrees that a shape lies between.
struct Bounds {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Shape {
    /// Metres from the middle to a place; none where it lies outside.
    pub fn distance(&self, place: Place) -> Option<f64> {
        let distance = || self.middle.distance(place);
        match self.extent {
            Extent::Radius(radius) => Some(distance()).filter(|distance| *distance <= radius),
            Extent::Box { width, height } => {
                let level = Place { latitude: place.latitude, ..self.middle };
                let inside =
                    place.distance_north(self.middle) <= height / 2.0 && place.distance(level) <= width / 2.0;
                inside.then(distance)
            }
        }
    }

    /// Scores that places inside can have, from the first of each pair on and before the second: the cell of the middle,
    /// then those around it, in the order in which Redis tells what it finds there.
    pub fn scores(&self) -> Vec<(f64, f64)> {
        let bounds = self.bounds();
        let mut cell = self.middle.cell(self.steps(), LATITUDE_MAX);
        if cell.steps > 1 && !bounds.are_within_neighbours(cell) {
            cell = self.middle.cell(cell.steps - 1, LATITUDE_MAX);
        }
        let mut found: Vec<Cell> = Vec::with_capacity(9);
        for (east, north) in [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
            let neighbour = cell.neighbour(east, north);
            // Where there are two columns or rows, the neighbours on both sides are the same.
            if bounds.reach(cell, east, north) && !found.contains(&neighbour) {
                found.push(neighbour);
            }
        }
        found.into_iter().map(Cell::scores).collect()
    }

    fn bounds(&self) -> Bounds {
        let (width, height) = match self.extent {
            Extent::Radius(radius) => (radius, radius),
            Extent::Box { width, height } => (width / 2.0, height / 2.0),
        };
        let Place { longitude, latitude } = self.middle;
        let up = (height / EARTH_RADIUS).to_degrees();
        // A degree of longitude is shortest where the shape is nearest to a pole.
        let nearest = if latitude < 0.0 { latitude - up } else { latitude + up };
        let aside = (width / EARTH_RADIUS / nearest.to_radians().cos()).to_degrees();
        Bounds {
            west: longitude - aside,
            south: latitude - up,
            east: longitude + aside,
            north: latitude + up,
        }
    }

    /// How finely the earth is divided, so that a cell with its neighbours takes the shape in.
    fn steps(&self) -> u32 {
        let mut reach = match self.extent {
            Extent::Radius(radius) => radius,
            Extent::Box { width, height } => (width / 2.0).hypot(height / 2.0),
        };
        if reach == 0.0 {
            return STEPS;
        }
        let mut steps: u32 = 1;
        while reach < WIDEST && steps < 2 * STEPS {
            reach *= 2.0;
            steps += 1;
        }
        // The neighbours take in more than the cell, and columns become narrow near the poles.
        let narrow = [66.0, 80.0].iter().filter(|limit| self.middle.latitude.abs() > **limit).count() as u32;
        steps.saturating_sub(2 + narrow).clamp(1, STEPS)
    }
}

impl Bounds {
    /// Whether a cell and those around it reach as far.
    fn are_within_neighbours(&self, cell: Cell) -> bool {
        let (_, north) = cell.neighbour(0, 1).latitudes();
        let (south, _) = cell.neighbour(0, -1).latitudes();
        let (_, east) = cell.neighbour(1, 0).longitudes();
        let (west, _) = cell.neighbour(-1, 0).longitudes();
        !(north < self.north || south > self.south || east < self.east || west > self.west)
    }

    /// Whether they go beyond the cell to where that neighbour lies. Where the earth is divided into few cells, one
    /// may be reached from the other side as well.
    fn reach(&self, cell: Cell, east: i32, north: i32) -> bool {
        let (west_end, east_end) = cell.longitudes();
        let (south_end, north_end) = cell.latitudes();
        let beyond = |by: i32, low: bool, high: bool| match by {
            0 => true,
            1 => !high,
            _ => !low,
        };
        cell.steps < 2
            || (beyond(east, west_end < self.west, east_end > self.east)
                && beyond(north, south_end < self.south, north_end > self.north))
    }
}
