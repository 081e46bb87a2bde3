//! Files on their own and merged, late calls, and repetitions.

use super::*;

#[test]
fn each_file_has_fresh_counters_unless_all_are_merged() {
    let ten = r#"{"ts":"2026-11-20T10:00:30Z","grant":"g","repeat":10,"tool":"run_workflow","expect":"allow"}"#;
    let early =
        r#"{"ts":"2026-11-20T10:00:00Z","grant":"g","tool":"run_workflow","expect":"allow"}"#;
    let apart = replay_with(&Options::default(), &[ten, early]);
    assert_eq!(apart.summary().passed, 11);
    let options = Options {
        order: Order::Merged,
        ..Options::default()
    };
    let merged = replay_with(&options, &[ten, early]);
    assert_eq!(merged.summary().failed, 1);
    let case = &merged.cases[0];
    let tenth = Repetitions {
        of: 10,
        first: 10,
        last: 10,
        count: 1,
    };
    // The early call of the second file came first.
    assert_eq!((case.trace, case.repetitions), (0, tenth));
}

#[test]
fn a_call_behind_its_closed_window_is_late_and_consumes_nothing() {
    let text = concat!(
        r#"{"ts":"2026-11-20T10:00:00Z","repeat":10,"tool":"run_workflow","expect":"allow"}"#,
        "\n",
        r#"{"ts":"2026-11-21T10:01:01Z","tool":"run_workflow","expect":"allow"}"#,
        "\n",
        r#"{"ts":"2026-11-20T10:00:59Z","tool":"run_workflow","expect":{"decision":"undetermined","reason":"late"}}"#,
        "\n",
        r#"{"ts":"2026-11-20T10:00:59Z","tool":"delete_asset","expect":"deny","note":"no limit concerns it"}"#,
    );
    assert_eq!(replay(text).summary().passed, 13);
    let patient = Options {
        max_lateness: TimeDelta::seconds(172_800),
        ..Options::default()
    };
    let results = replay_with(&patient, &[text]);
    assert_eq!(results.cases[0].actual.kind, Some(Kind::Limit));
}

#[test]
fn ten_million_repetitions_are_one_small_case() {
    let results = replay(
        r#"{"ts":"2026-11-20T10:00:00Z","repeat":10000000,"every":"1s","tool":"delete_asset","expect":"allow"}"#,
    );
    assert_eq!(results.summary().failed, 10_000_000);
    assert_eq!(results.cases.len(), 1);
}

proptest::proptest! {
    /// A repeated call is decided as its repetitions written out one by one.
    #[test]
    fn repeating_is_writing_out(
        lines in proptest::collection::vec(
            (1_u64..25, 0_u64..9, 0_u64..200, 0_usize..3, proptest::bool::ANY, 0_usize..8),
            1..6,
        ),
        is_merged: bool,
    ) {
        let order = if is_merged { Order::Merged } else { Order::PerFile };
        let grants = ["\"a\"", "\"b\"", "null"];
        let start = mcppolicy_engine::time::Time::parse("2026-11-20T10:00:00Z").unwrap();
        let (mut repeated, mut written) = (String::new(), Vec::new());
        for (repeat, every, at, grant, charge, unknown) in lines {
            let call = match (charge, unknown) {
                (true, 1) => r#""tool":"create_charge","arguments_unknown":true"#,
                (true, _) => r#""tool":"create_charge","arguments":{"currency":"eur","amount":30000}"#,
                (false, _) => r#""tool":"run_workflow""#,
            };
            let call = format!("\"grant\":{},{call}", grants[grant]);
            let ts = |index: u64| match unknown {
                0 => "null".to_owned(),
                _ => format!("\"{}\"", start.plus(TimeDelta::seconds((at + index * every) as i64))),
            };
            repeated.push_str(&format!(
                "{{\"ts\":{},\"repeat\":{repeat},\"every\":\"{every}s\",{call}}}\n", ts(0)
            ));
            for index in 0..repeat {
                written.push(format!("{{\"ts\":{},{call}}}\n", ts(index)));
            }
        }
        let tally = |cases: Vec<(usize, usize, Actual)>| -> BTreeMap<String, usize> {
            let mut tally = BTreeMap::new();
            for (_, _, actual) in cases {
                *tally.entry(format!("{actual:?}")).or_default() += 1;
            }
            tally
        };
        let options = Options { all_cases: true, order, ..Options::default() };
        let short = replay_with(&options, &[&repeated]);
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for case in &short.cases {
            *counted.entry(format!("{:?}", case.actual)).or_default()
                += case.repetitions.count as usize;
        }
        proptest::prop_assert_eq!(
            counted,
            tally(decisions(order, &[&written.concat()]))
        );
    }
}
