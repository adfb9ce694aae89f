//! The server's two clocks: a steady one for leases and backoffs, and the wall's for what is written down. The one
//! file of the server that reads the machine's time; everything below takes moments as arguments.

use super::queue::Moment;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Where the wall's time comes from; a test hands in its own.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl WallClock {
    /// The machine's.
    #[expect(
        clippy::disallowed_methods,
        reason = "publish times are persisted and must mean the same after a restart"
    )]
    pub fn machine() -> WallClock {
        WallClock(Arc::new(SystemTime::now))
    }

    /// Any other.
    pub fn of(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> WallClock {
        WallClock(Arc::new(now))
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}

/// Both clocks of one running server.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    started: Instant,
    wall: WallClock,
}

impl Clock {
    /// The steady clock starts at zero.
    pub(super) fn start(wall: WallClock) -> Clock {
        Clock { started: Instant::now(), wall }
    }

    /// Now, on the steady clock.
    pub(super) fn now(&self) -> Moment {
        self.started.elapsed()
    }

    /// When the steady clock will show `moment`.
    pub(super) fn instant(&self, moment: Moment) -> Instant {
        self.started + moment
    }

    /// Now, on the wall: microseconds since 1970 UTC.
    pub(super) fn wall_micros(&self) -> i64 {
        let since = (self.wall.0)().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        since.as_micros() as i64
    }
}
