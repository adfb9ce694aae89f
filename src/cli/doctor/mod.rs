//! `tidegate doctor`: looks at all that a home stands on, says what is not as it should be, and how to mend it. Asks
//! through the adapters, judges by the rules of the room `doctor`; here is what is asked and how it is shown. Changes
//! nothing, but one object of its own with `--probe`.

mod asking;
mod bus;
mod cloud_home;
mod local_home;
mod render;
mod stores;

use clap::Args;

use super::assemble;
use super::console::Console;
use super::ending::Ending;
use super::settings::Settings;
use crate::doctor::{Report, Role, Verdict};

const EXAMPLES: &str = "\
Examples:
  tidegate doctor --home cloud                  everything, with the rights that a person's client needs
  tidegate doctor --home cloud --role worker    the same with a worker's: run it as the worker
  tidegate doctor --home cloud --probe --json   writes and removes an object of our own, too

OK is as it should be; WARN works, and will not always; FAIL is to be mended, by the command that is shown; UNKNOWN
could not be asked. Emulators know no permissions: that is UNKNOWN as well, and no fault.

Exit codes: 0 nothing fails; 3 something is to be mended; 1 something could not be asked, and nothing fails.";

/// Options of `tidegate doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Of a cloud home: whose rights to look for in whoever runs this: client, gate, scheduler, sink or worker
    #[arg(long, value_name = "ROLE", default_value = "client", value_parser = role)]
    role: Role,
    /// Of a cloud home: write an object of our own into each bucket that the role writes to, and remove it
    #[arg(long)]
    probe: bool,
}

fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.map(Role::as_str).join(", ");
    Role::ALL
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or_else(|| format!("a role is one of {known}"))
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    assemble::must_exist(&settings.home)?;
    let findings = if settings.home.is_cloud() {
        cloud_home::examine(&settings.home, options.role, options.probe, console).await
    } else {
        local_home::examine(&settings.home).await
    };
    let report = Report::of(findings);
    let home = settings.home.root().display().to_string();
    settings.print(&render::text(&home, &report), || render::json_of(&home, &report));
    Ok(match report.verdict() {
        Verdict::Fail => Ending::Remains,
        Verdict::Unknown => Ending::Unasked,
        Verdict::Warn | Verdict::Unserved | Verdict::Ok => Ending::AllDone,
    })
}
