use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const SIZES: [i32; 4] = [-2, -1, 3, 0];

fn limits(size: i32) -> Limits {
    Limits { list_listpack_size: size, ..Limits::DEFAULT }
}

fn list(elements: &[&[u8]], limits: &Limits) -> List {
    let mut list = List::new();
    elements.iter().for_each(|element| list.push(End::Right, element, limits));
    list
}

#[test]
fn encodings_change_at_the_limits() {
    let limits = limits(-2);
    let mut list = List::new();
    // 7 bytes around the entries, 103 for each.
    let element = [b'x'; 100];
    for _ in 0..79 {
        list.push(End::Left, &element, &limits);
    }
    assert_eq!(list.encoding(), "listpack");
    list.push(End::Left, &element, &limits);
    assert_eq!(list.encoding(), "quicklist");
    list.cut(End::Right, 40);
    list.settle(&limits);
    assert_eq!((list.len(), list.encoding()), (40, "quicklist"));
    list.pop(End::Left);
    list.settle(&limits);
    assert_eq!((list.len(), list.encoding()), (39, "listpack"));
    list.expect([&[b'y'; 5000][..]].into_iter(), &limits);
    assert_eq!(list.encoding(), "quicklist");
}

#[test]
fn sizes_that_are_positive_count_elements() {
    let limits = limits(3);
    let mut list = list(&[b"a", b"b", b"c"], &limits);
    assert_eq!(list.encoding(), "listpack");
    list.push(End::Right, b"d", &limits);
    assert_eq!(list.encoding(), "quicklist");
    list.cut(End::Left, 3);
    list.settle(&limits);
    assert_eq!(list.encoding(), "listpack");
}

#[test]
fn small_elements_take_little_memory() {
    let limits = limits(-2);
    let mut list = List::new();
    for number in 0..100_000 {
        list.push(End::Right, number.to_string().as_bytes(), &limits);
    }
    assert!(list.heap_bytes() < 600_000, "{}", list.heap_bytes());
    assert_eq!(list.get(50_000), Some(Element::Int(50_000)));
    list.cut(End::Left, 99_999);
    assert!(list.heap_bytes() < 9000, "{}", list.heap_bytes());
}

#[derive(Debug, Clone)]
enum Step {
    Push(bool, Vec<u8>),
    Pop(bool),
    Set(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Cut(bool, usize),
    RemoveEqual(bool, usize, Vec<u8>),
    Clone,
}

fn step() -> impl Strategy<Value = Step> {
    let element = || {
        prop_oneof![
            3 => "[a-c]{0,2}".prop_map(String::into_bytes),
            3 => (-300..300_i64).prop_map(|number| number.to_string().into_bytes()),
            1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
            1 => (0..3000_usize).prop_map(|len| vec![b'x'; len]),
            1 => (4000..9000_usize).prop_map(|len| vec![b'y'; len]),
        ]
    };
    prop_oneof![
        8 => (any::<bool>(), element()).prop_map(|(left, element)| Step::Push(left, element)),
        2 => any::<bool>().prop_map(Step::Pop),
        2 => (any::<usize>(), element()).prop_map(|(at, element)| Step::Set(at, element)),
        3 => (any::<usize>(), element()).prop_map(|(at, element)| Step::Insert(at, element)),
        1 => (any::<bool>(), 0..12_usize).prop_map(|(left, count)| Step::Cut(left, count)),
        1 => (any::<bool>(), 1..4_usize, element()).prop_map(|(l, n, element)| Step::RemoveEqual(l, n, element)),
        1 => Just(Step::Clone),
    ]
}

fn end(left: bool) -> End {
    if left { End::Left } else { End::Right }
}

fn remove_equal(model: &mut VecDeque<Vec<u8>>, left: bool, count: usize, element: &[u8]) -> usize {
    let mut removed = 0;
    while removed < count {
        let mut elements = model.iter();
        let found =
            if left { elements.position(|e| e == element) } else { elements.rposition(|e| e == element) };
        let Some(at) = found else { break };
        model.remove(at);
        removed += 1;
    }
    removed
}

fn apply(list: &mut List, model: &mut VecDeque<Vec<u8>>, step: Step, limits: &Limits) {
    let len = model.len();
    match step {
        Step::Push(left, element) => {
            list.push(end(left), &element, limits);
            if left { model.push_front(element) } else { model.push_back(element) }
        }
        Step::Pop(left) => {
            let expected = if left { model.pop_front() } else { model.pop_back() };
            let peeked = list.peek(end(left)).map(|element| element.bytes().into_owned());
            assert_eq!(peeked, expected);
            assert_eq!(list.pop(end(left)), expected.is_some());
        }
        Step::Set(at, element) if len > 0 => {
            list.set(at % len, &element, limits);
            model[at % len] = element;
        }
        Step::Insert(at, element) if len > 0 => {
            list.insert(at % len, &element, limits);
            model.insert(at % len, element);
        }
        Step::Set(..) | Step::Insert(..) => {}
        Step::Cut(left, count) => {
            list.cut(end(left), count);
            for _ in 0..count {
                if left {
                    model.pop_front()
                } else {
                    model.pop_back()
                };
            }
        }
        Step::RemoveEqual(left, count, element) => {
            let removed = list.remove_equal(&element, count, end(left), limits);
            assert_eq!(removed, remove_equal(model, left, count, &element));
        }
        Step::Clone => {
            let copy = list.clone();
            assert_eq!(&copy, list);
            *list = copy;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A list behaves as a deque does, from both ends and by number, and knows its memory.
    #[test]
    fn a_list_behaves_as_a_deque(
        steps in prop::collection::vec(step(), 0..80),
        size in prop::sample::select(&SIZES[..]),
    ) {
        let (mut list, mut model, limits) = (List::new(), VecDeque::new(), limits(size));
        for step in steps {
            apply(&mut list, &mut model, step, &limits);
            prop_assert_eq!(list.len(), model.len());
            prop_assert_eq!(list.heap_bytes(), list.counted_heap_bytes());
        }
        let bytes = |element: Element<'_>| element.bytes().into_owned();
        prop_assert!(list.iter().map(bytes).eq(model.iter().cloned()));
        prop_assert!(list.iter().rev().map(bytes).eq(model.iter().rev().cloned()));
        for (number, element) in model.iter().enumerate() {
            prop_assert_eq!(list.get(number).map(bytes), Some(element.clone()));
            prop_assert!(list.iter_from(number).map(bytes).eq(model.iter().skip(number).cloned()));
        }
        prop_assert_eq!(list.get(model.len()), None);
        prop_assert_eq!(list.iter_from(model.len()).count(), 0);
    }
}
