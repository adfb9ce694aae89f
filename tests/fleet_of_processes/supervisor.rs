//! Starts roles as processes of the real program, begins again those that end, kills them when told to, and waits for
//! a client's run. Waits on events with a deadline; never just lets time pass.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use serde_json::Value;

use crate::servers::CloudHome;

/// Between two disturbances: many, before a quick machine is at the end of the run.
const STEP: Duration = Duration::from_millis(500);

/// How long a role may take until it works, and until it has stopped.
const START_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(60);

/// A role of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Gate,
    Worker,
    Scheduler,
    Sink,
}

impl Role {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Gate => &["gate"],
            Self::Worker => &["worker", "--attempts", "8", "--grace", "20"],
            Self::Scheduler => &["scheduler"],
            Self::Sink => &["sink"],
        }
    }
}

/// What happens to the processes.
enum Event {
    /// The process of this place, in this life, works and tells of itself at this address.
    Works(usize, u32, String),
    /// It has ended.
    Ended(usize, u32),
    /// The client has ended, with its exit code and answer.
    Client(Option<i32>, String, String),
}

/// A process.
struct Process {
    role: Role,
    life: u32,
    child: Child,
    telemetry: Option<String>,
}

/// The processes of a fleet.
pub(crate) struct Supervisor<'a> {
    home: &'a CloudHome<'a>,
    processes: Vec<Process>,
    events: Receiver<Event>,
    tell: Sender<Event>,
    killed: u32,
    stopping: bool,
}

impl<'a> Supervisor<'a> {
    /// Starts them and waits until all of them work.
    pub(crate) fn start(home: &'a CloudHome<'a>, roles: &[Role]) -> Self {
        let (tell, events) = mpsc::channel();
        let mut fleet = Self { home, processes: Vec::new(), events, tell, killed: 0, stopping: false };
        for role in roles.iter().copied().filter(|role| *role != Role::Scheduler) {
            fleet.add(role);
        }
        while fleet.processes.iter().any(|process| process.telemetry.is_none()) {
            let event = fleet.events.recv_timeout(START_MAX).expect("the roles begin to work");
            fleet.note(event);
        }
        fleet
    }

    fn add(&mut self, role: Role) {
        let place = self.processes.len();
        let child = self.spawn(role, place, 0);
        self.processes.push(Process { role, life: 0, child, telemetry: None });
    }

    fn spawn(&self, role: Role, place: usize, life: u32) -> Child {
        let mut command = self.home.command(role.arguments());
        command
            .env("TIDEGATE__TELEMETRY__LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("its standard error"));
        let tell = self.tell.clone();
        let mut log = self.home.log(&format!("{role:?}-{place}"));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                writeln!(log, "{line}").expect("the log is written");
                if let Some((_, rest)) = line.split_once("health and metrics at http://") {
                    let address = rest.split(';').next().unwrap_or_default().to_owned();
                    let _ = tell.send(Event::Works(place, life, address));
                }
            }
            // Its standard error is closed: it has ended, or does so now.
            let _ = tell.send(Event::Ended(place, life));
        });
        child
    }

    /// Takes note of what happened; answers with the client's end.
    fn note(&mut self, event: Event) -> Option<(Option<i32>, String, String)> {
        match event {
            Event::Works(place, life, address) if self.processes[place].life == life => {
                self.processes[place].telemetry = Some(address);
            }
            Event::Works(..) => {}
            Event::Ended(place, life) if self.processes[place].life == life && !self.stopping => {
                self.processes[place].child.wait().expect("its end");
                let child = self.spawn(self.processes[place].role, place, life + 1);
                let process = &mut self.processes[place];
                (process.life, process.child, process.telemetry) = (life + 1, child, None);
            }
            Event::Ended(..) => {}
            Event::Client(code, answer, complaint) => return Some((code, answer, complaint)),
        }
        None
    }

    /// Has a client run the pipeline to its end, again where it fails; `between` is called again and again.
    /// Answers with what the client said.
    pub(crate) fn run_to_end(&mut self, limit: Duration, mut between: impl FnMut(&mut Self)) -> Value {
        self.client();
        let mut waited = Duration::ZERO;
        loop {
            match self.events.recv_timeout(STEP) {
                Ok(event) => match self.note(event) {
                    Some((Some(0), answer, _)) => {
                        return serde_json::from_str(&answer)
                            .unwrap_or_else(|error| panic!("{error}: {answer}"));
                    }
                    Some((code, answer, complaint)) => {
                        println!("the client ended with {code:?}: {answer}{complaint}; it begins again");
                        self.client();
                    }
                    None => continue,
                },
                Err(RecvTimeoutError::Timeout) => {
                    waited += STEP;
                    assert!(waited < limit, "the run has not ended: {}", self.home.complaints());
                    // It comes when there is a run: on its own it would submit one of another name.
                    if !self.processes.iter().any(|process| process.role == Role::Scheduler)
                        && self.home.standing().open > 0
                    {
                        self.add(Role::Scheduler);
                    }
                    between(self);
                }
                Err(RecvTimeoutError::Disconnected) => unreachable!("the supervisor holds a sender"),
            }
        }
    }

    /// Waits until this is so, and until then keeps the processes alive.
    pub(crate) fn wait_until(&mut self, limit: Duration, what: impl Fn() -> bool) {
        let mut waited = Duration::ZERO;
        while !what() {
            waited += STEP;
            assert!(waited < limit, "it has not come true: {}", self.home.complaints());
            let mut left = STEP;
            while let Ok(event) = self.events.recv_timeout(left) {
                self.note(event);
                left = Duration::from_millis(1);
            }
        }
    }

    fn client(&self) {
        let child = self.home.command(&["run", "nba", "--json"]).spawn().expect("the program starts");
        let tell = self.tell.clone();
        std::thread::spawn(move || {
            let output = child.wait_with_output().expect("its end");
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let _ = tell.send(Event::Client(output.status.code(), text(output.stdout), text(output.stderr)));
        });
    }

    /// Kills one of them at once, if it works already; it begins again. Says whether it did.
    pub(crate) fn kill_one(&mut self, place: usize) -> bool {
        if let Some(process) = self.processes.get_mut(place)
            && process.telemetry.is_some()
        {
            signal("-KILL", process.child.id());
            process.telemetry = None;
            self.killed += 1;
            return true;
        }
        false
    }

    /// How many were killed.
    pub(crate) fn killed(&self) -> u32 {
        self.killed
    }

    /// A counter, added up over all processes and labels.
    pub(crate) fn total(&self, counter: &str) -> u64 {
        let of = |process: &Process| -> f64 {
            let text = get(process.telemetry.as_deref().expect("it works"), "/metrics");
            let lines = text.lines().filter(|line| line.starts_with(&format!("{counter}{{")));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        self.processes.iter().map(of).sum::<f64>() as u64
    }

    /// Asks all of them to stop, and waits until they have: each by itself, in time and well.
    pub(crate) fn stop(&mut self) {
        while self.processes.iter().any(|process| process.telemetry.is_none()) {
            let event = self.events.recv_timeout(START_MAX).expect("the roles begin again");
            self.note(event);
        }
        self.stopping = true;
        for process in &self.processes {
            signal("-TERM", process.child.id());
        }
        let mut left = self.processes.len();
        while left > 0 {
            let event = self.events.recv_timeout(STOP_MAX).expect("the roles stop in time");
            if let Event::Ended(place, life) = event
                && self.processes[place].life == life
            {
                left -= 1;
                let status = self.processes[place].child.wait().expect("its end");
                let role = self.processes[place].role;
                assert!(status.success(), "{role:?} stopped with {status}: {}", self.home.complaints());
            }
        }
        self.processes.clear();
    }
}

impl Drop for Supervisor<'_> {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // What has ended already is not there to be killed.
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }
}

pub(crate) fn signal(which: &str, process: u32) {
    Command::new("kill").args([which, &process.to_string()]).stderr(Stdio::null()).status().expect("kill");
}

/// The body of an HTTP answer.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("telemetry listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    body.to_owned()
}
