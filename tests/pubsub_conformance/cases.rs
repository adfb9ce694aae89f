/// Every case, by subject.
pub const CASES: &[Case] = &[
    case!(admin::official_client_manages_topics_and_subscriptions),
    case!(delivery::official_client_publishes_receives_and_acks),
];
