//! The signals that stop the program. The first asks, the second insists.
//! Waits for them and does nothing else.

use tokio::signal::ctrl_c;

/// Ctrl-C, and where there is one the request to terminate.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes over the signals' treatment from the system.
    pub(super) fn listen() -> anyhow::Result<Self> {
        #[cfg(unix)]
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        Ok(Self {
            #[cfg(unix)]
            terminate,
        })
    }

    /// Comes back at the next signal.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = ctrl_c().await;
    }
}
