//! The gRPC face: `Publisher` and `Subscriber` over `core.rs`. Reads requests, shapes answers, and refuses by name
//! what is not served. Must not: hold state or decide anything that `core.rs` could.

use super::api::publisher_server::Publisher;
use super::api::subscriber_server::Subscriber;
use super::api::*;
use super::change::{Answer, Change};
use super::core::{Core, PageOf};
use super::limits;
use super::queue::Room;
use super::refusal::Refusal;
use super::streaming::{self, Responses};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

type Answered<T> = Result<Response<T>, Status>;

/// Both services; one value for each connection is cheap.
#[derive(Debug, Clone)]
pub(super) struct Rpc {
    core: Arc<Core>,
}

impl Rpc {
    /// Over `core`.
    pub(super) fn new(core: Arc<Core>) -> Rpc {
        Rpc { core }
    }

    async fn topic_after(&self, change: Change) -> Answered<Topic> {
        match self.core.change(change).await? {
            Answer::Topic(topic) => Ok(Response::new(topic)),
            answer @ (Answer::Subscription(_) | Answer::Done) => {
                unreachable!("a topic's change answers {answer:?}")
            }
        }
    }

    async fn subscription_after(&self, change: Change) -> Answered<Subscription> {
        match self.core.change(change).await? {
            Answer::Subscription(subscription) => Ok(Response::new(subscription)),
            answer @ (Answer::Topic(_) | Answer::Done) => {
                unreachable!("a subscription's change answers {answer:?}")
            }
        }
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullResponse, Refusal> {
        let messages = usize::try_from(request.max_messages).unwrap_or_default();
        if messages == 0 {
            return Err(Refusal::invalid("max_messages", "it must be a positive integer"));
        }
        let room = Room {
            messages: messages.min(limits::DELIVERY_MESSAGES_MAX),
            bytes: limits::DELIVERY_BYTES_MAX as u64,
            outstanding_messages: u64::MAX,
            outstanding_bytes: u64::MAX,
        };
        let seat = self.core.visit(&request.subscription)?;
        let patience = tokio::time::sleep(limits::PULL_WAIT);
        tokio::pin!(patience);
        loop {
            let mut woken = std::pin::pin!(seat.wake.notified());
            woken.as_mut().enable();
            let received_messages = self.core.take(&seat, None, room).await?;
            #[expect(deprecated, reason = "clients still set it, and it is documented")]
            let at_once = request.return_immediately;
            if at_once || !received_messages.is_empty() {
                return Ok(PullResponse { received_messages });
            }
            tokio::select! {
                () = woken => {}
                () = &mut patience => return Ok(PullResponse::default()),
                () = self.core.stopping.cancelled() => return Err(Refusal::Stopping),
            }
        }
    }
}

fn unserved<T>(feature: &'static str) -> Answered<T> {
    Err(Refusal::Unserved { feature }.into())
}

fn given<T>(field: &'static str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::invalid(field, "it is missing"))
}

#[tonic::async_trait]
impl Publisher for Rpc {
    async fn create_topic(&self, request: Request<Topic>) -> Answered<Topic> {
        self.topic_after(Change::CreateTopic(request.into_inner())).await
    }

    async fn update_topic(&self, request: Request<UpdateTopicRequest>) -> Answered<Topic> {
        let request = request.into_inner();
        let paths = request.update_mask.unwrap_or_default().paths;
        self.topic_after(Change::UpdateTopic(given("topic", request.topic)?, paths)).await
    }

    async fn publish(&self, request: Request<PublishRequest>) -> Answered<PublishResponse> {
        let PublishRequest { topic, messages } = request.into_inner();
        let message_ids = self.core.publish(topic, messages).await?;
        Ok(Response::new(PublishResponse { message_ids }))
    }

    async fn get_topic(&self, request: Request<GetTopicRequest>) -> Answered<Topic> {
        Ok(Response::new(self.core.topic(&request.into_inner().topic)?))
    }

    async fn list_topics(&self, request: Request<ListTopicsRequest>) -> Answered<ListTopicsResponse> {
        let ListTopicsRequest { project, page_size: size, page_token } = request.into_inner();
        let page = self.core.topics(&project, PageOf { size, token: &page_token })?;
        Ok(Response::new(ListTopicsResponse { topics: page.items, next_page_token: page.next }))
    }

    async fn list_topic_subscriptions(
        &self,
        request: Request<ListTopicSubscriptionsRequest>,
    ) -> Answered<ListTopicSubscriptionsResponse> {
        let ListTopicSubscriptionsRequest { topic, page_size: size, page_token } = request.into_inner();
        let page = self.core.attached(&topic, PageOf { size, token: &page_token })?;
        Ok(Response::new(ListTopicSubscriptionsResponse {
            subscriptions: page.items,
            next_page_token: page.next,
        }))
    }

    async fn list_topic_snapshots(
        &self,
        _: Request<ListTopicSnapshotsRequest>,
    ) -> Answered<ListTopicSnapshotsResponse> {
        unserved("ListTopicSnapshots (snapshots)")
    }

    async fn delete_topic(&self, request: Request<DeleteTopicRequest>) -> Answered<()> {
        self.core.change(Change::DeleteTopic(request.into_inner().topic)).await?;
        Ok(Response::new(()))
    }

    async fn detach_subscription(
        &self,
        request: Request<DetachSubscriptionRequest>,
    ) -> Answered<DetachSubscriptionResponse> {
        self.core.change(Change::Detach(request.into_inner().subscription)).await?;
        Ok(Response::new(DetachSubscriptionResponse {}))
    }
}

#[tonic::async_trait]
impl Subscriber for Rpc {
    type StreamingPullStream = Responses;

    async fn create_subscription(&self, request: Request<Subscription>) -> Answered<Subscription> {
        self.subscription_after(Change::CreateSubscription(request.into_inner())).await
    }

    async fn get_subscription(&self, request: Request<GetSubscriptionRequest>) -> Answered<Subscription> {
        Ok(Response::new(self.core.subscription(&request.into_inner().subscription)?))
    }

    async fn update_subscription(
        &self,
        request: Request<UpdateSubscriptionRequest>,
    ) -> Answered<Subscription> {
        let request = request.into_inner();
        let paths = request.update_mask.unwrap_or_default().paths;
        self.subscription_after(Change::UpdateSubscription(
            given("subscription", request.subscription)?,
            paths,
        ))
        .await
    }

    async fn list_subscriptions(
        &self,
        request: Request<ListSubscriptionsRequest>,
    ) -> Answered<ListSubscriptionsResponse> {
        let ListSubscriptionsRequest { project, page_size: size, page_token } = request.into_inner();
        let page = self.core.subscriptions(&project, PageOf { size, token: &page_token })?;
        Ok(Response::new(ListSubscriptionsResponse { subscriptions: page.items, next_page_token: page.next }))
    }

    async fn delete_subscription(&self, request: Request<DeleteSubscriptionRequest>) -> Answered<()> {
        self.core.change(Change::DeleteSubscription(request.into_inner().subscription)).await?;
        Ok(Response::new(()))
    }

    async fn modify_ack_deadline(&self, request: Request<ModifyAckDeadlineRequest>) -> Answered<()> {
        let ModifyAckDeadlineRequest { subscription, ack_ids, ack_deadline_seconds } = request.into_inner();
        if ack_ids.is_empty() {
            return Err(Refusal::invalid("ack_ids", "at least one ack ID is needed").into());
        }
        let deadlines: Vec<(&str, i32)> =
            ack_ids.iter().map(|ack_id| (ack_id.as_str(), ack_deadline_seconds)).collect();
        self.core.modify(&subscription, &deadlines).await?;
        Ok(Response::new(()))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Answered<()> {
        let AcknowledgeRequest { subscription, ack_ids } = request.into_inner();
        if ack_ids.is_empty() {
            return Err(Refusal::invalid("ack_ids", "at least one ack ID is needed").into());
        }
        self.core.acknowledge(&subscription, &ack_ids).await?;
        Ok(Response::new(()))
    }

    async fn pull(&self, request: Request<PullRequest>) -> Answered<PullResponse> {
        Ok(Response::new(Rpc::pull(self, request.get_ref()).await?))
    }

    async fn streaming_pull(&self, request: Request<Streaming<StreamingPullRequest>>) -> Answered<Responses> {
        Ok(Response::new(streaming::open(self.core.clone(), request.into_inner()).await?))
    }

    async fn modify_push_config(&self, request: Request<ModifyPushConfigRequest>) -> Answered<()> {
        let ModifyPushConfigRequest { subscription, push_config } = request.into_inner();
        self.core.subscription(&subscription)?;
        if push_config.is_some_and(|config| config != PushConfig::default()) {
            return unserved("ModifyPushConfig (push delivery)");
        }
        // An empty one asks for pull delivery, which is what every subscription here has.
        Ok(Response::new(()))
    }

    async fn get_snapshot(&self, _: Request<GetSnapshotRequest>) -> Answered<Snapshot> {
        unserved("GetSnapshot (snapshots)")
    }

    async fn list_snapshots(&self, _: Request<ListSnapshotsRequest>) -> Answered<ListSnapshotsResponse> {
        unserved("ListSnapshots (snapshots)")
    }

    async fn create_snapshot(&self, _: Request<CreateSnapshotRequest>) -> Answered<Snapshot> {
        unserved("CreateSnapshot (snapshots)")
    }

    async fn update_snapshot(&self, _: Request<UpdateSnapshotRequest>) -> Answered<Snapshot> {
        unserved("UpdateSnapshot (snapshots)")
    }

    async fn delete_snapshot(&self, _: Request<DeleteSnapshotRequest>) -> Answered<()> {
        unserved("DeleteSnapshot (snapshots)")
    }

    async fn seek(&self, _: Request<SeekRequest>) -> Answered<SeekResponse> {
        unserved("Seek")
    }
}
