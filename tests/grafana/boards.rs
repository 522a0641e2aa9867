//! The shipped boards as tests need them: their panels, and their queries with where they stand.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// One file of `config/grafana/dashboards`.
pub(crate) struct Board {
    /// Name of the file, without `.json`.
    pub(crate) name: String,
    pub(crate) json: Value,
}

/// What a query is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Panel,
    Annotation,
}

/// One PromQL expression of a board.
pub(crate) struct Query<'a> {
    /// Board, panel and letter, for people.
    pub(crate) place: String,
    pub(crate) text: &'a str,
    pub(crate) of: Use,
    /// Title of the panel, or name of the annotation.
    pub(crate) title: &'a str,
    /// What names the series; none in tables.
    pub(crate) legend: Option<&'a str>,
}

/// All boards, by name.
pub(crate) fn all() -> Vec<Board> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/grafana/dashboards");
    let mut boards: Vec<Board> =
        fs::read_dir(folder).unwrap().map(|entry| board(&entry.unwrap().path())).collect();
    boards.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(
        boards.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(),
        ["client", "fleet", "overview", "sensor"]
    );
    boards
}

fn board(path: &Path) -> Board {
    let text = fs::read_to_string(path).unwrap();
    let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Board { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), json }
}

impl Board {
    /// Panels in the order of the file, rows among them.
    pub(crate) fn panels(&self) -> &[Value] {
        list(&self.json["panels"])
    }

    /// The variables above the board.
    pub(crate) fn variables(&self) -> &[Value] {
        list(&self.json["templating"]["list"])
    }

    /// Where a panel is, for people.
    pub(crate) fn place(&self, panel: &Value) -> String {
        format!("{}.json: {}", self.name, text(&panel["title"]))
    }

    /// The queries of panels and annotations.
    pub(crate) fn queries(&self) -> Vec<Query<'_>> {
        let mut queries: Vec<Query<'_>> = Vec::new();
        for panel in self.panels() {
            queries.extend(list(&panel["targets"]).iter().map(|target| self.query(panel, target)));
        }
        let annotations = list(&self.json["annotations"]["list"]);
        queries.extend(annotations.iter().filter(|a| a["expr"].is_string()).map(|annotation| Query {
            place: format!("{}.json: annotation {}", self.name, text(&annotation["name"])),
            text: text(&annotation["expr"]),
            of: Use::Annotation,
            title: text(&annotation["name"]),
            legend: None,
        }));
        queries
    }

    fn query<'a>(&self, panel: &'a Value, target: &'a Value) -> Query<'a> {
        Query {
            place: format!("{}, query {}", self.place(panel), text(&target["refId"])),
            text: text(&target["expr"]),
            of: Use::Panel,
            title: text(&panel["title"]),
            legend: target["legendFormat"].as_str(),
        }
    }
}

/// A list, empty where there is none.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text, which must be there.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A query with values for its variables, as Grafana sends it with everything chosen and this client.
pub(crate) fn filled(query: &str, client: &str) -> String {
    let values = [
        ("$__rate_interval", "5m"),
        ("$__range", "1h"),
        ("$__interval_ms", "60000"),
        ("$job", ".+"),
        ("$instance", ".+"),
        ("$algorithm", ".+"),
        ("${client:raw}", client),
    ];
    let filled = values.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
    assert!(!filled.contains('$'), "{query}: a variable that is not known here");
    filled
}
