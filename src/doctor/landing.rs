//! The landing zone: whether it can be read, and whether each source has anything in it.

use super::finding::{Check, Finding, Verdict};
use crate::flow::Presence;

/// A source as the landing zone has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSource {
    /// Its name, which is its folder's.
    pub source: &'static str,
    /// Whether there may be nothing.
    pub presence: Presence,
    /// Seasons' files and folders in it, or why it cannot be looked at.
    pub holders: Result<usize, String>,
}

/// The landing zone in `directory`, with the number of dates that its schedule has, or why it has none.
#[must_use]
pub fn landing(directory: &str, dates: Result<usize, String>, sources: &[SeenSource]) -> Vec<Finding> {
    let mount = format!(
        "mount the landing bucket at {directory}, or mend landing.directory of tidegate.toml; `tidegate fetch` fills an empty one"
    );
    let dates = match dates {
        Ok(dates) => dates,
        Err(reason) => {
            let expected = "a directory with schedule/ and a folder for each source".to_owned();
            return vec![Finding::wrong(Verdict::Fail, Check::Landing, directory, [reason, expected, mount])];
        }
    };
    let mut findings = Vec::new();
    for SeenSource { source, presence, holders } in sources {
        let texts = |found: String| {
            let expected = format!("{directory}/{source} with a file for each season");
            let mend = format!(
                "put the payloads into {directory}/{source}; `tidegate fetch` brings those of the public service"
            );
            [found, expected, mend]
        };
        match (holders, presence) {
            (Ok(0), Presence::Required) => {
                let found = "nothing has landed: every date will be a dead letter".to_owned();
                findings.push(Finding::wrong(Verdict::Fail, Check::Landing, *source, texts(found)));
            }
            (Ok(_), Presence::Required | Presence::Optional) => {}
            (Err(reason), Presence::Required | Presence::Optional) => {
                findings.push(Finding::wrong(Verdict::Fail, Check::Landing, *source, texts(reason.clone())));
            }
        }
    }
    if findings.is_empty() {
        let found = format!("{dates} dates in the schedule, {} sources", sources.len());
        findings.push(Finding::ok(Check::Landing, directory, found));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_without_payloads_fails_where_there_must_be_some() {
        let source = |presence, holders| SeenSource { source: "logs", presence, holders };
        let cases = [
            (source(Presence::Required, Ok(4)), Verdict::Ok),
            (source(Presence::Required, Ok(0)), Verdict::Fail),
            (source(Presence::Optional, Ok(0)), Verdict::Ok),
            (source(Presence::Optional, Err("permission denied".to_owned())), Verdict::Fail),
        ];
        for (seen, verdict) in cases {
            let findings = landing("/landing", Ok(810), std::slice::from_ref(&seen));
            assert_eq!((findings.len(), findings[0].verdict), (1, verdict), "{seen:?}");
        }
        let findings = landing("/landing", Err("/landing is no directory".to_owned()), &[]);
        assert_eq!((findings.len(), findings[0].verdict), (1, Verdict::Fail));
    }
}
