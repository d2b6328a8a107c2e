//! `bodega reconcile`: compares the payment gateway's books with those of the running shop.

use serde_json::Value;

use crate::{
    cli::say,
    config::Settings,
    control::{ControlAnswer, ControlRequest, call},
};

use super::Ended;

/// Asks the running shop for a comparison, waits for it and tells it. Ends well only if the two
/// books agree.
pub fn reconcile(settings: &Settings, days: u32, as_json: bool) -> Result<(), Ended> {
    let mut request = ControlRequest::Reconcile { days };
    loop {
        match call(&settings.data_dir, &request).map_err(Ended::plainly)? {
            // Each question is answered after some seconds; the next one only waits for the same.
            ControlAnswer::Working => request = ControlRequest::Reconciled,
            ControlAnswer::Report(report) => return tell(&report, as_json),
            ControlAnswer::Refused { detail, .. } | ControlAnswer::Failed { detail } => {
                return Err(Ended::Plainly(detail));
            }
            ControlAnswer::Done | ControlAnswer::Status(_) => {
                return Err(Ended::plainly("the shop's answer is not understood"));
            }
        }
    }
}

fn tell(report: &Value, as_json: bool) -> Result<(), Ended> {
    let told = if as_json { report.to_string() } else { in_words(report) };
    say(&told).map_err(Ended::plainly)?;
    match differences_in(report) {
        0 => Ok(()),
        1 => Err(Ended::plainly("one thing does not agree")),
        count => Err(Ended::plainly(format!("{count} things do not agree"))),
    }
}

fn differences_in(report: &Value) -> u64 {
    let shown = report["differences"].as_array().map_or(0, Vec::len);
    let more = report["more"].as_u64().unwrap_or_default();
    u64::try_from(shown).unwrap_or(u64::MAX).saturating_add(more)
}

fn in_words(report: &Value) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let mut lines = vec![format!(
        "{} charges and {} refunds of the gateway `{}` compared with {} orders, since {}",
        report["charges"],
        report["refunds"],
        word(&report["gateway"]),
        report["orders"],
        word(&report["since"]),
    )];
    for difference in report["differences"].as_array().into_iter().flatten() {
        lines.push(format!(
            "NOT THE SAME: order {} ({}): {}; ours {}, theirs {}\n  to do: {}",
            word(&difference["orderNumber"]),
            word(&difference["gatewayId"]),
            word(&difference["detail"]),
            word(&difference["ours"]),
            word(&difference["theirs"]),
            word(&difference["proposal"]),
        ));
    }
    if report["more"] != 0 {
        lines.push(format!("and {} more", report["more"]));
    }
    if differences_in(report) == 0 {
        lines.push("both books say the same".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_healthy_day_is_told_in_one_sentence_and_a_difference_with_what_to_do() {
        let mut report = json!({
            "gateway": "demo", "charges": 2, "refunds": 1, "orders": 3, "since": "yesterday",
            "differences": [], "more": 0,
        });
        assert!(in_words(&report).ends_with("both books say the same"));
        assert_eq!(differences_in(&report), 0);
        report["differences"] = json!([{
            "orderNumber": 1001, "gatewayId": "ch_1", "detail": "it differs",
            "proposal": "refund it", "ours": null, "theirs": 5,
        }]);
        report["more"] = json!(2);
        assert!(in_words(&report).contains(
            "NOT THE SAME: order 1001 (ch_1): it differs; ours nothing, theirs 5\n  \
             to do: refund it"
        ));
        assert!(in_words(&report).ends_with("and 2 more"));
        assert_eq!(differences_in(&report), 3);
    }
}
