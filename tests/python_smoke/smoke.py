"""A smoke test of the embedded server with the official Python client.

    python3 -m venv /tmp/pubsub-smoke && /tmp/pubsub-smoke/bin/pip install google-cloud-pubsub
    tidegate broker --listen 127.0.0.1:8085 --dir /tmp/broker &
    PUBSUB_EMULATOR_HOST=127.0.0.1:8085 /tmp/pubsub-smoke/bin/python tests/python_smoke/smoke.py

`tests/python_smoke.rs` does all of this (`cargo test --test python_smoke`). Exit code 0 when everything held.
"""

import threading

from google.api_core.exceptions import AlreadyExists, MethodNotImplemented, NotFound
from google.cloud import pubsub_v1
from google.protobuf import duration_pb2, field_mask_pb2

PROJECT = "python-smoke"
MESSAGES = 500


def main():
    publisher = pubsub_v1.PublisherClient()
    subscriber = pubsub_v1.SubscriberClient()
    topic = publisher.topic_path(PROJECT, "events")
    dead = publisher.topic_path(PROJECT, "dead")
    name = subscriber.subscription_path(PROJECT, "events")
    dead_name = subscriber.subscription_path(PROJECT, "dead")

    publisher.create_topic(request={"name": topic})
    publisher.create_topic(request={"name": dead})
    try:
        publisher.create_topic(request={"name": topic})
        raise AssertionError("a topic was created twice")
    except AlreadyExists:
        pass
    subscriber.create_subscription(request={"name": dead_name, "topic": dead})
    subscriber.create_subscription(
        request={
            "name": name,
            "topic": topic,
            "ack_deadline_seconds": 30,
            "dead_letter_policy": {"dead_letter_topic": dead, "max_delivery_attempts": 5},
            "retry_policy": {"minimum_backoff": duration_pb2.Duration(nanos=10_000_000)},
        }
    )
    try:
        subscriber.create_subscription(
            request={"name": name + "-filtered", "topic": topic, "filter": 'attributes.a = "b"'}
        )
        raise AssertionError("a filter was accepted")
    except MethodNotImplemented:
        pass
    updated = subscriber.update_subscription(
        request={
            "subscription": {"name": name, "ack_deadline_seconds": 60},
            "update_mask": field_mask_pb2.FieldMask(paths=["ack_deadline_seconds"]),
        }
    )
    assert updated.ack_deadline_seconds == 60, updated
    listed = [found.name for found in publisher.list_topics(request={"project": f"projects/{PROJECT}"})]
    assert listed == [dead, topic], listed

    sent = [publisher.publish(topic, f"message {number}".encode(), number=str(number)) for number in range(MESSAGES)]
    ids = {future.result(timeout=30) for future in sent}
    assert len(ids) == MESSAGES, len(ids)

    received, lock, done = set(), threading.Lock(), threading.Event()

    def on_message(message):
        # One message fails every time; it must end in the dead-letter topic.
        if message.attributes["number"] == "13":
            message.nack()
            return
        message.ack()
        with lock:
            received.add(message.message_id)
            if len(received) == MESSAGES - 1:
                done.set()

    streaming = subscriber.subscribe(name, callback=on_message)
    assert done.wait(60), f"{len(received)} of {MESSAGES - 1} received"
    died = []
    while not died:
        died = subscriber.pull(request={"subscription": dead_name, "max_messages": 10}, timeout=30).received_messages
    streaming.cancel()
    streaming.result(timeout=30)
    message = died[0].message
    assert message.data == b"message 13", message
    assert message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5", message
    subscriber.acknowledge(request={"subscription": dead_name, "ack_ids": [died[0].ack_id]})

    subscriber.delete_subscription(request={"subscription": name})
    publisher.delete_topic(request={"topic": topic})
    try:
        publisher.get_topic(request={"topic": topic})
        raise AssertionError("a deleted topic was found")
    except NotFound:
        pass
    print(f"the Python client published, received and acknowledged {MESSAGES} messages")


if __name__ == "__main__":
    main()
