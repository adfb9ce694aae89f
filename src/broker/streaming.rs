//! One StreamingPull: reads the client's acks and deadlines, sends what its flow control leaves room for. A pull
//! model: the transport asks for the next response, so a client that does not read is not sent more leases.

use super::api::streaming_pull_response::SubscriptionProperties;
use super::api::{StreamingPullRequest, StreamingPullResponse};
use super::core::{Core, Seat};
use super::limits;
use super::queue::Room;
use super::refusal::Refusal;
use super::settings;
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tonic::{Status, Streaming};

/// The responses of one stream.
pub(super) type Responses = BoxStream<'static, Result<StreamingPullResponse, Status>>;

/// Checks the first request and takes a seat.
pub(super) async fn open(
    core: Arc<Core>,
    mut requests: Streaming<StreamingPullRequest>,
) -> Result<Responses, Status> {
    let first = requests.message().await?;
    let first = first.ok_or_else(|| Refusal::invalid("subscription", "the first request must name it"))?;
    if first.stream_ack_deadline_seconds == 0 {
        let rule = "the first request must give it, between 10 and 600 seconds";
        return Err(Refusal::invalid("stream_ack_deadline_seconds", rule).into());
    }
    let unlimited = |limit: i64| if limit <= 0 { u64::MAX } else { limit as u64 };
    let room = Room {
        messages: limits::DELIVERY_MESSAGES_MAX,
        bytes: limits::DELIVERY_BYTES_MAX as u64,
        outstanding_messages: unlimited(first.max_outstanding_messages),
        outstanding_bytes: unlimited(first.max_outstanding_bytes),
    };
    let deadline = deadline(first.stream_ack_deadline_seconds)?;
    let seat = core.join(&first.subscription)?;
    let pulling = Pulling { core, seat, requests, room, deadline, greeted: false };
    pulling.answer(&first).await?;
    Ok(stream::unfold(Some(pulling), next).boxed())
}

struct Pulling {
    core: Arc<Core>,
    seat: Seat,
    requests: Streaming<StreamingPullRequest>,
    room: Room,
    deadline: Duration,
    greeted: bool,
}

impl Drop for Pulling {
    fn drop(&mut self) {
        self.core.leave(&self.seat);
    }
}

async fn next(pulling: Option<Pulling>) -> Option<(Result<StreamingPullResponse, Status>, Option<Pulling>)> {
    let mut pulling = pulling?;
    match pulling.response().await {
        Ok(Some(response)) => Some((Ok(response), Some(pulling))),
        Ok(None) => None,
        Err(status) => Some((Err(status), None)),
    }
}

impl Pulling {
    /// The next response; `None` when the client has closed its side.
    async fn response(&mut self) -> Result<Option<StreamingPullResponse>, Status> {
        loop {
            // First what the client has said already: an ack may be what makes room.
            while let Some(said) = self.requests.message().now_or_never() {
                match said? {
                    Some(request) => self.follow(request).await?,
                    None => return Ok(None),
                }
            }
            let wake = self.seat.wake.clone();
            let mut woken = std::pin::pin!(wake.notified());
            woken.as_mut().enable();
            let received_messages = self.core.take(&self.seat, Some(self.deadline), self.room).await?;
            if !received_messages.is_empty() {
                let subscription_properties = (!self.greeted).then(SubscriptionProperties::default);
                self.greeted = true;
                return Ok(Some(StreamingPullResponse {
                    received_messages,
                    subscription_properties,
                    ..StreamingPullResponse::default()
                }));
            }
            tokio::select! {
                () = woken => {}
                said = self.requests.message() => match said? {
                    Some(request) => self.follow(request).await?,
                    None => return Ok(None),
                },
                () = self.core.stopping.cancelled() => return Err(Refusal::Stopping.into()),
            }
        }
    }

    /// A request after the first: what may only be said once is refused.
    async fn follow(&mut self, request: StreamingPullRequest) -> Result<(), Refusal> {
        let again = [
            ("subscription", !request.subscription.is_empty()),
            ("client_id", !request.client_id.is_empty()),
            ("max_outstanding_messages", request.max_outstanding_messages != 0),
            ("max_outstanding_bytes", request.max_outstanding_bytes != 0),
            ("protocol_version", request.protocol_version != 0),
        ];
        if let Some((field, _)) = again.into_iter().find(|(_, set)| *set) {
            return Err(Refusal::invalid(field, "it can only be set on the first request of a stream"));
        }
        if request.stream_ack_deadline_seconds != 0 {
            self.deadline = deadline(request.stream_ack_deadline_seconds)?;
        }
        self.answer(&request).await
    }

    async fn answer(&self, request: &StreamingPullRequest) -> Result<(), Refusal> {
        if request.modify_deadline_ack_ids.len() != request.modify_deadline_seconds.len() {
            return Err(Refusal::invalid("modify_deadline_seconds", "it needs one entry for each ack ID"));
        }
        if !request.ack_ids.is_empty() {
            self.core.acknowledge_unasked(&self.seat.name, &request.ack_ids).await?;
        }
        let ids = request.modify_deadline_ack_ids.iter().map(String::as_str);
        let deadlines: Vec<(&str, i32)> = ids.zip(request.modify_deadline_seconds.iter().copied()).collect();
        if deadlines.is_empty() { Ok(()) } else { self.core.modify(&self.seat.name, &deadlines).await }
    }
}

fn deadline(seconds: i32) -> Result<Duration, Refusal> {
    let seconds = settings::ack_deadline("stream_ack_deadline_seconds", seconds)?;
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}
