//! The list of the cases, by subject, with what Google's emulator does where it leaves the documentation. A case is
//! a function in `admin.rs`, `delivery.rs` or `limits.rs` and one line here; `docs/PUBSUB.md` shows the same table.
//! Must not: hold any logic.

use super::{Case, admin, delivery, limits};

/// Every case, by subject.
pub const CASES: &[Case] = &[
    case!(admin::official_client_manages_topics_and_subscriptions),
    case!(admin::official_client_pages_through_lists),
    case!(admin::creating_twice_already_exists),
    case!(
        admin::what_does_not_exist_is_not_found,
        "lists the subscriptions of a topic that does not exist as none"
    ),
    case!(admin::defaults_are_filled_in),
    case!(
        admin::updates_follow_their_mask,
        "does not know the field `labels` of a subscription in an update mask"
    ),
    case!(admin::deleting_a_topic_leaves_its_subscriptions),
    case!(admin::deleting_a_subscription_drops_its_backlog),
    case!(admin::a_detached_subscription_refuses_to_pull, "has no DetachSubscription"),
    case!(admin::rest_errors_have_the_documented_shape),
    case!(admin::rest_publishes_pulls_and_acks),
    case!(admin::rest_updates_a_topic, "does not update a topic's labels"),
    case!(admin::a_name_is_assigned_when_none_is_given),
    case!(delivery::official_client_publishes_receives_and_acks),
    case!(delivery::official_client_gets_a_nacked_message_again),
    case!(delivery::every_subscription_gets_every_message),
    case!(delivery::only_what_is_published_later_is_received),
    case!(delivery::message_ids_are_unique_and_in_order_of_the_request),
    case!(delivery::pull_returns_at_most_what_was_asked_for),
    case!(delivery::an_acked_message_does_not_come_back),
    case!(delivery::acking_twice_is_no_error),
    case!(delivery::a_zero_deadline_is_a_nack),
    case!(delivery::an_unanswered_message_comes_again_after_its_deadline),
    case!(delivery::an_extended_deadline_holds_the_message_back),
    case!(delivery::a_stream_has_its_own_deadline),
    case!(delivery::a_stream_acks_and_nacks),
    case!(delivery::a_stream_stops_at_its_outstanding_messages, "ignores max_outstanding_messages"),
    case!(delivery::a_stream_stops_at_its_outstanding_bytes, "ignores max_outstanding_bytes"),
    case!(delivery::the_first_retry_waits_for_the_minimum_backoff, "the first retry comes at once"),
    case!(delivery::without_dead_letter_policy_the_attempt_is_zero),
    case!(delivery::dead_letters_carry_their_source),
    case!(delivery::a_stream_of_a_deleted_subscription_ends, "leaves the stream open"),
    case!(
        delivery::a_stream_whose_connection_is_gone_gets_nothing_more,
        "delivers to it until the client half-closes it, which a client that is gone does not"
    ),
    case!(limits::names_follow_the_rules),
    case!(limits::ack_deadlines_are_10_to_600_seconds, "accepts 9 seconds"),
    case!(limits::retention_is_10_minutes_to_31_days, "refuses more than 7 days"),
    case!(limits::backoffs_are_0_to_600_seconds),
    case!(limits::dead_letter_attempts_are_5_to_100, "answers OUT_OF_RANGE"),
    case!(limits::a_dead_letter_topic_must_exist),
    case!(limits::a_message_needs_data_or_an_attribute),
    case!(limits::a_publish_request_is_bounded, "accepts more than 10 MB"),
    case!(limits::attributes_are_bounded, "accepts any number and length"),
    case!(limits::labels_follow_the_rules, "accepts upper case"),
    case!(limits::malformed_ack_ids_are_refused),
    case!(limits::modified_deadlines_are_0_to_600_seconds, "accepts 601 seconds"),
    case!(
        admin::what_is_not_served_is_refused_by_name,
        "accepts filters and ordering, and ignores what it does not do"
    ),
    case!(limits::a_stream_must_say_what_it_wants_once, "leaves a stream without a deadline open"),
];
