//! A Google Cloud project: its number, and what whoever asks may do in it. Changes nothing.

use serde_json::json;

use crate::adapters::rest::{self, Rest};
use crate::doctor::Answer;

/// Where projects are asked about.
const SERVICE: &str = "https://cloudresourcemanager.googleapis.com";

/// A project, by its name.
pub struct Project {
    name: String,
    rest: Rest,
}

impl Project {
    /// The project of this name. `endpoint` is a local server in the place of Google's; an error says which credentials
    /// were looked for.
    pub fn of(name: &str, endpoint: Option<&str>) -> Result<Self, String> {
        Ok(Self { name: name.to_owned(), rest: Rest::of(SERVICE, endpoint)? })
    }

    /// Its number, which is in the names of Google's own agents.
    pub async fn number(&self) -> Answer<String> {
        let answer = self.rest.get(&format!("/v3/projects/{}", self.name)).await;
        match answer.map(|project| {
            project["name"].as_str().and_then(|name| Some(name.strip_prefix("projects/")?.to_owned()))
        }) {
            Answer::Told(Some(number)) => Answer::Told(number),
            Answer::Told(None) => Answer::Unserved("the answer has no number of the project".to_owned()),
            Answer::Unserved(reason) => Answer::Unserved(reason),
            Answer::Refused(reason) => Answer::Refused(reason),
            Answer::Silent(reason) => Answer::Silent(reason),
        }
    }

    /// Which of these permissions whoever asks has in the project.
    pub async fn permissions(&self, wanted: &[&str]) -> Answer<Vec<String>> {
        let path = format!("/v3/projects/{}:testIamPermissions", self.name);
        let answer = self.rest.post(&path, &json!({ "permissions": wanted })).await;
        answer.map(|answer| rest::permissions(&answer))
    }
}
