//! What became of a question to a server.

use super::finding::{Check, Finding, Verdict};

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// This.
    Told(T),
    /// The server does not know such questions, as emulators do not: nothing is to be mended.
    Unserved(String),
    /// Whoever asked may not know.
    Refused(String),
    /// There was none.
    Silent(String),
}

impl<T> Answer<T> {
    /// The same of something that is made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Told(told) => Answer::Told(make(told)),
            Self::Unserved(reason) => Answer::Unserved(reason),
            Self::Refused(reason) => Answer::Refused(reason),
            Self::Silent(reason) => Answer::Silent(reason),
        }
    }

    /// What was told, or what is to be said of a check that could not be made; `mend` is how the question gets its
    /// answer.
    pub fn or_unknown(
        self,
        check: Check,
        subject: impl Into<String>,
        mend: impl Into<String>,
    ) -> Result<T, Finding> {
        let (verdict, found, mend) = match self {
            Self::Told(told) => return Ok(told),
            Self::Unserved(reason) => {
                (Verdict::Unserved, format!("not told by this server: {reason}"), String::new())
            }
            Self::Refused(reason) => (Verdict::Unknown, format!("not allowed to ask: {reason}"), mend.into()),
            Self::Silent(reason) => (Verdict::Unknown, format!("no answer: {reason}"), mend.into()),
        };
        Err(Finding { check, subject: subject.into(), verdict, found, expected: String::new(), mend })
    }
}
