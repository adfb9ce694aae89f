//! The name rules of topics, subscriptions and projects: parsed once where a request is read, afterwards the type
//! is the proof. Knows the documented grammar and nothing else.

use super::refusal::Refusal;
use std::fmt;

/// What a subscription's `topic` reads once its topic was deleted.
pub(super) const DELETED_TOPIC: &str = "_deleted-topic_";

/// `projects/{project}/topics/{topic}`, both parts checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TopicName(String);

/// `projects/{project}/subscriptions/{subscription}`, both parts checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SubscriptionName(String);

/// `projects/{project}`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProjectName(String);

impl TopicName {
    /// The full name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a full topic name; `field` is the request's field that it came in.
    pub(super) fn parse(field: &'static str, name: &str) -> Result<TopicName, Refusal> {
        check(field, name, "topics")?;
        Ok(TopicName(name.to_owned()))
    }
}

impl SubscriptionName {
    /// The full name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a full subscription name; `field` is the request's field that it came in.
    pub(super) fn parse(field: &'static str, name: &str) -> Result<SubscriptionName, Refusal> {
        check(field, name, "subscriptions")?;
        Ok(SubscriptionName(name.to_owned()))
    }

    /// The name that the server gives to a subscription created without one, in its topic's project.
    pub(super) fn assigned(topic: &TopicName, number: u64) -> SubscriptionName {
        SubscriptionName(format!("projects/{}/subscriptions/assigned-{number}", project_of(&topic.0)))
    }
}

impl ProjectName {
    /// Parses `projects/{project}`.
    pub(super) fn parse(field: &'static str, name: &str) -> Result<ProjectName, Refusal> {
        match name.strip_prefix("projects/") {
            Some(project) if project_problem(project).is_none() => Ok(ProjectName(name.to_owned())),
            _ => Err(Refusal::invalid(field, format!("`{name}` is not of the form projects/{{project}}"))),
        }
    }

    /// Whether `name`, a topic or subscription, belongs to this project.
    pub(super) fn owns(&self, name: &str) -> bool {
        name.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The project in a full resource name that was parsed before.
pub(super) fn project_of(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}

/// The last part of a full resource name that was parsed before.
pub(super) fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

fn check(field: &'static str, name: &str, collection: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = name.split('/').collect();
    let ["projects", project, found, id] = parts.as_slice() else {
        return Err(Refusal::invalid(
            field,
            format!("`{name}` is not of the form projects/{{project}}/{collection}/{{id}}"),
        ));
    };
    if *found != collection {
        return Err(Refusal::invalid(
            field,
            format!("`{name}` is not of the form projects/{{project}}/{collection}/{{id}}"),
        ));
    }
    match project_problem(project).or_else(|| id_problem(id)) {
        Some(problem) => Err(Refusal::invalid(field, format!("`{name}`: {problem}"))),
        None => Ok(()),
    }
}

/// The rule of the documentation on `Topic.name` and `Subscription.name` that `id` breaks, if it breaks one.
fn id_problem(id: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~+%".contains(c);
    if !id.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Some("the id must start with a letter")
    } else if !id.chars().all(allowed) {
        Some("the id may contain only letters, numbers and - _ . ~ + %")
    } else if !(3..=255).contains(&id.len()) {
        Some("the id must be between 3 and 255 characters long")
    } else if id.to_ascii_lowercase().starts_with("goog") {
        Some("the id must not start with `goog`")
    } else {
        None
    }
}

/// Project IDs and numbers, `example.com:project` included. The cloud's length rule is left out: emulators' users
/// choose short names, and no project is ever created here.
fn project_problem(project: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if project.is_empty() || !project.chars().all(allowed) {
        Some("the project is not a project ID")
    } else {
        None
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text!(TopicName, SubscriptionName, ProjectName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_names_follow_the_documented_rules() {
        let longest = format!("projects/p/topics/{}", "a".repeat(255));
        let too_long = format!("projects/p/topics/{}", "a".repeat(256));
        let cases = [
            ("plain", "projects/p/topics/abc", true),
            ("every special character", "projects/p/topics/a-_.~+%9", true),
            ("dots as the fleet uses them", "projects/p/topics/nba.landed_player_logs.completed", true),
            ("domain-scoped project", "projects/example.com:p-1/topics/abc", true),
            ("longest", longest.as_str(), true),
            ("too long", too_long.as_str(), false),
            ("too short", "projects/p/topics/ab", false),
            ("starts with a digit", "projects/p/topics/1abc", false),
            ("starts with goog", "projects/p/topics/google", false),
            ("space", "projects/p/topics/a b c", false),
            ("letter beyond ASCII", "projects/p/topics/abcé", false),
            ("slash", "projects/p/topics/abc/def", false),
            ("subscription", "projects/p/subscriptions/abc", false),
            ("no project", "projects//topics/abc", false),
            ("bare", "abc", false),
            ("empty", "", false),
            ("deleted", DELETED_TOPIC, false),
        ];
        for (case, name, accepted) in cases {
            match TopicName::parse("topic", name) {
                Ok(parsed) => assert!(accepted && parsed.to_string() == name, "{case}: accepted"),
                Err(refusal) => {
                    assert!(!accepted, "{case}: {refusal}");
                    assert_eq!(refusal.code(), tonic::Code::InvalidArgument, "{case}");
                }
            }
        }
    }

    #[test]
    fn a_project_owns_its_resources_and_no_others() {
        let project = ProjectName::parse("project", "projects/p").unwrap();
        assert!(project.owns("projects/p/topics/abc"));
        assert!(!project.owns("projects/pq/topics/abc"));
        assert!(ProjectName::parse("project", "p").is_err());
        assert_eq!(project_of("projects/p/topics/abc"), "p");
        assert_eq!(id_of("projects/p/topics/abc"), "abc");
    }
}
