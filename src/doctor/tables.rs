//! BigQuery: the dataset's place, each table beside its declaration (as the sink itself compares them), and how far the
//! rows are behind (as the sink itself finds it).

use super::answer::Answer;
use super::finding::{Check, Finding, Verdict};
use crate::fleet::sink::{Shape, WarehouseError};
use crate::flow::Millis;

/// A sink that runs has loaded a unit by then, a backfill's included, in milliseconds.
const LAG_WARN_MS: Millis = 60 * 60 * 1_000;

/// How a sink is started again, to make what is missing.
const RESTART: &str =
    "kubectl -n tidegate rollout restart deployment/tidegate-sink   # the sink mends it when it starts";

/// The dataset's place; `None` where there is no dataset.
#[must_use]
pub fn dataset(project: &str, name: &str, location: &str, found: Answer<Option<String>>) -> Finding {
    let subject = format!("{project}.{name}");
    let mend = format!(
        "gcloud projects add-iam-policy-binding {project} --member=MEMBER --role=roles/bigquery.metadataViewer"
    );
    match found.or_unknown(Check::Dataset, &subject, mend) {
        Err(unknown) => unknown,
        Ok(Some(there)) if there.eq_ignore_ascii_case(location) => {
            Finding::ok(Check::Dataset, subject, format!("in {there}"))
        }
        Ok(Some(there)) => {
            let mend = format!(
                "mend bigquery.location of tidegate.toml to \"{there}\", or take the dataset away where the lake's bucket is elsewhere: bq rm -r -d {project}:{name}, then terraform apply"
            );
            let texts = [format!("in {there}"), format!("in {location}, as bigquery.location says"), mend];
            Finding::wrong(Verdict::Fail, Check::Dataset, subject, texts)
        }
        Ok(None) => {
            let texts = [
                "there is none".to_owned(),
                format!("a dataset in {location}"),
                "terraform apply; or the sink makes it".to_owned(),
            ];
            Finding::wrong(Verdict::Fail, Check::Dataset, subject, texts)
        }
    }
}

/// One table: nothing where it is as declared.
#[must_use]
pub fn table(
    project: &str,
    dataset: &str,
    table: &str,
    shape: Result<Shape, WarehouseError>,
) -> Option<Finding> {
    let (verdict, found, mend) = match shape {
        Ok(Shape::AsDeclared) => return None,
        Ok(Shape::Missing) => (Verdict::Warn, "there is no table yet".to_owned(), RESTART.to_owned()),
        Ok(Shape::Behind(what)) => (Verdict::Warn, what.join("; "), RESTART.to_owned()),
        Err(error @ WarehouseError::Incompatible { .. }) => {
            let mend = format!(
                "bq rm -f -t {project}:{dataset}.{table}   # the sink makes it anew and fills it from the lake"
            );
            let WarehouseError::Incompatible { reason, .. } = error else { unreachable!("matched above") };
            (Verdict::Fail, reason, mend)
        }
        Err(WarehouseError::Denied { message, .. }) => {
            let mend = format!(
                "gcloud projects add-iam-policy-binding {project} --member=MEMBER --role=roles/bigquery.dataViewer"
            );
            (Verdict::Unknown, format!("not allowed to ask: {message}"), mend)
        }
        Err(
            error @ (WarehouseError::RateLimited { .. }
            | WarehouseError::QuotaExceeded { .. }
            | WarehouseError::Unavailable { .. }
            | WarehouseError::Invalid { .. }
            | WarehouseError::Rows { .. }),
        ) => (Verdict::Unknown, error.to_string(), "ask again".to_owned()),
    };
    let texts = [found, "as the dataset is declared".to_owned(), mend];
    Some(Finding::wrong(verdict, Check::Tables, table, texts))
}

/// How many dates lag, and since when the oldest of them does.
#[must_use]
pub fn lag(lagging: usize, oldest: Option<Millis>, now: Millis) -> Finding {
    let waiting = oldest.map_or(0, |oldest| now - oldest);
    if lagging == 0 {
        return Finding::ok(Check::SinkLag, "", "nothing lags");
    }
    let found = format!("{lagging} dates lag, the oldest for {} min", waiting / 60_000);
    if waiting < LAG_WARN_MS {
        return Finding::ok(Check::SinkLag, "", found);
    }
    let expected = "loaded within the hour".to_owned();
    let mend = "tidegate bigquery status   # says what holds each up; is the sink running?".to_owned();
    Finding::wrong(Verdict::Warn, Check::SinkLag, "", [found, expected, mend])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_cannot_be_mended_fails_and_one_that_the_sink_mends_warns() {
        let incompatible = WarehouseError::Incompatible {
            table: "p.d.t".to_owned(),
            reason: "column `a` is Float".to_owned(),
        };
        let away = WarehouseError::Unavailable { operation: "look", message: "503".to_owned() };
        let cases = [
            (Ok(Shape::AsDeclared), None),
            (Ok(Shape::Missing), Some((Verdict::Warn, "rollout restart"))),
            (
                Ok(Shape::Behind(vec!["column `b` is missing".to_owned()])),
                Some((Verdict::Warn, "rollout restart")),
            ),
            (Err(incompatible), Some((Verdict::Fail, "bq rm -f -t p:d.t"))),
            (Err(away), Some((Verdict::Unknown, "ask again"))),
        ];
        for (shape, expected) in cases {
            let finding = table("p", "d", "t", shape.clone());
            assert_eq!(
                finding.as_ref().map(|finding| finding.verdict),
                expected.map(|(verdict, _)| verdict),
                "{shape:?}"
            );
            if let (Some(finding), Some((_, mend))) = (finding, expected) {
                assert!(finding.mend.contains(mend), "{finding:?}");
            }
        }
    }

    #[test]
    fn a_dataset_elsewhere_and_an_old_lag_are_told() {
        let at = |place: Option<&str>| Answer::Told(place.map(str::to_owned));
        let cases =
            [(at(Some("us")), Verdict::Ok), (at(Some("EU")), Verdict::Fail), (at(None), Verdict::Fail)];
        for (found, verdict) in cases {
            assert_eq!(dataset("p", "d", "US", found.clone()).verdict, verdict, "{found:?}");
        }
        assert_eq!(lag(0, None, 0).verdict, Verdict::Ok);
        assert_eq!(lag(3, Some(0), 60_000).verdict, Verdict::Ok);
        assert_eq!(lag(3, Some(0), 2 * LAG_WARN_MS).verdict, Verdict::Warn);
    }
}
