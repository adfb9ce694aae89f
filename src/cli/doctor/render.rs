//! A report for people and for machines.

use serde_json::{Value, json};

use crate::cli::table::{Align, Table};
use crate::doctor::{Finding, Report, Verdict};

/// What is wrong, weightiest first, after a line for each check.
pub(super) fn text(home: &str, report: &Report) -> String {
    let mut table =
        Table::of(&[("", Align::Left), ("check", Align::Left), ("of", Align::Left), ("found", Align::Left)]);
    let mut groups: Vec<(&Finding, usize)> = Vec::new();
    for finding in report.findings() {
        let is_like = |(first, _): &&mut (&Finding, usize)| {
            (first.check, first.verdict, &first.found, &first.expected)
                == (finding.check, finding.verdict, &finding.found, &finding.expected)
        };
        match groups.iter_mut().find(is_like) {
            Some((_, count)) => *count += 1,
            None => groups.push((finding, 1)),
        }
    }
    for (finding, count) in &groups {
        let subject = subject(finding, *count);
        table.row([word(finding.verdict), finding.check.as_str().to_owned(), subject, finding.found.clone()]);
    }
    let mut text = format!("home {home}\n\n{}", table.render());
    groups.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.verdict));
    for (finding, count) in groups.iter().filter(|(finding, _)| !finding.mend.is_empty()) {
        text.push_str(&format!("\n{} {}", word(finding.verdict), finding.check.as_str()));
        let subject = subject(finding, *count);
        if !subject.is_empty() {
            text.push_str(&format!(": {subject}"));
        }
        text.push_str(&format!("\n  found     {}\n", finding.found));
        if !finding.expected.is_empty() {
            text.push_str(&format!("  expected  {}\n", finding.expected));
        }
        text.push_str(&format!("  mend      {}\n", finding.mend));
    }
    let unknown = report.count(Verdict::Unknown) + report.count(Verdict::Unserved);
    text.push_str(&format!(
        "\n{} ok, {} to be mended, {} to be watched, {unknown} unknown\n",
        report.count(Verdict::Ok),
        report.count(Verdict::Fail),
        report.count(Verdict::Warn),
    ));
    text
}

/// What a finding is of; of several that are alike, the first and how many more.
fn subject(finding: &Finding, count: usize) -> String {
    match count {
        1 => finding.subject.clone(),
        _ => format!("{} and {} more (--json names all)", finding.subject, count - 1),
    }
}

fn word(verdict: Verdict) -> String {
    verdict.as_str().to_uppercase()
}

/// Every finding.
pub(super) fn json_of(home: &str, report: &Report) -> Value {
    json!({
        "home": home,
        "verdict": report.verdict().as_str(),
        "ok": report.count(Verdict::Ok),
        "fail": report.count(Verdict::Fail),
        "warn": report.count(Verdict::Warn),
        "unknown": report.count(Verdict::Unknown) + report.count(Verdict::Unserved),
        "findings": report.findings(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Check;

    #[test]
    fn findings_that_are_alike_are_one_line_and_the_weightiest_is_mended_first() {
        let texts = |mend: &str| ["gone".to_owned(), "there".to_owned(), mend.to_owned()];
        let report = Report::of(vec![
            Finding::ok(Check::Ledger, "", "Postgres 15.4"),
            Finding::wrong(Verdict::Warn, Check::Strays, "t.old", texts("delete t.old")),
            Finding::wrong(Verdict::Fail, Check::Topics, "t.b", texts("make t.b")),
            Finding::wrong(Verdict::Fail, Check::Topics, "t.a", texts("make t.a")),
        ]);
        let text = text("cloud", &report);
        assert!(text.contains("FAIL  topics  t.a and 1 more (--json names all)  gone\n"), "{text}");
        assert!(text.find("mend      make t.a") < text.find("mend      delete t.old"), "{text}");
        assert!(text.ends_with("\n1 ok, 2 to be mended, 1 to be watched, 0 unknown\n"), "{text}");
        let json = json_of("cloud", &report);
        assert_eq!(
            json["findings"][1],
            json!({
                "check": "topics", "subject": "t.a", "verdict": "fail", "found": "gone", "expected": "there",
                "mend": "make t.a",
            })
        );
        assert_eq!((&json["verdict"], &json["fail"]), (&json!("fail"), &json!(2)));
    }
}
