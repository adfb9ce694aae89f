//! Random small pipelines over one fixed row type: a computation is a hash over everything that it is
//! handed, so that any wrong input shows in the bytes. A fixed set, built once, because declarations are
//! static; which one a seed plays is the seed's choice.

use std::collections::HashMap;
use std::sync::LazyLock;

use tidegate::flow::{
    Calendar, Cascade, Computed, Dataset, DatasetName, Date, Document, DocumentSchema, Documents, Input,
    Inputs, Keep, Lane, Output, Permanent, Pipeline, PipelineName, Presence, Processor, Purpose, Season,
    SkipReason, Topology, Window,
};

use crate::chance::Dice;

tidegate::rows! {
    /// A row of any dataset of the simulation.
    pub(crate) struct Mark key(number) {
        /// Its place in the unit.
        pub(crate) number: i64,
        /// The hash of all inputs.
        pub(crate) hash: i64,
        /// Whether the date's payload was tainted: strict processors fail on such rows.
        pub(crate) tainted: bool,
    }
}

const LANDED: [DatasetName; 3] = [DatasetName::of("s.l0"), DatasetName::of("s.l1"), DatasetName::of("s.l2")];
const SOURCES: [&str; 3] = ["l0", "l1", "l2"];
const COMPUTED: [Dataset<Mark>; 5] =
    [Dataset::of("s.p0"), Dataset::of("s.p1"), Dataset::of("s.p2"), Dataset::of("s.p3"), Dataset::of("s.p4")];

/// How a processor behaves.
const PLAIN: u8 = 0;
/// Fails for good where anything in its windows is tainted.
const STRICT: u8 = 1;
/// Skips the season's first days.
const BOOTSTRAP: u8 = 2;
/// Its content follows from one bit of the inputs: changes upstream often end here.
const COARSE: u8 = 3;

/// A pipeline with all that is derived from it.
pub(crate) struct Fixture {
    pub(crate) cascade: Cascade,
    pub(crate) subscriptions: Vec<Subscription>,
    /// By topic: the places of its subscriptions.
    pub(crate) by_topic: HashMap<String, Vec<usize>>,
}

/// A subscription as the simulated bus needs it.
pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) dataset: DatasetName,
    pub(crate) dead_letter_topic: Option<String>,
    pub(crate) deliveries_max: Option<u32>,
}

static FIXTURES: LazyLock<Vec<Fixture>> =
    LazyLock::new(|| (0..160).map(|number| fixture(&mut Dice::of_seed(1_000_003 + number))).collect());

/// The pipeline that a seed plays.
pub(crate) fn choose(dice: &mut Dice) -> &'static Fixture {
    &FIXTURES[dice.below(FIXTURES.len())]
}

/// All datasets that any pipeline of the simulation may have.
pub(crate) fn datasets() -> Vec<DatasetName> {
    LANDED.into_iter().chain(COMPUTED.map(Dataset::name)).collect()
}

fn fixture(dice: &mut Dice) -> Fixture {
    let mut processors = Vec::new();
    let most = if dice.per_mille(200) { 3 } else { 2 };
    let landed = dice.between(1, most);
    for at in 0..landed {
        let presence = if dice.per_mille(400) { Presence::Optional } else { Presence::Required };
        processors.push(Processor::land(LANDED[at], "payloads", SOURCES[at], presence));
    }
    let most = if dice.per_mille(300) { 5 } else { 3 };
    let computed = dice.between(1, most);
    for (at, dataset) in COMPUTED.iter().enumerate().take(computed) {
        let reads = reads(dice, landed, at);
        let compute = [compute::<PLAIN>, compute::<STRICT>, compute::<BOOTSTRAP>, compute::<COARSE>];
        let kind = [PLAIN, PLAIN, STRICT, BOOTSTRAP, COARSE][dice.below(5)];
        let reads: &'static [Input] = Box::leak(reads.into_boxed_slice());
        let processor = if at + 1 == computed && dice.per_mille(250) {
            Processor::publish(dataset.name(), "documents", 1, reads, publish)
        } else {
            Processor::compute(*dataset, "marks", 1, reads, compute[usize::from(kind)])
        };
        processors.push(if dice.per_mille(150) { processor.monthly() } else { processor });
    }
    let processors: &'static [Processor] = Box::leak(processors.into_boxed_slice());
    let pipeline = Pipeline {
        name: PipelineName::of("s"),
        processors,
        calendar_source: "calendar",
        calendar: |_| Err(Permanent::new("no_calendar", "the simulation hands the calendar over itself")),
    };
    let cascade = Cascade::of(&pipeline).expect("a cascade");
    let topology = Topology::of(&cascade);
    let mut by_topic: HashMap<String, Vec<usize>> = HashMap::new();
    let mut subscriptions = Vec::new();
    for subscription in topology.subscriptions {
        by_topic.entry(subscription.topic).or_default().push(subscriptions.len());
        subscriptions.push(Subscription {
            dataset: cascade.find(subscription.dataset).expect("a dataset of the cascade"),
            name: subscription.name,
            purpose: subscription.purpose,
            dead_letter_topic: subscription.dead_letter_topic,
            deliveries_max: subscription.delivery_attempts_max,
        });
    }
    Fixture { cascade, subscriptions, by_topic }
}

/// What the computed dataset number `at` reads: never nothing.
fn reads(dice: &mut Dice, landed: usize, at: usize) -> Vec<Input> {
    let mut reads = Vec::new();
    for name in &LANDED[..landed] {
        if dice.per_mille(if at == 0 { 700 } else { 250 }) {
            let window = if dice.per_mille(800) {
                Window::SameDate
            } else {
                Window::Days { back: small(dice, 3), ahead: small(dice, 3) }
            };
            reads.push(Input { dataset: *name, window, presence: presence(dice) });
        }
    }
    for other in &COMPUTED[..at] {
        if dice.per_mille(600) {
            reads.push(Input { dataset: other.name(), window: window(dice), presence: presence(dice) });
        }
    }
    if reads.is_empty() {
        reads.push(Input::same_date(LANDED[dice.below(landed)]));
    }
    reads
}

fn presence(dice: &mut Dice) -> Presence {
    if dice.per_mille(300) { Presence::Optional } else { Presence::Required }
}

fn small(dice: &mut Dice, end: usize) -> u16 {
    u16::try_from(dice.below(end)).expect("small")
}

fn window(dice: &mut Dice) -> Window {
    match dice.below(12) {
        0..=2 => Window::SameDate,
        3 | 4 => Window::PreviousDates(1 + small(dice, 4)),
        5 => Window::SeasonBefore,
        6 => {
            Window::SeasonBeforeCarrying { first_days: 1 + small(dice, 6), carried_days: 1 + small(dice, 8) }
        }
        7 => Window::Days { back: small(dice, 5), ahead: 0 },
        8 => Window::AllBefore,
        9 => Window::MonthToDate,
        10 => Window::SeasonToDate,
        _ => Window::Days { back: small(dice, 3), ahead: small(dice, 3) },
    }
}

/// A calendar of 3 to 20 dates in 1 to 3 seasons.
pub(crate) fn calendar(dice: &mut Dice) -> Calendar {
    let dates = if dice.per_mille(120) { dice.between(10, 20) } else { dice.between(3, 8) };
    let seasons = dice.between(1, 3.min(dates));
    let (mut day, mut season) = (10, 2020);
    let mut pairs = Vec::new();
    for at in 0..dates {
        pairs.push((Date::from_days(day), Season::starting(season)));
        day += i32::try_from(dice.between(1, 3)).expect("small");
        let left =
            usize::try_from(2020 + i32::try_from(seasons).expect("small") - 1 - season).expect("small");
        if left > 0 && (dates - at - 1 <= left || dice.per_mille(300)) {
            season += 1;
            day += 20;
        }
    }
    Calendar::of(pairs).expect("a calendar")
}

/// The lanes' dice.
pub(crate) fn lane(dice: &mut Dice) -> Lane {
    if dice.per_mille(300) { Lane::Daily } else { Lane::Backfill }
}

/// Documents of the date's own and documents that several dates write, each on some dates only; which, follows from
/// what the date reads.
fn publish(inputs: &Inputs<'_>) -> Result<Documents, Permanent> {
    let Computed::Rows(output) = compute::<PLAIN>(inputs)? else {
        panic!("a plain computation skips nothing");
    };
    let schema = DocumentSchema { name: "s.marks", version: 1 };
    let revision = output.frame().revision();
    let chance = revision.bytes()[0];
    let document = |path: &str, keep| Document::json(path, keep, schema, inputs.date(), &revision.short());
    let mut documents = Vec::new();
    if !chance.is_multiple_of(5) {
        documents.push(document(&format!("own/{}.json", inputs.date()), Keep::Own)?);
    }
    for number in (0..PEOPLE).filter(|number| chance >> number & 1 == 1) {
        documents.push(document(&format!("people/{number}.json"), Keep::Latest)?);
    }
    Ok(Documents::Made(documents))
}

/// Documents that several dates write.
const PEOPLE: u8 = 4;

fn compute<const KIND: u8>(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if KIND == BOOTSTRAP && inputs.calendar().season_day(inputs.index()) < 3 {
        return Ok(Computed::Skipped(SkipReason::Bootstrap));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&inputs.date().days().to_le_bytes());
    let mut tainted = false;
    for name in LANDED {
        // A dataset that is not declared is not there to be asked for.
        let Ok(payloads) = inputs.payloads(name) else {
            continue;
        };
        hasher.update(name.as_str().as_bytes());
        for payload in payloads {
            if payload.bytes.starts_with(b"broken") {
                return Err(Permanent::new("payload_broken", format!("{} is broken", payload.name)));
            }
            tainted |= payload.bytes.starts_with(b"tainted");
            hasher.update(&payload.bytes);
        }
        let skipped = inputs.skipped(name)?;
        hasher.update(skipped.map_or("there", SkipReason::code).as_bytes());
    }
    for dataset in COMPUTED {
        let Ok(window) = inputs.window(dataset) else {
            continue;
        };
        hasher.update(dataset.name().as_str().as_bytes());
        for (date, rows) in window {
            hasher.update(&date.days().to_le_bytes());
            for row in rows {
                if KIND == STRICT && row.tainted {
                    let message = format!("{} {date} is tainted", dataset.name());
                    return Err(Permanent::new("input_tainted", message));
                }
                tainted |= row.tainted && date == inputs.date();
                hasher.update(&row.hash.to_le_bytes());
            }
        }
    }
    for (dataset, date) in inputs.gaps() {
        hasher.update(format!("gap {dataset} {date}").as_bytes());
    }
    let mut word = [0; 8];
    word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    let hash = i64::from_le_bytes(word);
    let hash = if KIND == COARSE { hash & 1 } else { hash };
    let rows: Vec<Mark> =
        (0..hash.rem_euclid(4)).map(|number| Mark { number, hash: hash ^ number, tainted }).collect();
    let expected = rows.len() as u64;
    Ok(Computed::Rows(Output::of(rows, expected)))
}
