//! The players: names as real leagues have them (accents, suffixes, spellings that change in
//! mid-career) and what each is able to do. All of them are invented.

use std::collections::BTreeSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::flow::Date;

use super::chance;
use super::shots::Zone;

/// A player, for the whole career. Abilities are relative to the league's mean.
#[derive(Debug, Clone)]
pub(super) struct Player {
    /// PLAYER_ID.
    pub(super) id: i64,
    name: Spelling,
    /// The civil year of birth.
    pub(super) born: i32,
    /// Overall ability, in deviations from the mean of those who enter the league.
    pub(super) talent: f64,
    /// How often he shoots in a minute; 1 is the mean.
    pub(super) usage: f64,
    /// How often from each zone, by `Zone::ALL`.
    pub(super) zones: [f64; 7],
    /// Added to the chance that his shot goes in: paint, mid-range, three.
    pub(super) touch: [f64; 3],
    /// Share of free throws made.
    pub(super) free_throw: f64,
    /// How often he is fouled in a minute.
    pub(super) draws_fouls: f64,
    pub(super) offensive_rebound: f64,
    pub(super) defensive_rebound: f64,
    pub(super) assist: f64,
    pub(super) steal: f64,
    pub(super) block: f64,
    pub(super) turnover: f64,
    pub(super) foul: f64,
    /// Chance to be hurt in a game.
    pub(super) fragile: f64,
}

#[derive(Debug, Clone)]
struct Spelling {
    proper: String,
    plain: String,
    /// Before this date the logs spell him plainly.
    proper_since: Option<Date>,
    plain_in_shots: bool,
}

impl Player {
    /// PLAYER_NAME in the logs of a date.
    pub(super) fn name(&self, date: Date) -> &str {
        match self.name.proper_since {
            Some(since) if date < since => &self.name.plain,
            Some(_) | None => &self.name.proper,
        }
    }

    /// The name in the injury report: last name first, without accents, with its suffix.
    pub(super) fn reported_name(&self) -> String {
        let suffix = [" Jr.", " III", " II"].into_iter().find(|suffix| self.name.proper.ends_with(suffix));
        let (first, last) = self.name.plain.split_once(' ').unwrap_or(("", &self.name.plain));
        format!("{last}{}, {first}", suffix.unwrap_or_default())
    }

    /// PLAYER_NAME in the shot chart of a date, which for some is spelt plainly throughout.
    pub(super) fn name_in_shots(&self, date: Date) -> &str {
        if self.name.plain_in_shots { &self.name.plain } else { self.name(date) }
    }
}

/// Makes players one after another, with numbers and names that occur once.
pub(super) struct Nursery {
    rng: ChaCha8Rng,
    next_id: i64,
    taken: BTreeSet<(usize, usize)>,
}

impl Nursery {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: chance::generator(seed, "players", &[]), next_id: 1_640_001, taken: BTreeSet::new() }
    }

    /// A player who enters the league in a season whose first date is `opening`, `age` years old.
    pub(super) fn player(&mut self, opening: Date, age: i32) -> Player {
        let name = self.name(opening);
        let rng = &mut self.rng;
        let id = self.next_id;
        self.next_id += rng.random_range(1..=7);
        let talent = chance::normal(rng, 0.0, 1.0);
        // -1 a small guard, +1 a big man: most of what a player does follows from it.
        let size: f64 = rng.random_range(-1.0..1.0);
        let around = |rng: &mut ChaCha8Rng, mean: f64| (chance::normal(rng, mean, 0.2)).max(0.08);
        Player {
            id,
            name,
            born: opening.year() - age,
            talent,
            usage: (0.95 + 0.27 * talent + 0.06 * talent * talent + chance::normal(rng, 0.0, 0.1))
                .clamp(0.4, 2.1),
            zones: zones(rng, size),
            touch: [0.022, 0.03, 0.022].map(|deviation| 0.008 * talent + chance::normal(rng, 0.0, deviation)),
            free_throw: (chance::normal(rng, 0.785 - 0.06 * size + 0.015 * talent, 0.06)).clamp(0.45, 0.95),
            draws_fouls: around(rng, 1.0 + 0.2 * talent + 0.15 * size),
            offensive_rebound: around(rng, 1.0 + 0.75 * size),
            defensive_rebound: around(rng, 1.0 + 0.5 * size),
            assist: around(rng, 1.0 - 0.6 * size + 0.25 * talent),
            steal: around(rng, 1.0 - 0.2 * size),
            block: around(rng, 1.0 + 0.8 * size),
            turnover: around(rng, 1.0 - 0.15 * size + 0.2 * talent),
            foul: around(rng, 1.0 + 0.25 * size),
            fragile: rng.random_range(0.004..0.022),
        }
    }

    fn name(&mut self, opening: Date) -> Spelling {
        let rng = &mut self.rng;
        let (first, last) = loop {
            let pair = (rng.random_range(0..FIRST_NAMES.len()), rng.random_range(0..LAST_NAMES.len()));
            if self.taken.insert(pair) {
                break (FIRST_NAMES[pair.0], LAST_NAMES[pair.1]);
            }
            // A league of very many seasons outgrows the list; from then on names repeat, numbers do not.
            if self.taken.len() == FIRST_NAMES.len() * LAST_NAMES.len() {
                self.taken.clear();
            }
        };
        let suffix = match rng.random_range(0..100) {
            0..6 => " Jr.",
            6..8 => " III",
            8..9 => " II",
            _ => "",
        };
        let proper = format!("{} {}{suffix}", first.0, last.0);
        let plain = format!("{} {}", first.1, last.1);
        let differs = proper != plain;
        let changes = differs && chance::happens(rng, 0.3);
        Spelling {
            proper_since: changes.then(|| opening.plus_days(rng.random_range(20..500))),
            plain_in_shots: differs && chance::happens(rng, 0.15),
            proper,
            plain,
        }
    }
}

fn zones(rng: &mut ChaCha8Rng, size: f64) -> [f64; 7] {
    let mut shares = [0.0; 7];
    for (share, zone) in shares.iter_mut().zip(Zone::ALL) {
        let lean = match zone {
            Zone::RestrictedArea => 1.0 + 0.55 * size,
            Zone::Paint => 1.0 + 0.25 * size,
            Zone::MidRange => 1.0,
            Zone::LeftCorner | Zone::RightCorner | Zone::AboveBreak => 1.0 - 0.6 * size,
            Zone::Backcourt => 1.0 - 0.5 * size,
        };
        *share = zone.league().0 * (lean * chance::normal(rng, 1.0, 0.3)).max(0.05);
    }
    shares
}

/// Each with its plain spelling.
const FIRST_NAMES: [(&str, &str); 60] = [
    ("Luka", "Luka"),
    ("Théo", "Theo"),
    ("Mateo", "Mateo"),
    ("José", "Jose"),
    ("Ömer", "Omer"),
    ("Dāvis", "Davis"),
    ("Žiga", "Ziga"),
    ("D'Andre", "D'Andre"),
    ("Jean-Luc", "Jean-Luc"),
    ("Tyrell", "Tyrell"),
    ("Marcus", "Marcus"),
    ("Jaylin", "Jaylin"),
    ("Keon", "Keon"),
    ("Desmond", "Desmond"),
    ("Andre", "Andre"),
    ("Malik", "Malik"),
    ("Isaiah", "Isaiah"),
    ("Caleb", "Caleb"),
    ("Trevor", "Trevor"),
    ("Jordan", "Jordan"),
    ("Darius", "Darius"),
    ("Cole", "Cole"),
    ("Nikola", "Nikola"),
    ("Bogdan", "Bogdan"),
    ("Goran", "Goran"),
    ("Davion", "Davion"),
    ("Terrence", "Terrence"),
    ("Kofi", "Kofi"),
    ("Amadou", "Amadou"),
    ("Cheick", "Cheick"),
    ("Rui", "Rui"),
    ("Yuki", "Yuki"),
    ("Kai", "Kai"),
    ("Simone", "Simone"),
    ("Nicolò", "Nicolo"),
    ("Álex", "Alex"),
    ("Íñigo", "Inigo"),
    ("Sébastien", "Sebastien"),
    ("Killian", "Killian"),
    ("Jonas", "Jonas"),
    ("Rokas", "Rokas"),
    ("Vít", "Vit"),
    ("Ondřej", "Ondrej"),
    ("Łukasz", "Lukasz"),
    ("Brandon", "Brandon"),
    ("Austin", "Austin"),
    ("Cameron", "Cameron"),
    ("Devin", "Devin"),
    ("Elijah", "Elijah"),
    ("Grant", "Grant"),
    ("Harrison", "Harrison"),
    ("Ish", "Ish"),
    ("Josh", "Josh"),
    ("Kenrich", "Kenrich"),
    ("Landry", "Landry"),
    ("Moses", "Moses"),
    ("Noah", "Noah"),
    ("P.J.", "PJ"),
    ("Quentin", "Quentin"),
    ("Shai", "Shai"),
];

/// Each with its plain spelling.
const LAST_NAMES: [(&str, &str); 80] = [
    ("Dvořák", "Dvorak"),
    ("Petrović", "Petrovic"),
    ("Núñez", "Nunez"),
    ("García", "Garcia"),
    ("Müller", "Muller"),
    ("O'Brien", "O'Brien"),
    ("O'Shea", "OShea"),
    ("St. James", "St. James"),
    ("Valančius", "Valancius"),
    ("Diop", "Diop"),
    ("N'Dour", "N'Dour"),
    ("van der Berg", "van der Berg"),
    ("Kovačević", "Kovacevic"),
    ("Şimşek", "Simsek"),
    ("Bērziņš", "Berzins"),
    ("Lefèvre", "Lefevre"),
    ("Hernández", "Hernandez"),
    ("Ibáñez", "Ibanez"),
    ("Nowak-Wood", "Nowak-Wood"),
    ("Ellis-Hart", "Ellis-Hart"),
    ("Abbott", "Abbott"),
    ("Barlow", "Barlow"),
    ("Bridgewater", "Bridgewater"),
    ("Calloway", "Calloway"),
    ("Chandler", "Chandler"),
    ("Cordova", "Cordova"),
    ("Dawkins", "Dawkins"),
    ("Delacroix", "Delacroix"),
    ("Easton", "Easton"),
    ("Fairchild", "Fairchild"),
    ("Fontaine", "Fontaine"),
    ("Gaines", "Gaines"),
    ("Goodwin", "Goodwin"),
    ("Grantham", "Grantham"),
    ("Hargrove", "Hargrove"),
    ("Hawkins", "Hawkins"),
    ("Hollis", "Hollis"),
    ("Ingram-Cole", "Ingram-Cole"),
    ("Jefferies", "Jefferies"),
    ("Kamara", "Kamara"),
    ("Keita", "Keita"),
    ("Kimbrough", "Kimbrough"),
    ("Langford", "Langford"),
    ("Lattimore", "Lattimore"),
    ("Lockett", "Lockett"),
    ("Mbaye", "Mbaye"),
    ("McCray", "McCray"),
    ("McIntosh", "McIntosh"),
    ("Merriweather", "Merriweather"),
    ("Montrose", "Montrose"),
    ("Nakamura", "Nakamura"),
    ("Okafor-Bell", "Okafor-Bell"),
    ("Okoye", "Okoye"),
    ("Osei", "Osei"),
    ("Pemberton", "Pemberton"),
    ("Pryor", "Pryor"),
    ("Quarles", "Quarles"),
    ("Radcliffe", "Radcliffe"),
    ("Ramsey", "Ramsey"),
    ("Rhodes", "Rhodes"),
    ("Rutledge", "Rutledge"),
    ("Sato", "Sato"),
    ("Sinclair", "Sinclair"),
    ("Stallworth", "Stallworth"),
    ("Sutton", "Sutton"),
    ("Tavares", "Tavares"),
    ("Thibault", "Thibault"),
    ("Toussaint", "Toussaint"),
    ("Traoré", "Traore"),
    ("Underwood", "Underwood"),
    ("Vance", "Vance"),
    ("Varga", "Varga"),
    ("Vaughn", "Vaughn"),
    ("Wakefield", "Wakefield"),
    ("Weathers", "Weathers"),
    ("Whitlock", "Whitlock"),
    ("Winslow", "Winslow"),
    ("Yarbrough", "Yarbrough"),
    ("Zanetti", "Zanetti"),
    ("Žukauskas", "Zukauskas"),
];
