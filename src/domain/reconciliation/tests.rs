//! Reports: the last one is kept, and tells so many differences.

use super::*;

fn report(made_at: i64) -> Report {
    Report { made_at: Timestamp::from_millis(made_at), ..Report::default() }
}

#[test]
fn the_last_comparison_is_kept_and_an_older_one_does_not_replace_it() {
    let mut kept = Reconciliation::default();
    for (made_at, then) in [(5, 5), (5, 5), (3, 5), (8, 8)] {
        for event in kept.keep(report(made_at)) {
            kept.apply(&event, &Stamp::default());
        }
        assert_eq!(kept.last, Some(report(then)), "after the one of {made_at}");
    }
}

#[test]
fn a_report_tells_so_many_differences_and_counts_the_rest() {
    let mut report = report(1);
    for _ in 0..DIFFERENCES_MAX + 2 {
        report.note(Difference {
            kind: DifferenceKind::MoneyKept,
            order: None,
            number: None,
            payment: None,
            gateway_id: None,
            ours: None,
            theirs: None,
        });
    }
    assert_eq!((report.differences.len(), report.more), (DIFFERENCES_MAX, 2));
    let kept = Reconciliation { last: Some(report) };
    assert_eq!(kept.check(), Ok(()));
    let bytes = bincode::serialize(&kept).expect("bytes");
    assert_eq!(bincode::deserialize::<Reconciliation>(&bytes).expect("read back"), kept);
}
