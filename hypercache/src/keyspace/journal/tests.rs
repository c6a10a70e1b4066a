use super::*;
use crate::value::string::Str;

fn author(client: u64) -> Author {
    Author::new(client, SocketAddr::from(([10, 0, 0, 7], 51422)), Via::Resp, 0xabc)
}

fn whats(journal: &Journal, hash: u64) -> Vec<(What, UnixMillis)> {
    journal.about(hash).map(|fact| (fact.what, fact.at)).collect()
}

#[test]
fn facts_are_told_newest_first_until_newer_ones_take_their_place() {
    let mut journal = Journal::new(5);
    for at in 0..23 {
        journal.written(at % 2, 10, None, true, at);
        let newest = whats(&journal, at % 2)[0];
        assert_eq!(newest, (What::Created, at));
    }
    assert_eq!(whats(&journal, 0).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [22, 20, 18]);
    assert_eq!(whats(&journal, 1).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [21, 19]);
    assert!(journal.bytes() <= 8 * size_of::<Fact>());
    journal.limit(3);
    assert_eq!(whats(&journal, 0).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [22, 20]);
    journal.limit(4);
    journal.written(0, 10, None, true, 24);
    journal.written(0, 10, None, true, 26);
    assert_eq!(whats(&journal, 0).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [26, 24, 22]);
}

#[test]
fn a_fact_is_small() {
    assert!(size_of::<Fact>() <= 104, "{}", size_of::<Fact>());
}

#[test]
fn without_room_nothing_is_kept() {
    let mut journal = Journal::new(0);
    let entry = Entry::new(b"k", Str::new(b"v").into(), None, 0);
    journal.written(1, 10, None, true, 0);
    journal.changed(1, 10, None, 0);
    journal.retimed(1, 10, None, 0);
    journal.left(1, &entry, Departure::Evicted, 0);
    journal.flushed(0, None);
    journal.sign(1, Some(author(1)));
    assert_eq!((journal.about(1).count(), journal.flush(), journal.bytes()), (0, None, 0));
}

#[test]
fn changes_in_a_row_are_one_fact() {
    let mut journal = Journal::new(8);
    journal.written(1, 10, None, true, 0);
    journal.changed(1, 20, None, 0);
    assert_eq!(whats(&journal, 1), [(What::Created, 0)], "by the same command");
    journal.sign(1, Some(author(1)));
    for at in 1..5 {
        journal.changed(1, 30, Some(99), at);
        journal.sign(1, Some(author(at)));
    }
    assert_eq!(whats(&journal, 1), [(What::Changed, 4), (What::Created, 0)]);
    let newest = journal.about(1).next().unwrap();
    assert_eq!((newest.bytes, newest.deadline(), newest.author), (30, Some(99), Some(author(4))));
    journal.changed(2, 10, None, 5);
    journal.changed(1, 10, None, 6);
    assert_eq!(whats(&journal, 1).len(), 3, "another key was changed in between");
}

#[test]
fn only_the_fact_that_has_just_come_about_is_signed() {
    let mut journal = Journal::new(8);
    journal.written(1, 10, None, true, 0);
    journal.written(2, 10, None, true, 0);
    journal.sign(1, Some(author(1)));
    journal.sign(2, None);
    assert!(journal.about(1).chain(journal.about(2)).all(|fact| fact.author.is_none()));
    journal.sign(2, Some(author(3)));
    let author = journal.about(2).next().unwrap().author.unwrap();
    assert_eq!((author.client, author.trace()), (3, Some(0xabc)));
    assert_eq!(author.address(), SocketAddr::from(([10, 0, 0, 7], 51422)), "not as IPv6 shows it");
}

#[test]
fn what_has_left_tells_of_its_life() {
    let mut journal = Journal::new(8);
    let mut entry = Entry::new(b"k", Str::new(b"v").into(), Some(90_000), 10_000);
    entry.hit(15_000);
    journal.left(1, &entry, Departure::Evicted, 40_000);
    let fact = journal.about(1).next().unwrap();
    assert_eq!(fact.life(), Some(Life { age: 30, idle: 25, hits: 1 }));
    assert_eq!((fact.departure(), fact.deadline()), (Some(Departure::Evicted), Some(90_000)));
    assert_eq!(fact.bytes, entry.footprint() as u64);
}
