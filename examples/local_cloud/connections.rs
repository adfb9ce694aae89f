//! TCP connections that a local server can cut in the middle of a request, as networks do: what it would
//! answer is then never sent. Knows no service.
#![allow(dead_code, reason = "each test that takes this file uses a part of it")]

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::faults::Fault;

/// A listener whose connections can be cut.
pub(crate) struct Cuttable(pub(crate) TcpListener);

/// One of its connections.
pub(crate) struct Connection {
    stream: TcpStream,
    cut: Cut,
}

/// The knife of one connection; a request finds it as its `ConnectInfo`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Nothing more is sent on the connection: it ends with whatever is to be sent next.
    pub(crate) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn refuses(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Listener for Cuttable {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers go out at once; where that cannot be had they are only slower.
        let _ = stream.set_nodelay(true);
        (Connection { stream, cut: Cut::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().cut.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.cut.refuses()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.refuses()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.refuses()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Answers a request with which something may go wrong. What the service says when it is asked too often, and when it
/// is away, is the service's; `carry_out` does what was asked.
pub(crate) fn answer_under(
    fault: Option<Fault>,
    cut: &Cut,
    [slow, unavailable]: [fn() -> Response; 2],
    carry_out: impl FnOnce() -> Response,
) -> Response {
    match fault {
        Some(Fault::TooManyRequests) => ([(header::RETRY_AFTER, "1")], slow()).into_response(),
        Some(Fault::Unavailable) => unavailable(),
        Some(Fault::DroppedBefore) => {
            cut.now();
            StatusCode::OK.into_response()
        }
        Some(Fault::UnavailableAfter) => {
            carry_out();
            unavailable()
        }
        Some(Fault::DroppedAfter) => {
            let response = carry_out();
            cut.now();
            response
        }
        None => carry_out(),
    }
}
