//! What things are called: canonical game ids, normalised player names, match-ups, the league's dates.
//! Pure text in, value out; every join still goes by `player_id`, because spellings change.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::flow::Date;

/// The canonical id of a game: `20231225_BOS_LAL`, away first, home last, US date of the game.
#[must_use]
pub fn canonical_game_id(date: Date, away_team: &str, home_team: &str) -> String {
    let day: String = date.to_string().split('-').collect();
    format!("{day}_{away_team}_{home_team}")
}

/// A person's name as it is kept: composed (Unicode NFC), so that one name is the same bytes whichever way a
/// source writes its accents.
#[must_use]
pub(super) fn person_name(name: &str) -> Arc<str> {
    name.nfc().collect::<String>().into()
}

/// A player's name composed (Unicode NFC), in lower case, accents folded, spaces and punctuation removed, suffix kept:
/// `José Alvarado` is `josealvarado`, `LeBron James Jr.` is `lebronjamesjr`. A letter that cannot be
/// folded to Latin ones stays as it is, so that two names never fall together for want of a rule.
#[must_use]
pub fn player_lookup(name: &str) -> String {
    let mut lookup = String::with_capacity(name.len());
    for letter in name.nfc().flat_map(char::to_lowercase) {
        match fold(letter) {
            Some(plain) => lookup.push_str(plain),
            None if letter.is_alphanumeric() => lookup.push(letter),
            None => {}
        }
    }
    lookup
}

/// The Latin letters without the accent of a lower-case accented one; `None` for all others.
fn fold(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' => "i",
        'ĵ' => "j",
        'ķ' | 'ǩ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ǒ' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ǔ' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

/// The date that the league writes in one of its three ways: `2024-01-26`, `2024-04-20T00:00:00` or
/// `20240126`.
#[must_use]
pub fn league_date(text: &str) -> Option<Date> {
    match text.len() {
        8 if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Date::of(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?)
        }
        10 => Date::parse(text).ok(),
        _ => {
            let (day, time) = text.split_once('T')?;
            time.starts_with("00:00:00").then(|| Date::parse(day).ok())?
        }
    }
}

/// A match-up from one team's side, as its log writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matchup<'t> {
    /// The team whose row it is.
    pub(super) team: &'t str,
    /// The other one.
    pub(super) opponent: &'t str,
    /// Whether `team` is at home.
    pub(super) at_home: bool,
}

impl<'t> Matchup<'t> {
    /// Reads `DEN vs. LAL` (at home) or `GSW @ BKN` (away).
    #[must_use]
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (team, opponent, at_home) = match text.split_once(" vs. ") {
            Some((team, opponent)) => (team, opponent, true),
            None => {
                let (team, opponent) = text.split_once(" @ ")?;
                (team, opponent, false)
            }
        };
        Some(Self { team, opponent, at_home })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        let cases = [
            ("LeBron James Jr.", "lebronjamesjr"),
            ("José Alvarado", "josealvarado"),
            ("De'Aaron O'Neal", "deaarononeal"),
            ("Luka Dončić", "lukadoncic"),
            ("Luka Doncic", "lukadoncic"),
            ("Kristaps Porziņģis", "kristapsporzingis"),
            ("Dennis Schröder", "dennisschroder"),
            ("Karl-Anthony Towns", "karlanthonytowns"),
            ("Jimmy Butler III", "jimmybutleriii"),
            ("P.J. Tucker", "pjtucker"),
            ("Dario Šarić", "dariosaric"),
            ("ALPEREN ŞENGÜN", "alperensengun"),
            ("Ömer Aşık", "omerasik"),
            ("Straße Œuvre", "strasseoeuvre"),
            ("姚明", "姚明"),
            ("Luka Donc\u{30c}ic\u{301}", "lukadoncic"),
            ("\u{1e6d}", "\u{1e6d}"),
            ("t\u{323}", "\u{1e6d}"),
            ("ガ", "ガ"),
            ("カ\u{3099}", "ガ"),
        ];
        for (name, expected) in cases {
            assert_eq!(player_lookup(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_the_same_bytes_however_its_accents_are_written() {
        assert_eq!(person_name("Luka Donc\u{30c}ic\u{301}"), person_name("Luka Dončić"));
        assert_eq!(&*person_name("LeBron James"), "LeBron James");
    }

    #[test]
    fn the_league_writes_dates_in_three_ways() {
        let date = Date::of(2024, 1, 26);
        for text in ["2024-01-26", "2024-01-26T00:00:00", "20240126"] {
            assert_eq!(league_date(text), date, "{text}");
        }
        let bad = ["", "2024-1-26", "20241326", "2024-01-26T19:30:00", "2024x126", "26/01/2024", "é0240126"];
        for text in bad {
            assert_eq!(league_date(text), None, "{text}");
        }
    }

    #[test]
    fn match_ups_name_the_home_team() {
        let home = Matchup::parse("DEN vs. LAL").expect("home");
        assert_eq!((home.team, home.opponent, home.at_home), ("DEN", "LAL", true));
        let away = Matchup::parse("GSW @ BKN").expect("away");
        assert_eq!((away.team, away.opponent, away.at_home), ("GSW", "BKN", false));
        assert_eq!(Matchup::parse("GSW-BKN"), None);
    }

    #[test]
    fn a_canonical_id_has_the_home_team_last() {
        let date = Date::of(2023, 12, 25).expect("date");
        assert_eq!(canonical_game_id(date, "BOS", "LAL"), "20231225_BOS_LAL");
    }
}
