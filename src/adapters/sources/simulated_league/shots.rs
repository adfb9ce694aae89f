//! Where shots are taken from: the zones of the shot chart, their coordinates, areas, ranges and kinds of
//! shot. Geometry only; who shoots and whether it goes in is decided in `game.rs`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::chance;

/// A zone of the shot chart (SHOT_ZONE_BASIC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    RestrictedArea,
    Paint,
    MidRange,
    LeftCorner,
    RightCorner,
    AboveBreak,
    Backcourt,
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shot {
    /// Index of the player in the season's list.
    pub(super) player: usize,
    /// Whether the home team shoots.
    pub(super) home: bool,
    /// From 1; 5 and above is overtime.
    pub(super) period: u8,
    /// Seconds left in the period.
    pub(super) seconds_left: u16,
    pub(super) zone: Zone,
    /// Tenths of a foot from the hoop, to the right.
    pub(super) x: i16,
    /// Tenths of a foot from the hoop, up the court.
    pub(super) y: i16,
    pub(super) made: bool,
    pub(super) action: &'static str,
    /// The number of the event in the game.
    pub(super) event: u16,
}

impl Zone {
    pub(super) const ALL: [Self; 7] = [
        Self::RestrictedArea,
        Self::Paint,
        Self::MidRange,
        Self::LeftCorner,
        Self::RightCorner,
        Self::AboveBreak,
        Self::Backcourt,
    ];

    /// SHOT_ZONE_BASIC.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RestrictedArea => "Restricted Area",
            Self::Paint => "In The Paint (Non-RA)",
            Self::MidRange => "Mid-Range",
            Self::LeftCorner => "Left Corner 3",
            Self::RightCorner => "Right Corner 3",
            Self::AboveBreak => "Above the Break 3",
            Self::Backcourt => "Backcourt",
        }
    }

    /// Whether a shot from there counts three.
    pub(super) fn is_three(self) -> bool {
        match self {
            Self::RestrictedArea | Self::Paint | Self::MidRange => false,
            Self::LeftCorner | Self::RightCorner | Self::AboveBreak | Self::Backcourt => true,
        }
    }

    /// The league's share of attempts from there, and its share of makes (a real season's figures).
    pub(super) fn league(self) -> (f64, f64) {
        match self {
            Self::RestrictedArea => (0.296, 0.655),
            Self::Paint => (0.197, 0.435),
            Self::MidRange => (0.112, 0.413),
            Self::LeftCorner => (0.053, 0.382),
            Self::RightCorner => (0.049, 0.386),
            Self::AboveBreak => (0.291, 0.354),
            Self::Backcourt => (0.002, 0.02),
        }
    }

    /// Which part of a defence answers for it: 0 the paint, 1 mid-range, 2 three.
    pub(super) fn part(self) -> usize {
        match self {
            Self::RestrictedArea | Self::Paint => 0,
            Self::MidRange => 1,
            Self::LeftCorner | Self::RightCorner | Self::AboveBreak | Self::Backcourt => 2,
        }
    }

    /// A place in the zone.
    pub(super) fn place(self, rng: &mut ChaCha8Rng) -> (i16, i16) {
        match self {
            Self::RestrictedArea => tried(rng, (0, 12), |rng| {
                let x = chance::normal(rng, 0.0, 14.0);
                let y = chance::normal(rng, 9.0, 12.0);
                (square(x, y) < 39.0 * 39.0 && y > -29.0).then_some((x, y))
            }),
            Self::Paint => tried(rng, (20, 60), |rng| {
                let x = rng.random_range(-79.0..79.0);
                let y = chance::normal(rng, 55.0, 45.0);
                (square(x, y) > 42.0 * 42.0 && (-40.0..138.0).contains(&y)).then_some((x, y))
            }),
            Self::MidRange => tried(rng, (100, 100), |rng| {
                let (x, y) = (rng.random_range(-216.0..216.0), rng.random_range(-36.0..230.0));
                let far: f64 = square(x, y);
                let outside_paint = f64::abs(x) > 81.0 || y > 139.0;
                (outside_paint && far > 82.0 * 82.0 && far < 232.0 * 232.0).then_some((x, y))
            }),
            Self::LeftCorner => (-rng.random_range(222..=246), rng.random_range(-40..=86)),
            Self::RightCorner => (rng.random_range(222..=246), rng.random_range(-40..=86)),
            Self::AboveBreak => {
                let x: f64 = rng.random_range(-215.0..215.0);
                let line = (239.0 * 239.0 - x * x).sqrt();
                let beyond = rng.random::<f64>() * rng.random::<f64>() * 60.0;
                (x as i16, ((line + beyond) as i16).max(90))
            }
            Self::Backcourt => (rng.random_range(-220..=220), rng.random_range(430..=800)),
        }
    }

    /// SHOT_ZONE_AREA and SHOT_ZONE_RANGE of a place in the zone.
    pub(super) fn area_and_range(self, x: i16, y: i16) -> (&'static str, &'static str) {
        let feet = distance(x, y);
        match self {
            Self::RestrictedArea => ("Center(C)", "Less Than 8 ft."),
            Self::Paint | Self::MidRange if feet < 8 => ("Center(C)", "Less Than 8 ft."),
            Self::Paint => (third(x, y), "8-16 ft."),
            Self::MidRange if feet < 16 => (third(x, y), "8-16 ft."),
            Self::MidRange => (fifth(x, y), "16-24 ft."),
            Self::LeftCorner => ("Left Side(L)", "24+ ft."),
            Self::RightCorner => ("Right Side(R)", "24+ ft."),
            Self::AboveBreak => match fifth(x, y) {
                "Center(C)" => ("Center(C)", "24+ ft."),
                _ if x < 0 => ("Left Side Center(LC)", "24+ ft."),
                _ => ("Right Side Center(RC)", "24+ ft."),
            },
            Self::Backcourt => ("Back Court(BC)", "Back Court Shot"),
        }
    }

    /// ACTION_TYPE of a shot from there.
    pub(super) fn action(self, rng: &mut ChaCha8Rng) -> &'static str {
        let kinds: &[&str] = match self {
            Self::RestrictedArea => &[
                "Driving Layup Shot",
                "Running Layup Shot",
                "Driving Finger Roll Layup Shot",
                "Tip Layup Shot",
                "Cutting Layup Shot",
                "Dunk Shot",
                "Alley Oop Dunk Shot",
                "Putback Layup Shot",
            ],
            Self::Paint => &[
                "Driving Floating Jump Shot",
                "Driving Layup Shot",
                "Pullup Jump shot",
                "Floating Jump shot",
                "Turnaround Hook Shot",
                "Fadeaway Jump Shot",
            ],
            Self::MidRange => &[
                "Pullup Jump shot",
                "Jump Shot",
                "Step Back Jump shot",
                "Fadeaway Jump Shot",
                "Turnaround Fadeaway shot",
            ],
            Self::LeftCorner | Self::RightCorner | Self::AboveBreak => &[
                "Jump Shot",
                "Jump Shot",
                "Jump Shot",
                "Pullup Jump shot",
                "Step Back Jump shot",
                "Running Jump Shot",
            ],
            Self::Backcourt => &["Jump Shot", "Pullup Jump shot", "Running Jump Shot"],
        };
        chance::one_of(rng, kinds)
    }
}

/// SHOT_DISTANCE: whole feet from the hoop.
pub(super) fn distance(x: i16, y: i16) -> i64 {
    (square(f64::from(x), f64::from(y)).sqrt() / 10.0) as i64
}

fn square(x: f64, y: f64) -> f64 {
    x * x + y * y
}

/// Left, centre or right: the borders run at 30 degrees from the line between the hoops.
fn third(x: i16, y: i16) -> &'static str {
    match side(x, y, 0.577) {
        0 => "Center(C)",
        side if side < 0 => "Left Side(L)",
        _ => "Right Side(R)",
    }
}

/// The same with two more parts: borders at 18 and 54 degrees.
fn fifth(x: i16, y: i16) -> &'static str {
    match (side(x, y, 0.325), side(x, y, 1.376)) {
        (0, _) => "Center(C)",
        (inner, 0) if inner < 0 => "Left Side Center(LC)",
        (_, 0) => "Right Side Center(RC)",
        (inner, _) if inner < 0 => "Left Side(L)",
        _ => "Right Side(R)",
    }
}

fn side(x: i16, y: i16, tangent: f64) -> i16 {
    let within = f64::from(x).abs() < tangent * f64::from(y);
    if within { 0 } else { x.signum() }
}

/// Draws until a place fits; `otherwise` after many misses, so that no draw can hang.
fn tried(
    rng: &mut ChaCha8Rng,
    otherwise: (i16, i16),
    mut draw: impl FnMut(&mut ChaCha8Rng) -> Option<(f64, f64)>,
) -> (i16, i16) {
    (0..64).find_map(|_| draw(rng)).map_or(otherwise, |(x, y)| (x.round() as i16, y.round() as i16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lie_in_their_zones() {
        let mut rng = chance::generator(3, "places", &[]);
        for zone in Zone::ALL {
            let feet = match zone {
                Zone::RestrictedArea => 0..=3,
                Zone::Paint => 4..=15,
                Zone::MidRange => 8..=23,
                Zone::LeftCorner | Zone::RightCorner => 22..=26,
                Zone::AboveBreak => 23..=31,
                Zone::Backcourt => 42..=84,
            };
            for _ in 0..2_000 {
                let (x, y) = zone.place(&mut rng);
                assert!(feet.contains(&distance(x, y)), "{zone:?} at {x}, {y}");
                let (area, range) = zone.area_and_range(x, y);
                assert_eq!(area.starts_with("Left"), x < 0 && !area.contains('C') || area.contains("LC"));
                assert_eq!(range == "24+ ft.", zone.is_three() && zone != Zone::Backcourt);
            }
        }
    }
}
