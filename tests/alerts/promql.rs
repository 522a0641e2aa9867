//! As much of PromQL as our rules use: which metrics an expression selects, by which labels, in which function. It does
//! not calculate; promtool does.

/// One metric as it stands in an expression.
#[derive(Debug)]
pub(crate) struct Selector {
    /// Its name.
    pub(crate) metric: String,
    /// What stands between braces.
    pub(crate) matchers: Vec<Matcher>,
    /// What it is the first argument of; empty where it stands free.
    pub(crate) function: String,
    /// How far back it looks, without the step of a subquery.
    pub(crate) range: Option<String>,
}

/// A condition on a label.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matcher {
    /// Its name.
    pub(crate) label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub(crate) operator: String,
    /// Without quotes.
    pub(crate) value: String,
}

/// Words that are no metrics: operators, modifiers, functions, and the labels that these name.
const WORDS: &[&str] = &[
    "absent",
    "and",
    "avg_over_time",
    "changes",
    "client",
    "count",
    "dialect",
    "certainty",
    "increase",
    "instance",
    "interface",
    "job",
    "max_over_time",
    "offset",
    "on",
    "or",
    "pool",
    "rate",
    "reason",
    "result",
    "signal",
    "sum",
    "time",
    "transport",
    "unless",
    "without",
];

/// All metrics of an expression, in their order; an error for a name that could be one and has no braces.
pub(crate) fn selectors(expression: &str) -> Result<Vec<Selector>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut before: Vec<&str> = Vec::new();
    while let Some(c) = expression[at..].chars().next() {
        let rest = &expression[at..];
        let length = if is_of_a_name(c) {
            rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len())
        } else {
            c.len_utf8()
        };
        let token = &rest[..length];
        at += length;
        if c == '[' {
            at += expression[at..].find(']').ok_or("no ]")?;
        } else if is_of_a_name(c) && !c.is_ascii_digit() && expression[at..].starts_with('{') {
            let end = at + expression[at..].find('}').ok_or("no }")?;
            let function = if before.last() == Some(&"(") { before.iter().rev().nth(1) } else { None };
            found.push(Selector {
                metric: token.to_owned(),
                matchers: matchers(&expression[at + 1..end])?,
                function: function.map_or(String::new(), |f| (*f).to_owned()),
                range: range(&expression[end + 1..]),
            });
            at = end + 1;
        } else if is_of_a_name(c) && !c.is_ascii_digit() && !WORDS.contains(&token) {
            let is_after_offset = before.last() == Some(&"offset");
            if !is_after_offset {
                return Err(format!("{token} is no word that this test knows, and a metric has braces"));
            }
        }
        if !c.is_whitespace() {
            before.push(token);
        }
    }
    Ok(found)
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

fn matchers(inside: &str) -> Result<Vec<Matcher>, String> {
    let mut found = Vec::new();
    // No value of ours has a comma or a quote.
    for part in inside.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (head, value) = part.split_once('"').ok_or_else(|| format!("{part}: no value"))?;
        let label = head.trim_end_matches(['=', '!', '~']);
        found.push(Matcher {
            label: label.to_owned(),
            operator: head[label.len()..].to_owned(),
            value: value.strip_suffix('"').ok_or_else(|| format!("{part}: no end"))?.to_owned(),
        });
    }
    Ok(found)
}

fn range(rest: &str) -> Option<String> {
    let inside = rest.trim_start().strip_prefix('[')?.split(']').next()?;
    inside.split(':').next().map(str::to_owned)
}

/// Seconds of a duration such as `1h30m`.
pub(crate) fn seconds(duration: &str) -> u64 {
    let (mut sum, mut number) = (0, String::new());
    for c in duration.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => panic!("{duration} is no duration"),
        };
        sum += unit * number.parse::<u64>().unwrap_or_else(|_| panic!("{duration} is no duration"));
        number.clear();
    }
    assert!(number.is_empty() && sum > 0, "{duration} is no duration");
    sum
}

/// Whether a pattern of plain characters, `.+` and `.*` fits the whole value.
pub(crate) fn fits(pattern: &str, value: &str) -> bool {
    let wild = |least: usize, rest: &str| (least..=value.len()).any(|n| fits(rest, &value[n..]));
    if let Some(rest) = pattern.strip_prefix(".+") {
        wild(1, rest)
    } else if let Some(rest) = pattern.strip_prefix(".*") {
        wild(0, rest)
    } else {
        let (Some(p), Some(v)) = (pattern.chars().next(), value.chars().next()) else {
            return pattern.is_empty() && value.is_empty();
        };
        p == v && fits(&pattern[p.len_utf8()..], &value[v.len_utf8()..])
    }
}

/// Words of a text that begin so and go on in letters.
pub(crate) fn names(text: &str, head: &str) -> Vec<String> {
    let of_word = |(at, _): (usize, &str)| {
        text[at..].chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
    };
    let mut found: Vec<String> = text.match_indices(head).map(of_word).filter(|w| w != head).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn expressions_are_read_as_written() {
    let read =
        selectors("sum without (dialect) (max_over_time(a_b{job=\"x\", c=~\"d|e.+\"}[5m] offset 1d)) > 2e3")
            .unwrap();
    assert_eq!((read.len(), read[0].metric.as_str(), read[0].function.as_str()), (1, "a_b", "max_over_time"));
    assert_eq!(read[0].range.as_deref(), Some("5m"));
    assert_eq!(
        read[0].matchers[1],
        Matcher { label: "c".into(), operator: "=~".into(), value: "d|e.+".into() }
    );
    assert_eq!(selectors("changes(a{job=\"x\"}[1d:1h])").unwrap()[0].range.as_deref(), Some("1d"));
    assert!(selectors("rate(geophone_flows[5m])").is_err());
    assert!(
        fits("rx/.+", "rx/0") && !fits("rx/.+", "rx/") && fits(".*pow.*", "kawpow") && !fits("cn", "cn/0")
    );
    assert_eq!(seconds("1h30m"), 5400);
}
