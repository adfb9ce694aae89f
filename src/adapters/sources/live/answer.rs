//! What can be said of an answer without knowing what was asked for: its status, that it is whole, that it
//! is JSON. Sends nothing and stores nothing.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::de::IgnoredAny;

use super::error::FetchError;
use super::requests::{Form, Request};
use crate::fleet::Millis;

/// No real answer comes near: a season's schedule has four megabytes.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where in its first and last bytes a PDF's marks are looked for, as readers do.
const PDF_MARK_WITHIN: usize = 1024;

/// Of a page that is no data, this many characters go into the error.
const BEGINNING: usize = 60;

/// An answer as it came, unpacked.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Headers by lower-case name.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

impl Answer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Undoes the packing that the answer says it has. Bytes are missing, or wrong, where that fails.
    pub(super) fn unpack(&mut self) -> Result<(), String> {
        match self.headers.get("content-encoding").map(String::as_str) {
            None | Some("identity") => Ok(()),
            Some("gzip") => {
                let mut plain = Vec::new();
                let limit = ANSWER_BYTES_MAX as u64 + 1;
                GzDecoder::new(&*self.body)
                    .take(limit)
                    .read_to_end(&mut plain)
                    .map_err(|error| format!("it does not unpack: {error}"))?;
                self.body = plain.into();
                Ok(())
            }
            Some(other) => Err(format!("it is packed as `{other}`, which was not asked for")),
        }
    }

    /// Whether it may be data at all.
    pub(super) fn check(&self, request: &Request, now: Millis) -> Result<(), FetchError> {
        let (host, path, status) = (request.host.limits().name, request.path.clone(), self.status);
        let retry_after = self.header("retry-after").and_then(|text| retry_after(text, now));
        match status {
            200 | 304 => {}
            429 => return Err(FetchError::TooMany { host, path, status, retry_after }),
            403 | 404 if request.form == Form::Pdf => {
                return Err(FetchError::NotThere { host, path, status });
            }
            401 | 403 => return Err(FetchError::Forbidden { host, path, status }),
            408 | 500..=599 => return Err(FetchError::Failing { host, path, status, retry_after }),
            _ => return Err(FetchError::Refused { host, path, status }),
        }
        if status == 304 {
            return Ok(());
        }
        if self.body.len() > ANSWER_BYTES_MAX {
            return Err(FetchError::TooLarge { host, path, limit: ANSWER_BYTES_MAX });
        }
        match request.form {
            Form::Json => self.check_json(host, path),
            Form::Pdf => self.check_pdf(host, path),
        }
    }

    fn check_json(&self, host: &'static str, path: String) -> Result<(), FetchError> {
        let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        if !matches!(first, Some(b'{' | b'[')) {
            return Err(FetchError::NotJson { host, path, begins: self.beginning() });
        }
        match serde_json::from_slice::<IgnoredAny>(&self.body) {
            Ok(IgnoredAny) => Ok(()),
            Err(error) => {
                let (bytes, reason) = (self.body.len(), error.to_string());
                Err(FetchError::Damaged { host, path, bytes, reason })
            }
        }
    }

    /// A PDF says so in its first line, and ends with a mark of its own.
    fn check_pdf(&self, host: &'static str, path: String) -> Result<(), FetchError> {
        let has = |part: &[u8], mark: &[u8]| part.windows(mark.len()).any(|window| window == mark);
        if !has(&self.body[..self.body.len().min(PDF_MARK_WITHIN)], b"%PDF-") {
            return Err(FetchError::NotPdf { host, path, begins: self.beginning() });
        }
        if !has(&self.body[self.body.len().saturating_sub(PDF_MARK_WITHIN)..], b"%%EOF") {
            let (bytes, reason) = (self.body.len(), "the mark of a PDF's end is missing".to_owned());
            return Err(FetchError::Damaged { host, path, bytes, reason });
        }
        Ok(())
    }

    fn beginning(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(BEGINNING).collect()
    }
}

/// Seconds, or a date of HTTP, as milliseconds from now.
fn retry_after(text: &str, now: Millis) -> Option<Millis> {
    match text.trim().parse::<u32>() {
        Ok(seconds) => Some(Millis::from(seconds) * 1_000),
        Err(_) => {
            let moment = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
            Some((moment.timestamp_millis() - now).max(0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_given_in_seconds_or_until_a_moment() {
        let now = 1_706_256_000_000; // 2024-01-26 08:00:00 GMT
        let cases = [
            ("7", Some(7_000)),
            (" 120 ", Some(120_000)),
            ("Fri, 26 Jan 2024 08:01:00 GMT", Some(60_000)),
            ("Fri, 26 Jan 2024 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ];
        for (text, expected) in cases {
            assert_eq!(retry_after(text, now), expected, "{text}");
        }
    }
}
