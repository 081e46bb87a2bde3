//! Spans in any order, within the window and beyond it: each call once, or a word
//! that it may be twice.

use proptest::prelude::*;

use super::*;
use crate::trace::Item;
use mcppolicy_engine::time::Time;

/// A span of a trace; one without a tool is no call.
#[derive(Debug, Clone)]
struct Span {
    trace: u64,
    id: u64,
    parent: u64,
    side: Side,
    tool: Option<&'static str>,
    begun: i64,
    ended: i64,
}

/// What came of the spans.
#[derive(Debug)]
struct Read {
    calls: Vec<RecordedCall>,
    skipped: usize,
    assumed: Vec<Assumed>,
}

impl Read {
    fn has_warned(&self) -> bool {
        self.assumed.contains(&Assumed::ForgottenSpans)
    }
}

fn window(limits: Limits, told: usize) -> Window {
    Window {
        limits,
        told: Rc::new(RefCell::new(ToldSpans::of_most(told))),
        ..Window::default()
    }
}

fn few(calls: usize) -> Limits {
    Limits { calls, ..LIMITS }
}

fn read_into(window: &mut Window, spans: &[Span]) -> Read {
    let mut collector = Collector::default();
    for (line, span) in spans.iter().enumerate() {
        let text = |id: u64| id.to_string();
        let place = Place::new(
            Some(&text(span.trace)),
            Some(&text(span.id)),
            Some(&text(span.parent)),
            span.side,
        );
        let Some(tool) = span.tool else {
            window.link(&place, &mut collector);
            continue;
        };
        let time = |second: i64| Some(Time::from_nanos(i128::from(second) * 1_000_000_000));
        let call = RecordedCall {
            line: line + 1,
            time: time(span.begun),
            response_time: time(span.ended),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool.to_owned()),
                arguments: RecordedArguments::Unknown,
            })
        };
        let call = SpanCall {
            place,
            call,
            identity: Identity::default(),
            bytes: 200,
        };
        window.add(call, &mut collector);
    }
    window.close(&mut collector);
    assert_eq!(
        (
            window.waiting.calls,
            window.waiting.bytes,
            window.order.len()
        ),
        (0, 0, 0)
    );
    let mut read = Read {
        calls: Vec::new(),
        skipped: 0,
        assumed: collector.assumed(),
    };
    while let Some(ready) = collector.next() {
        match ready.into_item() {
            Item::Call(call) => read.calls.push(*call),
            Item::Skipped { .. } => read.skipped += 1,
            other => panic!("{other:?}"),
        }
    }
    read
}

/// The spans of `calls` calls, `per_trace` in each trace, by the shape of each: a
/// client, what carries it, a gateway's two sides and a server, some of them
/// missing; of some the request was made twice. And how many calls those are.
fn spans(shapes: &[u8], per_trace: usize) -> (Vec<Span>, usize) {
    let (mut spans, mut calls, mut id) = (Vec::new(), 0, 0);
    for (at, shape) in shapes.iter().enumerate() {
        let trace = (at / per_trace) as u64;
        let mut begun = at as i64 * 100;
        let mut parent = 1_000_000 + trace;
        let mut add = |side, tool, parent: &mut u64, begun: &mut i64| {
            id += 1;
            spans.push(Span {
                trace,
                id,
                parent: *parent,
                side,
                tool,
                begun: *begun,
                ended: at as i64 * 100 + 99 - *begun % 100,
            });
            *parent = id;
            *begun += 1;
        };
        add(Side::Client, Some("db__read"), &mut parent, &mut begun);
        calls += 1;
        let client = (parent, begun);
        if shape & 1 != 0 {
            add(Side::Client, None, &mut parent, &mut begun);
        }
        if shape & 2 != 0 {
            add(Side::Server, Some("db__read"), &mut parent, &mut begun);
            add(Side::Client, Some("read"), &mut parent, &mut begun);
        }
        if shape & 4 != 0 {
            add(Side::Server, Some("read"), &mut parent, &mut begun);
        }
        // A second request below the first span, once anything answered.
        if shape & 8 != 0 && shape & 6 != 0 {
            let (mut parent, begun) = client;
            add(
                Side::Server,
                Some("db__read"),
                &mut parent,
                &mut (begun + 40),
            );
            calls += 1;
        }
        // Another tool below it.
        if shape & 16 != 0 {
            add(Side::Client, Some("write"), &mut parent, &mut begun);
            calls += 1;
        }
    }
    (spans, calls)
}

/// The spans in another order, none further than `reach` behind its place.
fn shuffled(spans: &[Span], reach: usize, seed: u64) -> Vec<Span> {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let keys = spans
        .iter()
        .enumerate()
        .map(|(at, span)| (at + next(reach + 1), span));
    let mut keys: Vec<(usize, &Span)> = keys.collect();
    keys.sort_by_key(|(key, _)| *key);
    keys.into_iter().map(|(_, span)| span.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn calls_that_fit_the_window_count_once_in_any_order(
        shapes in prop::collection::vec(0_u8..32, 1..40),
        per_trace in 1_usize..50,
        seed in any::<u64>(),
    ) {
        let (spans, calls) = spans(&shapes, per_trace);
        let read = read_into(&mut Window::default(), &shuffled(&spans, spans.len(), seed));
        prop_assert_eq!(read.calls.len(), calls);
        prop_assert!(!read.has_warned());
        prop_assert!(read.calls.iter().all(|call| call.note.is_none()));
    }

    #[test]
    fn beyond_the_window_calls_count_once_or_it_is_said(
        shapes in prop::collection::vec(0_u8..32, 1..40),
        per_trace in 1_usize..50,
        most in 1_usize..30,
        reach in 0_usize..120,
        seed in any::<u64>(),
    ) {
        let (spans, calls) = spans(&shapes, per_trace);
        let order = shuffled(&spans, reach, seed);
        let read = read_into(&mut window(few(most), 10_000), &order);
        let of_calls = spans.iter().filter(|span| span.tool.is_some()).count();
        prop_assert_eq!(read.calls.len() + read.skipped, of_calls);
        if !read.has_warned() && !read.assumed.contains(&Assumed::JoinedByTime) {
            let of: Vec<usize> = read.calls.iter().map(|call| call.line).collect();
            prop_assert_eq!(read.calls.len(), calls, "{:?} of {:?}", of, order);
        }
    }
}

#[test]
fn a_trace_that_goes_on_after_it_was_forgotten_is_told() {
    let (spans, calls) = spans(&[6; 60], 1);
    let (late, rest) = spans.split_last().unwrap();
    let (first, between) = rest.split_first().unwrap();
    // The server's span of the first call, after all others.
    let server = &spans[3];
    let between: Vec<Span> = between
        .iter()
        .filter(|span| span.id != server.id)
        .cloned()
        .collect();
    let order = [
        std::slice::from_ref(first),
        &between[..],
        &[late.clone(), server.clone()],
    ]
    .concat();
    let read = read_into(&mut window(few(20), 1_000), &order);
    assert_eq!((read.calls.len(), read.has_warned()), (calls, false));
    let read = read_into(&mut window(few(20), 40), &order);
    assert_eq!((read.calls.len(), read.has_warned()), (calls + 1, true));
    let noted = read
        .calls
        .iter()
        .filter(|call| call.note.as_deref() == Some(FORGOTTEN));
    assert_eq!(noted.count(), 1);
}

#[test]
fn a_call_that_leaves_alone_has_a_note_and_its_other_side_counts_no_more() {
    let (mut spans, calls) = spans(&[4; 60], 1);
    // The first client's span comes last.
    let client = spans.remove(0);
    spans.push(client);
    let read = read_into(&mut window(few(20), 1_000), &spans);
    assert_eq!(read.calls.len(), calls);
    assert_eq!(read.calls[0].note.as_deref(), Some(ALONE));
    assert!(!read.has_warned());
}

#[test]
fn spans_of_one_call_in_several_logs_of_a_run_count_once() {
    let (spans, calls) = spans(&[7, 6, 4, 3, 12, 31], 2);
    let of = |role: usize| -> Vec<Span> {
        let role_of = |span: &Span| match (span.side, span.tool) {
            (Side::Server, Some("db__read")) | (Side::Client, Some("read")) => 1,
            (Side::Server, _) => 2,
            _ => 0,
        };
        let of = spans.iter().filter(|span| role_of(span) == role);
        of.cloned().collect()
    };
    let logs = [of(0), of(1), of(2)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        let records = Records::default();
        let counts = order.map(|log| {
            let mut window = Window::default();
            window.share(&records);
            let read = read_into(&mut window, &logs[log]);
            assert!(!read.has_warned(), "{order:?}");
            read.calls.len()
        });
        assert_eq!(counts.iter().sum::<usize>(), calls, "{order:?}");
    }
}

#[test]
fn one_trace_with_very_many_spans_leaves_in_parts() {
    let (spans, calls) = spans(&[7; 500], 500);
    let order = shuffled(&spans, 8, 5);
    let read = read_into(&mut window(few(40), 10_000), &order);
    assert_eq!((read.calls.len(), read.has_warned()), (calls, false));
}
