//! The kill test: the real program is killed (SIGKILL) at random moments, at least twenty times during one
//! backfill; then it finishes by itself, and the lake is byte-identical to an undisturbed run's.

mod home;

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use home::{SMALL_LEAGUE, TestHome, assert_same_lake};
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Kills that a backfill must survive.
const KILLS: u32 = 20;

/// Backfills that are begun until one has been killed so often: how long a slice takes is the machine's.
const TRIES: u32 = 4;

/// The seed of all moments; a failure names it.
const SEED: u64 = 20_231_225;

fn command() -> Vec<&'static str> {
    [&["run", "nba"], SMALL_LEAGUE.as_slice()].concat()
}

/// Kills the child after this time; `false` where it had ended by itself before.
fn kill_after(mut child: Child, delay: Duration) -> bool {
    let id = child.id().to_string();
    let (ended, end) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || ended.send(child.wait().expect("its end")).expect("somebody waits"));
        if let Ok(status) = end.recv_timeout(delay) {
            assert!(status.success(), "it failed by itself: {status}");
            return false;
        }
        // Where it has ended meanwhile there is nothing to kill, and its status says so.
        Command::new("kill").args(["-KILL", &id]).stderr(Stdio::null()).status().expect("kill");
        end.recv().expect("its end").code().is_none()
    })
}

/// How long a command takes from start to end.
fn duration(home: &TestHome) -> Duration {
    let (ended, end) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            home.run(&command()).ended(0);
            let _ = ended.send(());
        });
        let step = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        while end.recv_timeout(step) == Err(mpsc::RecvTimeoutError::Timeout) {
            waited += step;
        }
        waited
    })
}

/// A backfill that is killed until it has been `KILLS` times, or has ended before.
fn tormented(rng: &mut ChaCha8Rng, startup: Duration, slice: Duration) -> (TestHome, u32) {
    let home = TestHome::new();
    let mut kills = 0;
    while kills < KILLS {
        let delay = (startup + 2 * slice).mul_f64(rng.random_range(0.0..1.0));
        let mut command = home.command(&command());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        if !kill_after(child, delay) {
            break;
        }
        kills += 1;
    }
    (home, kills)
}

#[test]
fn killed_twenty_times_the_backfill_still_ends_in_the_same_bytes() {
    let calm = TestHome::new();
    let whole = duration(&calm);
    let startup = duration(&calm);
    let mut slice = whole.saturating_sub(startup).max(Duration::from_millis(100)) / KILLS;
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for _ in 0..TRIES {
        let (home, kills) = tormented(&mut rng, startup, slice);
        let last = home.run(&[command().as_slice(), &["--json"]].concat()).ended(0).json();
        assert_eq!((last["ending"].as_str(), last["left"].as_u64()), (Some("all_done"), Some(0)), "{last}");
        assert_same_lake(&calm.lake(), &home.lake());
        if kills >= KILLS {
            return;
        }
        slice /= 2;
    }
    panic!("no backfill lived through {KILLS} kills in {TRIES} tries: it always ended before (seed {SEED})");
}
