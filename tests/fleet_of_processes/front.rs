//! A front of Google's emulator, where processes are killed. The emulator ends a StreamingPull only when the client
//! half-closes it: neither a reset of the stream nor the end of its connection stops it from delivering there, so that
//! each killed process takes its share of all later messages along, each until its deadline, for good. The service is
//! not like that. This passes every call on as it is, and half-closes those whose client is gone.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body as Incoming, HttpBody};
use axum::extract::State;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::server::TcpConnectInfo;
use tonic::transport::{Channel, Endpoint, Server};
use tower::{Service, ServiceExt as _};

/// Streams of one connection: as many as the emulator allows.
const STREAMS_MAX: u32 = 100;

/// A connection to the emulator for each client's, so that one that does not read holds up no other.
struct Front {
    emulator: Endpoint,
    connections: Mutex<HashMap<SocketAddr, Channel>>,
}

/// Serves until the task is ended. What is not HTTP/2 is passed on byte by byte: topics and subscriptions are asked for by
/// requests that end by themselves.
pub(crate) async fn serve(listener: TcpListener, emulator: String) {
    let endpoint = Endpoint::from_shared(format!("http://{emulator}")).expect("an address");
    let front = Arc::new(Front { emulator: endpoint, connections: Mutex::default() });
    let router = axum::Router::new().fallback(pass_on).with_state(front);
    let server = Server::builder().max_concurrent_streams(STREAMS_MAX).add_routes(Routes::from(router));
    let (calls, accepted) = mpsc::channel::<io::Result<TcpStream>>(1);
    let mut others = JoinSet::new();
    let accept = async {
        loop {
            let (mut client, _) = listener.accept().await.expect("the front listens");
            let (calls, emulator) = (calls.clone(), emulator.clone());
            others.spawn(async move {
                let mut begin = [0; 3];
                // A client that is gone already has nothing to be passed on.
                if client.peek(&mut begin).await.is_ok() && begin == *b"PRI" {
                    let _ = calls.send(Ok(client)).await;
                } else if let Ok(mut there) = TcpStream::connect(emulator).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut there).await;
                }
            });
        }
    };
    tokio::select! {
        served = server.serve_with_incoming(ReceiverStream::new(accepted)) => served.expect("the front serves"),
        () = accept => {}
    }
}

async fn pass_on(State(front): State<Arc<Front>>, request: Request<Incoming>) -> Response<Body> {
    let client = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    let client = client.expect("a client has an address");
    let mut emulator = {
        let mut connections = front.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.entry(client).or_insert_with(|| front.emulator.connect_lazy()).clone()
    };
    let request = request.map(|body| Body::new(UntilGone(body)));
    // A task of its own: the call goes on to its end when nobody waits for the answer any more.
    let called = Handle::current().spawn(async move {
        let response = emulator.ready().await?.call(request).await?;
        Ok::<_, tonic::transport::Error>(response.map(|body| Body::new(ReadOut(Some(body)))))
    });
    match called.await.expect("the call does not panic") {
        Ok(response) => response,
        Err(error) => Status::unavailable(error.to_string()).into_http(),
    }
}

/// What a client says. It has said everything when it is gone.
struct UntilGone(Incoming);

impl HttpBody for UntilGone {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(context).map(|frame| frame.filter(Result::is_ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// What the emulator says. It is read to its end even when nobody hears it: given up earlier, the call would be reset.
struct ReadOut(Option<Body>);

impl HttpBody for ReadOut {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}

impl Drop for ReadOut {
    fn drop(&mut self) {
        let Some(mut body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        Handle::current().spawn(async move {
            while let Some(Ok(_)) =
                std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
            {}
        });
    }
}
