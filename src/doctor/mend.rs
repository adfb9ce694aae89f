//! How a thing of the cloud is mended: the command for where the home is. What terraform made is mended by terraform,
//! settings that `gcloud` can change at once by `gcloud`, and what an emulator lacks by any role, which makes it.

/// Whose topics, subscriptions and buckets they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The home's directory, for commands.
    pub home: String,
    /// The project of the topics.
    pub project: String,
    /// The Pub/Sub server, where it is not Google's own.
    pub emulator: Option<String>,
}

impl Place {
    /// How a topic that is missing comes back.
    pub(super) fn make_topic(&self, name: &str) -> String {
        match self.emulator {
            None => format!("terraform apply -target='{}'", Self::resource("topic", name)),
            Some(_) => self.start_a_role(),
        }
    }

    /// How a subscription that is missing comes back.
    pub(super) fn make_subscription(&self, name: &str) -> String {
        match self.emulator {
            None => format!("terraform apply -target='{}'", Self::resource("subscription", name)),
            Some(_) => self.start_a_role(),
        }
    }

    /// How a subscription gets a setting that cannot be changed, or only by taking it away.
    pub(super) fn replace_subscription(&self, name: &str) -> String {
        match &self.emulator {
            None => format!("terraform apply -replace='{}'", Self::resource("subscription", name)),
            Some(endpoint) => format!(
                "curl -X DELETE {}/v1/projects/{}/subscriptions/{name}; then {}",
                endpoint.trim_end_matches('/'),
                self.project,
                self.start_a_role()
            ),
        }
    }

    /// How a subscription gets other settings.
    pub(super) fn update_subscription(&self, name: &str, flags: &[String]) -> String {
        match self.emulator {
            None => format!(
                "gcloud pubsub subscriptions update {name} --project={} {}",
                self.project,
                flags.join(" ")
            ),
            Some(_) => self.replace_subscription(name),
        }
    }

    /// How it goes away.
    pub(super) fn delete(&self, kind: &str, name: &str) -> String {
        match &self.emulator {
            None => format!("gcloud pubsub {kind} delete {name} --project={}", self.project),
            Some(endpoint) => {
                let endpoint = endpoint.trim_end_matches('/');
                format!("curl -X DELETE {endpoint}/v1/projects/{}/{kind}/{name}", self.project)
            }
        }
    }

    fn start_a_role(&self) -> String {
        format!("tidegate gate --home {}   # any role makes what an emulator lacks", self.home)
    }

    fn resource(kind: &str, name: &str) -> String {
        format!("module.fleet.module.pubsub.google_pubsub_{kind}.this[\"{name}\"]")
    }
}
