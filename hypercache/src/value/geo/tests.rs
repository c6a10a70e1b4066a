use proptest::prelude::*;

use super::*;
use crate::value::geo::shape::Extent;
use crate::value::geo::shape::Shape;

fn at(longitude: f64, latitude: f64) -> Place {
    Place::new(longitude, latitude).unwrap()
}

#[test]
fn places_have_the_scores_and_geohashes_of_redis() {
    for (place, score, geohash) in [
        (at(13.361389, 38.115556), 3_479_099_956_230_698.0, "sqc8b49rny0"),
        (at(15.087269, 37.502669), 3_479_447_370_796_909.0, "sqdtr74hyu0"),
        (at(0.0, 0.0), 3_377_699_720_527_872.0, "s0000000000"),
        (at(-180.0, -85.051_128_78), 0.0, "00bh0hbj200"),
    ] {
        assert_eq!(place.score(), score);
        assert_eq!(Place::of_score(score).geohash(), geohash);
    }
    assert_eq!(Place::new(180.1, 0.0), None);
    assert_eq!(Place::new(0.0, -85.06), None);
    assert_eq!(Place::new(f64::INFINITY, 0.0), None);
}

#[test]
fn distances_are_those_of_redis() {
    let (palermo, catania) =
        (Place::of_score(3_479_099_956_230_698.0), Place::of_score(3_479_447_370_796_909.0));
    assert_eq!(format!("{:.4}", palermo.distance(catania)), "166274.1516");
    assert_eq!(palermo.distance(palermo), 0.0);
    assert_eq!(at(5.0, 1.0).distance(at(5.0, 2.0)), at(9.0, 1.0).distance_north(at(3.0, 2.0)));
}

#[test]
fn beyond_the_last_column_comes_the_first() {
    let cell = Cell { column: 3, row: 0, steps: 2 };
    assert_eq!(cell.neighbour(1, -1), Cell { column: 0, row: 3, steps: 2 });
    assert_eq!(cell.neighbour(-1, 1), Cell { column: 2, row: 1, steps: 2 });
    assert_eq!(
        cell.scores(),
        (f64::from(0b1010 << 24) * f64::from(1 << 24), f64::from(0b1011 << 24) * f64::from(1 << 24))
    );
}

fn place() -> impl Strategy<Value = Place> {
    (-180.0..180.0_f64, -85.0..85.0_f64).prop_map(|(longitude, latitude)| at(longitude, latitude))
}

fn extent() -> impl Strategy<Value = Extent> {
    let metres = || (0.0..7.5_f64).prop_map(|digits| 10_f64.powf(digits));
    prop_oneof![
        metres().prop_map(Extent::Radius),
        (metres(), metres()).prop_map(|(width, height)| Extent::Box { width, height }),
    ]
}

proptest! {
    #[test]
    fn bits_are_spread_and_gathered(number: u32, other: u32) {
        prop_assert_eq!(every_other_bit(spread(number) | spread(other) << 1), number);
    }

    /// A place that is read from its score lies within half a cell of the one that was written, and has the same score.
    #[test]
    fn a_score_tells_its_place(place in place()) {
        let read = Place::of_score(place.score());
        prop_assert_eq!(read.score(), place.score());
        prop_assert!(read.distance(place) < 0.6, "{read:?}");
    }

    /// No score is in two ranges, so that no place is told twice.
    #[test]
    fn ranges_of_scores_do_not_overlap(middle in place(), extent in extent()) {
        let mut ranges = Shape { middle, extent }.scores();
        ranges.sort_by(|one, other| one.0.total_cmp(&other.0));
        prop_assert!(ranges.iter().all(|(first, end)| first < end));
        prop_assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{ranges:?}");
    }

    /// What lies within a shape has a score in one of its ranges. Away from the poles, and from where the longitudes
    /// begin: there Redis may miss places of large shapes as well.
    #[test]
    fn all_within_a_shape_is_found(
        middle in (-90.0..90.0_f64, -50.0..50.0_f64),
        offset in (-1.0..1.0_f64, -1.0..1.0_f64),
        extent in (0.0..6.0_f64, 0.0..6.0_f64, any::<bool>()),
    ) {
        let (one, other) = (10_f64.powf(extent.0), 10_f64.powf(extent.1));
        let extent = if extent.2 { Extent::Radius(one) } else { Extent::Box { width: one, height: other } };
        let shape = Shape { middle: at(middle.0, middle.1), extent };
        let reach = (one.max(other) / 50_000.0).min(30.0);
        let place = Place::of_score(at(middle.0 + offset.0 * reach, middle.1 + offset.1 * reach).score());
        if shape.distance(place).is_some() {
            let score = place.score();
            prop_assert!(shape.scores().iter().any(|(first, end)| (*first..*end).contains(&score)), "{place:?}");
        }
    }
}
