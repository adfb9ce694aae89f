//! The hosts that are asked, with their limits and headers as data. Knows no path and sends nothing.

use std::time::Duration;

use crate::fleet::{Backoff, Millis};

/// A host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Host {
    /// The league's statistics service. It answers nobody who does not look like its own pages, and goes
    /// silent for whoever asks too often.
    Stats,
    /// The league's static files.
    Cdn,
    /// What the league prints for its referees and the press: injury reports.
    Print,
    /// Bookmakers' offers, for whoever has a key.
    Odds,
}

/// How a host is asked.
#[derive(Debug)]
pub(super) struct Limits {
    /// Its name, for people, in receipts, and in the path of a test's base URL.
    pub(super) name: &'static str,
    /// Where it is.
    pub(super) url: &'static str,
    /// Milliseconds from the end of one request to the beginning of the next; there is one at a time.
    pub(super) spacing: Millis,
    /// Milliseconds from the beginning of a request to the last byte of its answer.
    pub(super) timeout: Millis,
    /// How often a request is sent at most before its failure is final.
    pub(super) attempts: u32,
    /// The waits between them. A longer `Retry-After` of the host takes their place.
    pub(super) backoff: Backoff,
    /// The parameter that carries the key, where one is needed.
    pub(super) key_parameter: Option<&'static str>,
    /// Headers of every request.
    pub(super) headers: &'static [(&'static str, &'static str)],
}

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/140.0.0.0 Safari/537.36";

/// Three retries, each three times as long after the one before, at most a minute.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(60), factor: 3.0 };

const STATS: Limits = Limits {
    name: "stats.nba.com",
    url: "https://stats.nba.com",
    spacing: 1_000,
    timeout: 20_000,
    attempts: 4,
    backoff: BACKOFF,
    key_parameter: None,
    headers: &[
        ("user-agent", BROWSER),
        ("accept", "application/json, text/plain, */*"),
        ("accept-language", "en-US,en;q=0.9"),
        ("accept-encoding", "gzip"),
        ("origin", "https://www.nba.com"),
        ("referer", "https://www.nba.com/"),
        ("sec-ch-ua", "\"Chromium\";v=\"140\", \"Google Chrome\";v=\"140\", \"Not;A=Brand\";v=\"24\""),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Windows\""),
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-site", "same-site"),
        ("x-nba-stats-origin", "stats"),
        ("x-nba-stats-token", "true"),
    ],
};

const CDN: Limits = Limits {
    name: "cdn.nba.com",
    url: "https://cdn.nba.com",
    spacing: 500,
    timeout: 20_000,
    attempts: 4,
    backoff: BACKOFF,
    key_parameter: None,
    headers: &[
        ("user-agent", BROWSER),
        ("accept", "application/json, text/plain, */*"),
        ("accept-encoding", "gzip"),
        ("referer", "https://www.nba.com/"),
    ],
};

const PRINT: Limits = Limits {
    name: "ak-static.cms.nba.com",
    url: "https://ak-static.cms.nba.com",
    spacing: 500,
    timeout: 20_000,
    attempts: 4,
    backoff: BACKOFF,
    key_parameter: None,
    headers: &[
        ("user-agent", BROWSER),
        ("accept", "application/pdf,*/*"),
        ("accept-encoding", "gzip"),
        ("referer", "https://official.nba.com/"),
    ],
};

const ODDS: Limits = Limits {
    name: "api.the-odds-api.com",
    url: "https://api.the-odds-api.com",
    spacing: 200,
    timeout: 20_000,
    attempts: 4,
    backoff: BACKOFF,
    key_parameter: Some("apiKey"),
    headers: &[("accept", "application/json"), ("accept-encoding", "gzip")],
};

impl Host {
    /// All hosts.
    pub(super) const ALL: [Self; 4] = [Self::Stats, Self::Cdn, Self::Print, Self::Odds];

    /// How it is asked.
    pub(super) fn limits(self) -> &'static Limits {
        match self {
            Self::Stats => &STATS,
            Self::Cdn => &CDN,
            Self::Print => &PRINT,
            Self::Odds => &ODDS,
        }
    }
}
