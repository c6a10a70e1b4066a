use std::ops::Bound;

use proptest::prelude::*;

use super::*;
use crate::value::limits::Limits;
use crate::value::stream::block::Entry;
use crate::value::stream::group::Pending;
use crate::value::stream::trim::Keep;
use crate::value::stream::trim::Trim;

const SMALL: Limits = Limits { stream_node_entries: 4, ..Limits::DEFAULT };

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn id(ms: u64, seq: u64) -> Id {
    Id { ms, seq }
}

fn append(log: &mut Log, id: Id, fields: &[(Vec<u8>, Vec<u8>)], limits: &Limits) {
    log.append(id, fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())), limits);
}

fn told(entry: Entry<'_>) -> (Id, Pairs) {
    let owned = |(name, value): (crate::value::list::entry::Element<'_>, _)| {
        let value: crate::value::list::entry::Element<'_> = value;
        (name.bytes().into_owned(), value.bytes().into_owned())
    };
    (entry.id, entry.fields.map(owned).collect())
}

fn numbered(count: u64, limits: &Limits) -> Stream {
    let mut stream = Stream::new();
    for ms in 1..=count {
        append(stream.log_mut(), id(ms, 0), &[(b"f".to_vec(), ms.to_string().into_bytes())], limits);
    }
    stream
}

#[test]
fn blocks_end_where_redis_ends_them() {
    assert_eq!(numbered(100, &Limits::DEFAULT).log().blocks(), 1);
    assert_eq!(numbered(101, &Limits::DEFAULT).log().blocks(), 2);
    assert_eq!(numbered(9, &SMALL).log().blocks(), 3);
    let unbounded = Limits { stream_node_entries: 0, stream_node_bytes: 0, ..SMALL };
    assert_eq!(numbered(5000, &unbounded).log().blocks(), 1);
    let mut wide = Stream::new();
    for ms in 1..=3 {
        append(wide.log_mut(), id(ms, 0), &[(b"f".to_vec(), vec![b'x'; 3000])], &Limits::DEFAULT);
    }
    assert_eq!(wide.log().blocks(), 3);
}

#[test]
fn names_of_the_first_entry_are_written_once() {
    let name = vec![b'n'; 60];
    let bytes = |names: [&[u8]; 2]| {
        let mut stream = Stream::new();
        for ms in 1..=40 {
            append(
                stream.log_mut(),
                id(ms, 0),
                &[(names[ms as usize % 2].to_vec(), b"1".to_vec())],
                &Limits::DEFAULT,
            );
        }
        stream.heap_bytes()
    };
    let other = vec![b'm'; 60];
    assert!(2 * bytes([&name, &name]) < bytes([&name, &other]));
}

#[test]
fn a_block_whose_entries_are_mostly_deleted_gives_room_back() {
    let mut stream = numbered(1000, &Limits::DEFAULT);
    let before = stream.heap_bytes();
    (1..=1000).filter(|ms| ms % 10 != 0).for_each(|ms| assert!(stream.log_mut().remove(id(ms, 0))));
    assert!(3 * stream.heap_bytes() < before, "{} of {before}", stream.heap_bytes());
    assert_eq!(stream.log().iter().count(), 100);
    (1..=100).for_each(|tens| assert!(stream.log_mut().remove(id(tens * 10, 0))));
    assert_eq!((stream.log().blocks(), stream.log().first_id()), (0, Id::ZERO));
    assert_eq!(stream.log().last_id(), id(1000, 0));
}

#[test]
fn distances_may_be_negative_and_as_long_as_numbers_are() {
    let mut stream = Stream::new();
    let ids = [id(1, u64::MAX), id(2, 0), id(u64::MAX - 1, 7), id(u64::MAX, 0), Id::MAX];
    ids.iter()
        .for_each(|id| append(stream.log_mut(), *id, &[(b"f".to_vec(), b"".to_vec())], &Limits::DEFAULT));
    assert_eq!(stream.log().blocks(), 1);
    assert_eq!(stream.log().iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
    assert_eq!(
        stream.log().iter().rev().map(|entry| entry.id).collect::<Vec<_>>(),
        [4, 3, 2, 1, 0].map(|at| ids[at])
    );
}

#[test]
fn whole_blocks_go_and_no_more_than_allowed() {
    let trim = |keep, whole_blocks, limit| {
        let mut stream = numbered(20, &SMALL);
        let removed = stream.log_mut().trim(&Trim { keep, whole_blocks, limit });
        (removed, stream.log().first_id().ms)
    };
    assert_eq!(trim(Keep::Len(10), true, None), (8, 9));
    assert_eq!(trim(Keep::Len(10), false, None), (10, 11));
    assert_eq!(trim(Keep::From(id(11, 0)), true, None), (8, 9));
    assert_eq!(trim(Keep::From(id(11, 0)), false, None), (10, 11));
    assert_eq!(trim(Keep::Len(0), true, Some(9)), (8, 9));
    assert_eq!(trim(Keep::Len(0), true, None), (20, 0));
    assert_eq!(trim(Keep::Len(20), false, None), (0, 1));
}

#[test]
fn what_is_pending_is_with_one_consumer() {
    let mut stream = numbered(3, &SMALL);
    assert!(stream.create_group(b"g", Id::ZERO, None));
    assert!(!stream.create_group(b"g", Id::ZERO, None));
    stream.change_group(b"g", |group, _| {
        let first = group.create_consumer(b"b", 5).unwrap();
        let second = group.create_consumer(b"a", 5).unwrap();
        assert_eq!(group.create_consumer(b"a", 6), None);
        let names: Vec<_> = group.consumers().map(|consumer| consumer.name().to_vec()).collect();
        assert_eq!(names, [b"a", b"b"]);
        for consumer in [first, second] {
            group.give(id(1, 0), Pending { consumer, delivered: 9, deliveries: 1 }, 9);
        }
        group.give(id(2, 0), Pending { consumer: first, delivered: 9, deliveries: 1 }, 9);
        assert_eq!((group.consumer(first).pending().len(), group.consumer(second).pending().len()), (1, 1));
        assert_eq!(group.next_pending(Bound::Excluded(id(1, 0))).unwrap().0, id(2, 0));
        group.deliver_again(id(2, 0), 12);
        assert_eq!(group.pending()[&id(2, 0)], Pending { consumer: first, delivered: 12, deliveries: 2 });
        assert!(group.acknowledge(id(1, 0)));
        assert!(!group.acknowledge(id(1, 0)));
        assert_eq!((group.remove_consumer(b"b"), group.remove_consumer(b"b")), (Some(1), None));
        assert!(group.pending().is_empty());
        // The number of one that is gone is free again, and means the new one.
        let third = group.create_consumer(b"c", 20).unwrap();
        assert_eq!((third, group.consumer(third).name()), (first, &b"c"[..]));
    });
    assert_eq!(stream.heap_bytes(), stream.counted_heap_bytes());
    assert_eq!(stream.clone(), stream);
    assert!(stream.remove_group(b"g"));
    assert_eq!(stream.heap_bytes(), stream.log().heap_bytes());
}

#[test]
fn the_lag_is_known_until_something_is_deleted_ahead() {
    let mut stream = numbered(5, &SMALL);
    stream.create_group(b"g", Id::ZERO, None);
    let lag = |stream: &Stream| stream.group(b"g").unwrap().lag(stream.log());
    assert_eq!(lag(&stream), Some(5));
    stream.change_group(b"g", |group, log| group.note_read(id(1, 0), log));
    assert_eq!((stream.group(b"g").unwrap().entries_read(), lag(&stream)), (Some(1), Some(4)));
    stream.log_mut().remove(id(4, 0));
    assert_eq!(lag(&stream), None);
    stream.change_group(b"g", |group, log| group.note_read(id(2, 0), log));
    assert_eq!(stream.group(b"g").unwrap().entries_read(), None);
    stream.change_group(b"g", |group, log| group.note_read(id(5, 0), log));
    assert_eq!((stream.group(b"g").unwrap().entries_read(), lag(&stream)), (Some(5), Some(0)));
}

/// The same as plain data.
#[derive(Default)]
struct Model {
    entries: Vec<(Id, Pairs)>,
    last: Id,
    greatest_deleted: Id,
    added: i64,
}

#[derive(Debug, Clone)]
enum Step {
    Append(u64, u64, Pairs),
    Remove(usize),
    RemoveId(Id),
    Trim(Trim),
    Range(Id, Id),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"f".to_vec()),
        Just(b"17".to_vec()),
        Just(b"-9223372036854775808".to_vec()),
        prop::collection::vec(any::<u8>(), 0..90),
    ]
}

fn any_id() -> impl Strategy<Value = Id> {
    (0..60_u64, 0..4_u64).prop_map(|(ms, seq)| id(ms, seq))
}

fn any_step() -> impl Strategy<Value = Step> {
    let keep = prop_oneof![(0..30_usize).prop_map(Keep::Len), any_id().prop_map(Keep::From)];
    let trim = (keep, any::<bool>(), prop::option::of(0..12_usize));
    let trim = trim.prop_map(|(keep, whole_blocks, limit)| Trim {
        keep,
        whole_blocks,
        limit: limit.filter(|_| whole_blocks),
    });
    prop_oneof![
        8 => (0..3_u64, 0..4_u64, prop::collection::vec((bytes(), bytes()), 1..4)).prop_map(|(ms, seq, pairs)| Step::Append(ms, seq, pairs)),
        3 => any::<usize>().prop_map(Step::Remove),
        1 => any_id().prop_map(Step::RemoveId),
        1 => trim.prop_map(Step::Trim),
        2 => (any_id(), any_id()).prop_map(|(start, end)| Step::Range(start, end)),
    ]
}

impl Model {
    fn remove(&mut self, id: Id) -> bool {
        let found = self.entries.iter().position(|(has, _)| *has == id);
        if let Some(at) = found {
            self.entries.remove(at);
            self.greatest_deleted = self.greatest_deleted.max(id);
        }
        found.is_some()
    }

    /// Takes so many off the front; whether that is one of the numbers which the trim may give.
    fn trim(&mut self, trim: &Trim, removed: usize) -> bool {
        let most = match trim.keep {
            Keep::Len(len) => self.entries.len().saturating_sub(len),
            Keep::From(id) => self.entries.partition_point(|(has, _)| *has < id),
        };
        self.entries.drain(..removed.min(self.entries.len()));
        let allowed = removed <= most && trim.limit.is_none_or(|limit| removed <= limit);
        allowed && (trim.whole_blocks || removed == most)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_stream_is_like_a_list_of_entries(
        steps in prop::collection::vec(any_step(), 1..120),
        node_entries in 0..6_usize,
        node_bytes in prop_oneof![Just(0_usize), 20..300_usize],
    ) {
        let limits = Limits { stream_node_entries: node_entries, stream_node_bytes: node_bytes, ..Limits::DEFAULT };
        let (mut stream, mut model) = (Stream::new(), Model::default());
        for step in steps {
            let log = stream.log_mut();
            match step {
                Step::Append(ms, seq, pairs) => {
                    let next = if ms == 0 { id(model.last.ms, model.last.seq + 1 + seq) } else { id(model.last.ms + ms, seq) };
                    append(log, next, &pairs, &limits);
                    model.entries.push((next, pairs));
                    (model.last, model.added) = (next, model.added + 1);
                }
                Step::Remove(at) => {
                    let Some(chosen) = at.checked_rem(model.entries.len()).map(|at| model.entries[at].0) else { continue };
                    prop_assert!(log.remove(chosen));
                    prop_assert!(model.remove(chosen));
                }
                Step::RemoveId(id) => prop_assert_eq!(log.remove(id), model.remove(id)),
                Step::Trim(trim) => {
                    let removed = log.trim(&trim);
                    prop_assert!(model.trim(&trim, removed), "{:?} removed {}", trim, removed);
                }
                Step::Range(start, end) => {
                    let wanted: Vec<_> = model.entries.iter().filter(|(id, _)| (start..=end).contains(id)).cloned().collect();
                    let got: Vec<_> = log.range(start..=end).map(told).collect();
                    let mut back: Vec<_> = log.range(start..=end).rev().map(told).collect();
                    back.reverse();
                    prop_assert_eq!(&got, &wanted);
                    prop_assert_eq!(back, wanted);
                }
            }
            let log = stream.log();
            prop_assert_eq!(log.iter().map(told).collect::<Vec<_>>(), model.entries.clone());
            prop_assert_eq!(log.len(), model.entries.len());
            prop_assert_eq!(log.first_id(), model.entries.first().map_or(Id::ZERO, |(id, _)| *id));
            prop_assert_eq!(log.last_present_id(), model.entries.last().map(|(id, _)| *id));
            prop_assert_eq!((log.last_id(), log.greatest_deleted_id(), log.added()), (model.last, model.greatest_deleted, model.added));
            prop_assert_eq!(stream.heap_bytes(), stream.counted_heap_bytes());
            let copy = stream.clone();
            prop_assert_eq!(copy.heap_bytes(), copy.counted_heap_bytes());
            prop_assert_eq!(&copy, &stream);
        }
    }
}
