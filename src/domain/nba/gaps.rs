//! Accepted gaps as issues of a row: `gap:<dataset>:<date>`, its own and those of the rows that it is
//! made from, each once. Pure.

use std::sync::Arc;

/// The gaps among these lists of issues, in order of text. Without any, which is the rule, the result
/// is `own` itself, and nothing is copied.
pub(super) fn gaps_of(own: &Arc<[Arc<str>]>, others: &[&[Arc<str>]]) -> Arc<[Arc<str>]> {
    let is_gap = |issue: &&Arc<str>| issue.starts_with("gap:");
    let mut inherited = others.iter().flat_map(|issues| issues.iter()).filter(is_gap);
    if inherited.clone().next().is_none() {
        return Arc::clone(own);
    }
    let mut all: Vec<Arc<str>> = own.iter().cloned().collect();
    all.extend(inherited.by_ref().cloned());
    all.sort_unstable();
    all.dedup();
    all.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_inherited_once_and_other_issues_are_not() {
        let list =
            |issues: &[&str]| -> Arc<[Arc<str>]> { issues.iter().map(|issue| Arc::from(*issue)).collect() };
        let cases = [
            (list(&[]), list(&["thin_sample:3/10"]), list(&[])),
            (list(&["gap:a:1"]), list(&[]), list(&["gap:a:1"])),
            (list(&["gap:b:1"]), list(&["gap:a:1", "gap:b:1", "x"]), list(&["gap:a:1", "gap:b:1"])),
        ];
        for (own, other, expected) in cases {
            assert_eq!(gaps_of(&own, &[&other]), expected, "{own:?} with {other:?}");
        }
    }
}
