//! What a panic said, for whoever turns it into an answer. Catches nothing itself.

use std::any::Any;

/// The message of a caught panic; `no message` where it was thrown with something else than a text.
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
