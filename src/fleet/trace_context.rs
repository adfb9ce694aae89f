//! The trace that a message belongs to, as W3C Trace Context writes it down (`traceparent`, `tracestate`). It travels
//! beside the message, and nothing but what is told of a trace ever follows from it: whatever text comes, it is a
//! context or none, never an error. Knows no span and no exporter.

use std::fmt;
use std::sync::Arc;

/// The most letters of a `tracestate` that are handed on; the standard asks for at least so many.
const STATE_LETTERS_MAX: usize = 512;

/// Which trace something belongs to, and which span of it comes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    sampled: bool,
    state: Option<Arc<str>>,
}

/// A message beside the trace that it belongs to, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced<T> {
    /// The message.
    pub message: T,
    /// Its trace, and the span that sent it.
    pub trace: Option<TraceContext>,
}

impl<T> From<T> for Traced<T> {
    /// A message of no trace.
    fn from(message: T) -> Self {
        Self { message, trace: None }
    }
}

impl TraceContext {
    /// A context of these numbers; `None` where one of them is nought, which the standard forbids.
    #[must_use]
    pub fn new(trace: u128, span: u64, sampled: bool, state: Option<&str>) -> Option<Self> {
        let state = state.filter(|state| is_state(state)).map(Arc::from);
        (trace != 0 && span != 0).then_some(Self { trace, span, sampled, state })
    }

    /// What a message's attributes say. A `tracestate` that is none is left out; a `traceparent` that is none makes
    /// the message one of no trace.
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may say more; this one may not.
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        hexadecimal(version, 2)?;
        let (trace, span) = (hexadecimal(trace, 32)?, u64::try_from(hexadecimal(span, 16)?).ok()?);
        Self::new(trace, span, hexadecimal(flags, 2)? & 1 == 1, tracestate)
    }

    /// What `stored` made.
    #[must_use]
    pub fn parse_stored(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            Some((traceparent, tracestate)) => Self::parse(traceparent, Some(tracestate)),
            None => Self::parse(text, None),
        }
    }

    /// All of it as one text, for a ledger.
    #[must_use]
    pub fn stored(&self) -> String {
        match &self.state {
            Some(state) => format!("{self} {state}"),
            None => self.to_string(),
        }
    }

    /// The trace's number.
    #[must_use]
    pub fn trace(&self) -> u128 {
        self.trace
    }

    /// The number of the span that comes before.
    #[must_use]
    pub fn span(&self) -> u64 {
        self.span
    }

    /// Whether its spans are told to anybody.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The `tracestate`, where there is one.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

impl fmt::Display for TraceContext {
    /// The `traceparent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// The number of exactly so many lower-case hexadecimal digits.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let fits = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// Whether this can be a `tracestate`: entries of a key and a value, in letters that may stand in an attribute.
fn is_state(text: &str) -> bool {
    let is_entry = |entry: &str| entry.trim().split_once('=').is_some_and(|(key, _)| !key.is_empty());
    text.len() <= STATE_LETTERS_MAX
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && text.split(',').all(is_entry)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_traceparent_is_a_context_or_none() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let cases = [
            ("sampled", format!("00-{trace}-00f067aa0ba902b7-01"), Some(true)),
            ("not sampled", format!("00-{trace}-00f067aa0ba902b7-00"), Some(false)),
            ("another flag", format!("00-{trace}-00f067aa0ba902b7-02"), Some(false)),
            ("a later version says more", format!("01-{trace}-00f067aa0ba902b7-01-what-ever"), Some(true)),
            ("this version says no more", format!("00-{trace}-00f067aa0ba902b7-01-what"), None),
            ("a version that is none", format!("ff-{trace}-00f067aa0ba902b7-01"), None),
            ("upper case", format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), None),
            ("no trace", "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(), None),
            ("no span", format!("00-{trace}-0000000000000000-01"), None),
            ("short", format!("00-{trace}-00f067aa0ba902b-01"), None),
            ("signs", format!("00-{trace}-+0f067aa0ba902b7-01"), None),
            ("cut", format!("00-{trace}-00f067aa0ba902b7"), None),
            ("other letters", "00-äää-ööö-üü".to_owned(), None),
            ("nothing", String::new(), None),
        ];
        for (name, text, sampled) in cases {
            let context = TraceContext::parse(&text, None);
            assert_eq!(context.as_ref().map(TraceContext::is_sampled), sampled, "{name}");
        }
    }

    #[test]
    fn a_tracestate_is_handed_on_or_left_out() {
        let long = format!("a={}", "b".repeat(STATE_LETTERS_MAX));
        let cases = [
            ("one", "rojo=00f067aa0ba902b7", true),
            ("two", "rojo=1, congo=t61rcWkgMzE", true),
            ("no entry", "rojo", false),
            ("letters that no header has", "a=ö", false),
            ("lines", "a=b\nc=d", false),
            ("too long", &long, false),
        ];
        for (name, state, stays) in cases {
            let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            let context = TraceContext::parse(parent, Some(state)).expect("a context");
            assert_eq!(context.state(), stays.then_some(state), "{name}");
            assert_eq!(TraceContext::parse_stored(&context.stored()), Some(context), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_context_comes_back_from_its_text(
            trace in 1..=u128::MAX, span in 1..=u64::MAX, sampled in any::<bool>(),
        ) {
            let context = TraceContext::new(trace, span, sampled, None).expect("a context");
            prop_assert_eq!(TraceContext::parse(&context.to_string(), None), Some(context));
        }

        #[test]
        fn any_text_is_a_context_or_none(parent in "\\PC*", state in "\\PC*") {
            let _: Option<TraceContext> = TraceContext::parse(&parent, Some(&state));
            let _: Option<TraceContext> = TraceContext::parse_stored(&parent);
        }
    }
}
