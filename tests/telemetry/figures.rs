//! Figures as Prometheus reads them: `name{label="value",...} number`, a line each.

type Labels = Vec<(String, String)>;

/// What a process told.
#[derive(Debug)]
pub(crate) struct Figures(Vec<(String, Labels, f64)>);

impl Figures {
    pub(crate) fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(|line| figure(line).unwrap_or_else(|| panic!("no figure: {line}"))).collect())
    }

    fn those<'a>(&'a self, name: &'a str, labels: &'a [(&str, &str)]) -> impl Iterator<Item = f64> + 'a {
        let has = |of: &[(String, String)], key: &str, value: &str| {
            of.iter().any(|(one, other)| one == key && other == value)
        };
        self.0
            .iter()
            .filter(move |(of, given, _)| {
                of == name && labels.iter().all(|(key, value)| has(given, key, value))
            })
            .map(|(_, _, figure)| *figure)
    }

    /// Whether there is a figure of this name with these labels.
    pub(crate) fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.those(name, labels).next().is_some()
    }

    /// All figures of this name with these labels, added up.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.those(name, labels).sum()
    }
}

fn figure(line: &str) -> Option<(String, Labels, f64)> {
    let (of, number) = line.rsplit_once(' ')?;
    let (name, labels) = match of.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (of, ""),
    };
    let label = |text: &str| {
        let (key, value) = text.split_once('=')?;
        Some((key.to_owned(), value.trim_matches('"').to_owned()))
    };
    let labels = labels.split(',').filter(|text| !text.is_empty()).map(label).collect::<Option<Vec<_>>>()?;
    Some((name.to_owned(), labels, number.parse().ok()?))
}
