//! What a website shows, as the data of its JSON documents: a date's predictions, its results, the systems'
//! performance, players' profiles. Values only; `docs/site` has the schemas, and where the documents go is
//! decided elsewhere. A version is raised whenever a reader of the one before would be misled.

mod performance;
mod players;
mod predictions;
mod results;

pub use performance::{PERFORMANCE, Performance, performance};
pub use players::{PLAYER_PROFILE, PlayerProfile, player_profiles};
pub use predictions::{PREDICTIONS, Predictions, predictions};
pub use results::{RESULTS, Results, results};
