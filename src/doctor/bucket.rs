//! A bucket: whether it is there and read, keeps what was overwritten, and takes conditional writes.

use super::answer::Answer;
use super::finding::{Check, Finding, Verdict};

/// A bucket by its part in the home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName {
    /// The lake's, or that of published documents.
    pub check: Check,
    /// Its name, without `gs://`.
    pub name: String,
    /// The key of tidegate.toml that names it.
    pub key: &'static str,
    /// The project, for commands.
    pub project: String,
}

/// What keeps a bucket's content from being lost by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBucket {
    /// Whether what was overwritten is kept.
    pub versioned: bool,
    /// For how many seconds what was deleted can be restored; 0 is not at all.
    pub soft_delete_seconds: u64,
}

/// What became of a write of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Written, a second one refused because there was something, read, taken away.
    Held,
    /// The second one was let through.
    Overwritten,
    /// Another content was read than was written.
    OtherContent,
}

/// Whether it is there, and what it keeps. `there` says whether an object in it can be asked for.
#[must_use]
pub fn bucket(bucket: &BucketName, there: Answer<bool>, kept: Answer<SeenBucket>) -> Vec<Finding> {
    let BucketName { check, name, key, project } = bucket;
    let subject = format!("gs://{name}");
    let grant = format!(
        "gcloud storage buckets add-iam-policy-binding {subject} --member=MEMBER --role=roles/storage.objectViewer"
    );
    match there {
        Answer::Told(true) => {}
        Answer::Told(false) => {
            let mend = format!(
                "terraform apply, or mend {key} of tidegate.toml; gcloud storage ls --project={project} shows what there is"
            );
            let texts = ["there is no such bucket".to_owned(), "a bucket".to_owned(), mend];
            return vec![Finding::wrong(Verdict::Fail, *check, subject, texts)];
        }
        Answer::Refused(reason) => {
            let texts = [reason, "a bucket that we may read".to_owned(), grant];
            return vec![Finding::wrong(Verdict::Fail, *check, subject, texts)];
        }
        other @ (Answer::Unserved(_) | Answer::Silent(_)) => {
            let mend = format!(
                "look whether it can be reached from here: curl -sI {}",
                "https://storage.googleapis.com"
            );
            return other.or_unknown(*check, subject, mend).err().into_iter().collect();
        }
    }
    let to_ask = format!(
        "gcloud storage buckets describe {subject}   # the role tidegateDoctor of the terraform allows it"
    );
    let mut findings = vec![Finding::ok(*check, &subject, "is there")];
    match kept.or_unknown(*check, format!("{subject}, what it keeps"), to_ask) {
        Ok(kept) => findings.extend(keeps(bucket, &subject, &kept)),
        Err(unknown) => findings.push(unknown),
    }
    findings
}

fn keeps(bucket: &BucketName, subject: &str, kept: &SeenBucket) -> Option<Finding> {
    let mut found = Vec::new();
    let mut flags = String::new();
    if !kept.versioned {
        found.push("what is overwritten is gone");
        flags.push_str(" --versioning");
    }
    if kept.soft_delete_seconds == 0 {
        found.push("what is deleted is gone");
        flags.push_str(" --soft-delete-duration=7d");
    }
    if found.is_empty() {
        return None;
    }
    let expected = "older versions, and 7 days of soft delete".to_owned();
    let texts = [found.join("; "), expected, format!("gcloud storage buckets update {subject}{flags}")];
    Some(Finding::wrong(Verdict::Warn, bucket.check, format!("{subject}, what it keeps"), texts))
}

/// What our own write has shown.
#[must_use]
pub fn probe(bucket: &BucketName, probe: Answer<Probe>) -> Finding {
    let subject = format!("gs://{}", bucket.name);
    let grant = format!(
        "gcloud storage buckets add-iam-policy-binding {subject} --member=MEMBER --role=roles/storage.objectUser"
    );
    let conditions = "a bucket that honours conditions of generations, as Google's do";
    let wrong = |found: &str| {
        let mend = format!(
            "put {} of tidegate.toml on Cloud Storage itself, without a cache or gateway between",
            bucket.key
        );
        let texts = [found.to_owned(), conditions.to_owned(), mend];
        Finding::wrong(Verdict::Fail, Check::Probe, &subject, texts)
    };
    match probe {
        Answer::Told(Probe::Held) => {
            Finding::ok(Check::Probe, subject, "an object of our own was written once, read and taken away")
        }
        Answer::Told(Probe::Overwritten) => wrong("a write that expected nothing overwrote something"),
        Answer::Told(Probe::OtherContent) => wrong("another content was read than was written"),
        Answer::Refused(reason) => {
            let texts = [reason, "may write and delete objects".to_owned(), grant];
            Finding::wrong(Verdict::Fail, Check::Probe, subject, texts)
        }
        other @ (Answer::Unserved(_) | Answer::Silent(_)) => {
            match other.or_unknown(Check::Probe, subject, grant) {
                Ok(_) => unreachable!("it was not told"),
                Err(unknown) => unknown,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lake() -> BucketName {
        BucketName {
            check: Check::Lake,
            name: "acme-lake".to_owned(),
            key: "lake.bucket",
            project: "acme".to_owned(),
        }
    }

    #[test]
    fn a_bucket_is_there_and_keeps_what_was_overwritten() {
        let kept =
            |versioned, soft_delete_seconds| Answer::Told(SeenBucket { versioned, soft_delete_seconds });
        let told = Answer::Told;
        let cases = [
            (told(true), kept(true, 604_800), Verdict::Ok, ""),
            (
                told(true),
                kept(false, 604_800),
                Verdict::Warn,
                "gcloud storage buckets update gs://acme-lake --versioning",
            ),
            (
                told(true),
                kept(false, 0),
                Verdict::Warn,
                "gcloud storage buckets update gs://acme-lake --versioning --soft-delete-duration=7d",
            ),
            (told(true), Answer::Unserved("404".to_owned()), Verdict::Unserved, ""),
            (told(false), kept(true, 1), Verdict::Fail, "lake.bucket"),
            (Answer::Refused("403".to_owned()), kept(true, 1), Verdict::Fail, "roles/storage.objectViewer"),
            (Answer::Silent("down".to_owned()), kept(true, 1), Verdict::Unknown, "reached"),
        ];
        for (there, kept, verdict, mend) in cases {
            let findings = bucket(&lake(), there, kept);
            let worst = findings.iter().max_by_key(|finding| finding.verdict).expect("a finding");
            assert_eq!(worst.verdict, verdict, "{findings:?}");
            assert!(worst.mend.contains(mend), "{worst:?}");
        }
    }

    #[test]
    fn a_store_that_ignores_conditions_fails_the_probe() {
        let cases = [
            (Answer::Told(Probe::Held), Verdict::Ok),
            (Answer::Told(Probe::Overwritten), Verdict::Fail),
            (Answer::Told(Probe::OtherContent), Verdict::Fail),
            (Answer::Refused("403".to_owned()), Verdict::Fail),
            (Answer::Silent("down".to_owned()), Verdict::Unknown),
        ];
        for (answer, verdict) in cases {
            assert_eq!(probe(&lake(), answer.clone()).verdict, verdict, "{answer:?}");
        }
    }
}
