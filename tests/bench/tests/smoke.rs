//! A run of few requests creates a whole report.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use bench::run::{Effort, run};
use bench::{report, targets};

#[test]
fn a_short_run_makes_a_report_with_charts() {
    let measured = run(&Effort::tiny()).unwrap();
    let verdicts = targets::judge(&measured);
    let folder = report::write(&measured, &verdicts).unwrap();
    let text = std::fs::read_to_string(folder.join("report.md")).unwrap();
    for part in [
        "header-rewrite: set and remove a request header",
        "| native | ",
        "| Lua | ",
        "| floor | ",
        "| ours | ",
        "| all four | ",
        "with Envoy 1.40.0",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let json = std::fs::read(folder.join("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let jobs = json["jobs"].as_array().unwrap();
    assert!(jobs.iter().any(
        |job| job["id"] == "jwt-es256" && job["filters"][0]["microseconds"]["median"].is_f64()
    ));
    // What the short run leaves out does not count as a success.
    let left_out = verdicts
        .iter()
        .find(|verdict| verdict.case == "cors, no origin")
        .unwrap();
    assert!(!left_out.holds());
    for chart in ["filters", "growth", "start"] {
        assert!(folder.join(format!("{chart}.svg")).is_file(), "{chart}");
    }
}
