use crate::command::test_bench::Bench;
use crate::resp::Protocol;

fn sicily() -> Bench {
    let mut bench = Bench::new();
    bench.table(&[("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2")]);
    bench
}

#[test]
fn places_are_scores_of_a_sorted_set() {
    sicily().table(&[
        ("TYPE s", "+zset"),
        ("ZSCORE s Palermo", "$16 3479099956230698"),
        ("GEOHASH s Palermo none Catania", "*3 $11 sqc8b49rny0 $-1 $11 sqdtr74hyu0"),
        ("GEOHASH none a", "*1 $-1"),
        ("GEOHASH s", "*0"),
        ("GEOPOS s Palermo none", "*2 *2 $20 13.36138933897018433 $20 38.11555639549629859 *-1"),
        ("GEOPOS none a b", "*2 *-1 *-1"),
        ("GEOPOS none", "*0"),
    ]);
}

#[test]
fn places_are_added_under_conditions() {
    sicily().table(&[
        ("GEOADD s 13 38 Palermo 13 38 new", ":1"),
        ("GEOADD s CH 13 38.5 Palermo 13 38 new", ":1"),
        ("GEOADD s NX CH 1 1 Palermo 1 1 newer", ":1"),
        ("GEOADD s ch xx 1 1 Palermo 1 1 newest", ":1"),
        ("GEOADD none XX 1 1 a", ":0"),
        ("EXISTS none", ":0"),
        ("ZCARD s", ":4"),
        ("ZREM s Palermo Catania new newer", ":4"),
        ("EXISTS s", ":0"),
    ]);
}

#[test]
fn distances_are_told_in_four_units() {
    sicily().table(&[
        ("GEODIST s Palermo Catania", "$11 166274.1516"),
        ("GEODIST s Palermo Catania m", "$11 166274.1516"),
        ("GEODIST s Palermo Catania KM", "$8 166.2742"),
        ("GEODIST s Palermo Catania mi", "$8 103.3182"),
        ("GEODIST s Palermo Catania ft", "$11 545518.8700"),
        ("GEODIST s Palermo Palermo", "$6 0.0000"),
        ("GEODIST s Palermo none", "$-1"),
        ("GEODIST none a b", "$-1"),
    ]);
}

#[test]
fn numbers_are_of_their_own_type_in_the_newer_protocol() {
    let mut bench = sicily();
    bench.speak(Protocol::Resp3);
    bench.table(&[
        ("GEOPOS s Palermo none", "*2 *2 ,13.36138933897018433 ,38.11555639549629859 _"),
        ("GEOHASH s none", "*1 _"),
        ("GEODIST s Palermo Catania", "$11 166274.1516"),
        ("GEODIST s Palermo none", "_"),
    ]);
}

#[test]
fn mistakes_are_told() {
    let mut bench = sicily();
    bench.table(&[
        ("SET t x", "+OK"),
        ("GEOADD t 1 1 a", Bench::WRONG_TYPE),
        ("GEODIST t a b", Bench::WRONG_TYPE),
        ("GEOHASH t a", Bench::WRONG_TYPE),
        ("GEOPOS t", Bench::WRONG_TYPE),
        ("GEOADD s 1 1", "-ERR wrong number of arguments for 'geoadd' command"),
        ("GEOADD s NX XX 1 1 a", "-ERR syntax error"),
        ("GEOADD s CH CH CH", "-ERR syntax error"),
        ("GEOADD s GT 1 1 a", "-ERR syntax error"),
        ("GEOADD s 1 1 a 2", "-ERR syntax error"),
        ("GEOADD s x 1 a", "-ERR value is not a valid float"),
        ("GEOADD s 1 1 a 200 100 b", "-ERR invalid longitude,latitude pair 200.000000,100.000000"),
        ("ZSCORE s a", "$-1"),
        ("GEODIST s a b yd", "-ERR unsupported unit provided. please use M, KM, FT, MI"),
        ("GEODIST s a b m m", "-ERR syntax error"),
    ]);
}
