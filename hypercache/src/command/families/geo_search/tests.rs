use crate::command::test_bench::Bench;
use crate::resp::Protocol;

fn sicily() -> Bench {
    let mut bench = Bench::new();
    bench.table(&[
        ("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2"),
        ("GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2", ":2"),
        ("SET t x", "+OK"),
    ]);
    bench
}

#[test]
fn circles_and_boxes_are_searched() {
    sicily().table(&[
        ("GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC", "*2 $7 Catania $7 Palermo"),
        ("GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km DESC", "*2 $7 Palermo $7 Catania"),
        (
            "GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST",
            "*4 *3 $7 Catania $7 56.4413 *2 $20 15.08726745843887329 $20 37.50266842333162032 *3 $7 Palermo $8 190.4424 \
             *2 $20 13.36138933897018433 $20 38.11555639549629859 *3 $5 edge2 $8 279.7403 *2 $20 17.24151045083999634 \
             $20 38.78813451624225195 *3 $5 edge1 $8 279.7405 *2 $19 12.7584877610206604 $20 38.78813451624225195",
        ),
        ("GEOSEARCH s FROMMEMBER Palermo BYRADIUS 0 m", "*1 $7 Palermo"),
        ("GEOSEARCH s FROMMEMBER Palermo BYRADIUS 1000 km COUNT 1 DESC", "*1 $5 edge2"),
        ("GEOSEARCH s FROMMEMBER Palermo BYRADIUS 1000 km COUNT 2", "*2 $7 Palermo $5 edge1"),
        ("GEOSEARCH s FROMLONLAT 100 -50 BYRADIUS 5 m", "*0"),
        ("GEOSEARCH s FROMLONLAT 15 37 BYRADIUS inf m ASC", "*4 $7 Catania $7 Palermo $5 edge2 $5 edge1"),
        ("GEOSEARCH none FROMMEMBER a BYBOX 1 1 m", "*0"),
        (
            "GEORADIUS s 15 37 200 km WITHDIST WITHHASH ASC",
            "*2 *3 $7 Catania $7 56.4413 :3479447370796909 *3 $7 Palermo $8 190.4424 :3479099956230698",
        ),
        ("GEORADIUSBYMEMBER s Palermo 200 km", "*3 $7 Palermo $5 edge1 $7 Catania"),
        ("GEORADIUS_RO s 15 37 200 km COUNT 1 ASC", "*1 $7 Catania"),
        ("GEORADIUSBYMEMBER_RO s Palermo 1 m", "*1 $7 Palermo"),
    ]);
}

#[test]
fn any_places_will_do_where_only_a_few_are_wanted() {
    let mut bench = sicily();
    let found = bench.run_line("GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2 ANY");
    assert!(found.starts_with("*2\r\n"), "{found}");
    bench.table(&[(
        "GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km COUNT 9 ANY DESC",
        "*4 $5 edge1 $5 edge2 $7 Palermo $7 Catania",
    )]);
}

#[test]
fn what_is_found_is_stored() {
    let mut bench = sicily();
    bench.table(&[
        ("GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 200 km", ":2"),
        ("ZRANGE d 0 -1 WITHSCORES", "*4 $7 Palermo $16 3479099956230698 $7 Catania $16 3479447370796909"),
        ("GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST COUNT 1", ":1"),
        ("ZRANGEBYSCORE d 56.44 56.45", "*1 $7 Catania"),
        ("GEORADIUS s 15 37 200 km STORE d STOREDIST e", ":2"),
        ("ZRANGEBYSCORE e 190.44 190.45", "*1 $7 Palermo"),
        ("ZCARD d", ":1"),
        ("GEORADIUSBYMEMBER s Palermo 1 m STORE s", ":1"),
        ("ZCARD s", ":1"),
        ("GEOSEARCHSTORE t s FROMLONLAT 100 -50 BYRADIUS 5 m", ":0"),
        ("EXISTS t", ":0"),
        ("GEORADIUS none 15 37 200 km STORE e", ":0"),
        ("EXISTS e", ":0"),
    ]);
    assert_eq!(bench.effects("GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 1 m").changes, 1);
    assert_eq!(bench.effects("GEOSEARCHSTORE none none FROMMEMBER a BYRADIUS 1 m").changes, 0);
}

#[test]
fn coordinates_are_numbers_in_the_newer_protocol() {
    let mut bench = sicily();
    bench.speak(Protocol::Resp3);
    bench.table(&[(
        "GEOSEARCH s FROMMEMBER Palermo BYRADIUS 1 m WITHCOORD WITHDIST WITHHASH",
        "*1 *4 $7 Palermo $6 0.0000 :3479099956230698 *2 ,13.36138933897018433 ,38.11555639549629859",
    )]);
}

#[test]
fn mistakes_are_told() {
    let (syntax, unit) = ("-ERR syntax error", "-ERR unsupported unit provided. please use M, KM, FT, MI");
    let middle = "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch";
    let extent = "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH";
    let stored =
        "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
    sicily().table(&[
        ("GEOSEARCH t FROMMEMBER a BYRADIUS 1 yd", Bench::WRONG_TYPE),
        ("GEORADIUS t x x x x", Bench::WRONG_TYPE),
        ("GEOSEARCH s FROMMEMBER none BYRADIUS 1 m", "-ERR could not decode requested zset member"),
        ("GEORADIUSBYMEMBER s none 1 m", "-ERR could not decode requested zset member"),
        ("GEORADIUSBYMEMBER none a x x", "*0"),
        (
            "GEOSEARCH s FROMLONLAT 200 1 BYRADIUS 1 m",
            "-ERR invalid longitude,latitude pair 200.000000,1.000000",
        ),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 yd", unit),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS x m", "-ERR need numeric radius"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS -1 m", "-ERR radius cannot be negative"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYBOX x 1 m", "-ERR need numeric width"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYBOX 1 x m", "-ERR need numeric height"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYBOX 1 -1 m", "-ERR height or width cannot be negative"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYBOX 1 1 m BYRADIUS 1 m", syntax),
        ("GEOSEARCH s FROMLONLAT 1 1 FROMMEMBER a BYRADIUS 1 m", syntax),
        ("geosearch s BYRADIUS 1 m ASC DESC", middle),
        ("GEOSEARCH s FROMLONLAT 1 1 ASC DESC", extent),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m ANY", "-ERR the ANY argument requires COUNT argument"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m COUNT 0", "-ERR COUNT must be > 0"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m COUNT x", "-ERR value is not an integer or out of range"),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m COUNT", syntax),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m STORE d", syntax),
        ("GEOSEARCH s FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST", syntax),
        ("GEORADIUS_RO s 1 1 1 m STORE d", syntax),
        ("GEORADIUS s 1 1 1 m STORE", syntax),
        ("GEORADIUS s 1 1 1 m STORE d WITHDIST", stored),
        (
            "GEOSEARCHSTORE d s FROMLONLAT 1 1 BYRADIUS 1 m WITHHASH",
            "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        ),
    ]);
}
