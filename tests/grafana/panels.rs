//! What panels say and show: places, words, units, columns.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use geophone::metrics::{CATALOGUE, label_values};
use serde_json::{Value, json};

use crate::boards::{self, Board, list, text};
use crate::query::parse;
use crate::{each_panel, labels_of};

const PANELS: [&str; 9] =
    ["bargauge", "heatmap", "piechart", "row", "stat", "state-timeline", "table", "text", "timeseries"];

/// Units of Grafana (its `valueFormats/categories.ts`) that the boards use.
const UNITS: [&str; 11] =
    ["Bps", "Hs", "bytes", "cps", "dateTimeFromNow", "locale", "none", "ops", "percentunit", "pps", "s"];

#[test]
fn panels_say_what_they_show_and_stand_beside_each_other() {
    for board in boards::all() {
        let mut taken = BTreeMap::new();
        let (mut ids, mut titles) = (BTreeSet::new(), HashSet::new());
        for panel in board.panels() {
            let place = board.place(panel);
            assert!(PANELS.contains(&text(&panel["type"])), "{place}");
            assert!(
                ids.insert(panel["id"].as_u64()) && panel["id"].is_u64(),
                "{place}: its id is not its own"
            );
            assert!(!text(&panel["title"]).is_empty(), "{place}");
            if panel["type"] != "row" {
                assert!(text(&panel["description"]).ends_with('.'), "{place}: no description");
                assert!(titles.insert(&panel["title"]), "{place}: twice");
            }
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            assert!(w > 0 && h > 0 && x + w <= 24, "{place}: past the edge");
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (y, x))) {
                let other = taken.insert(cell, place.clone());
                assert!(other.is_none(), "{place} lies over {other:?}");
            }
        }
        let rows = taken.keys().map(|(y, _)| y + 1).max().unwrap();
        assert_eq!(taken.len() as u64, rows * 24, "{}: a hole in the grid", board.name);
    }
}

#[test]
fn panels_have_sources_units_and_words_for_nothing() {
    each_panel(|_, panel, place| {
        if ["row", "text"].contains(&text(&panel["type"])) {
            return;
        }
        let sources = list(&panel["targets"]).iter().chain([panel]).map(|of| &of["datasource"]["uid"]);
        assert!(sources.into_iter().all(|uid| uid == "${datasource}"), "{place}");
        let defaults = &panel["fieldConfig"]["defaults"];
        assert!(!text(&defaults["noValue"]).is_empty(), "{place}: nothing is said where there is nothing");
        let overrides = list(&panel["fieldConfig"]["overrides"]).iter().flat_map(|o| list(&o["properties"]));
        let units = overrides.clone().filter(|p| p["id"] == "unit").map(|p| &p["value"]);
        for unit in units.chain([&defaults["unit"]]) {
            assert!(UNITS.contains(&text(unit)) || unit == "short", "{place}: {unit} is no unit");
        }
        let thresholds = overrides.filter(|p| p["id"] == "thresholds").map(|p| &p["value"]);
        for threshold in thresholds.chain([&defaults["thresholds"]]) {
            let values: Vec<Option<f64>> =
                list(&threshold["steps"]).iter().map(|s| s["value"].as_f64()).collect();
            assert!(values.first() == Some(&None) && values.is_sorted(), "{place}: {values:?}");
            assert!(values[1..].iter().all(Option::is_some), "{place}: {values:?}");
        }
    });
}

#[test]
fn targets_ask_as_their_panels_show() {
    each_panel(|_, panel, place| {
        let now = ["stat", "table", "bargauge", "piechart"].contains(&text(&panel["type"]));
        let table = panel["type"] == "table";
        for (at, target) in list(&panel["targets"]).iter().enumerate() {
            assert_eq!(target["refId"], String::from(char::from(b'A' + at as u8)), "{place}");
            // What was last seen in the chosen time is not what is.
            assert_eq!((&target["instant"], &target["range"]), (&now.into(), &(!now).into()), "{place}");
            assert_eq!(target["format"] == "table", table, "{place}");
            assert_eq!(target["legendFormat"].is_string(), !table, "{place}");
        }
        let shows = !["row", "text"].contains(&text(&panel["type"]));
        assert_eq!(!list(&panel["targets"]).is_empty(), shows, "{place}");
    });
}

#[test]
fn columns_and_overrides_are_of_something() {
    each_panel(|board, panel, place| {
        let table = panel["type"] == "table";
        let known: BTreeSet<String> = if table {
            let columns = columns(board, panel);
            for sort in list(&panel["options"]["sortBy"]) {
                assert!(columns.contains_key(text(&sort["displayName"])), "{place}: sorted by {sort}");
            }
            // Frames are joined by what all of them have; so many queries need one key.
            let merged = list(&panel["transformations"]).iter().any(|t| t["id"] == "merge");
            assert_eq!(merged, list(&panel["targets"]).len() > 1, "{place}");
            columns.into_keys().collect()
        } else {
            let legends = list(&panel["targets"]).iter().map(|t| text(&t["legendFormat"]).to_owned());
            let values = legends.clone().filter(|l| l.starts_with("{{")).flat_map(|legend| {
                let metrics = CATALOGUE.iter().map(|e| e.name);
                let label = legend.trim_matches(['{', '}']).to_owned();
                metrics.filter_map(move |m| label_values(m, &label)).flatten()
            });
            let values: Vec<String> = values.map(str::to_owned).collect();
            legends.chain(values).collect()
        };
        let mut overrides = list(&panel["fieldConfig"]["overrides"]);
        if table && list(&panel["targets"]).len() > 1 {
            // What an empty table says would stand in each empty cell too.
            let (first, others) = overrides.split_first().unwrap();
            assert_eq!(first["matcher"], json!({"id": "byRegexp", "options": ".*"}), "{place}");
            assert_eq!(first["properties"], json!([{"id": "noValue", "value": "–"}]), "{place}");
            overrides = others;
        }
        for over in overrides {
            assert_eq!(over["matcher"]["id"], "byName", "{place}");
            let name = text(&over["matcher"]["options"]);
            assert!(known.contains(name), "{place}: {name} is none of {known:?}");
        }
    });
}

/// What a table calls its columns: the labels of its queries, and the value of each.
pub(crate) fn columns(board: &Board, panel: &Value) -> BTreeMap<String, String> {
    let targets = list(&panel["targets"]);
    let queries = board.queries();
    let place = board.place(panel);
    let mut fields = BTreeSet::from(["Time".to_owned()]);
    for query in queries.iter().filter(|q| q.place.starts_with(&format!("{place}, query "))) {
        fields.extend(parse(query.text).unwrap().labels(&labels_of).unwrap().unwrap());
    }
    match targets {
        [_] => _ = fields.insert("Value".to_owned()),
        many => fields.extend(many.iter().map(|t| format!("Value #{}", text(&t["refId"])))),
    }
    let organize = &list(&panel["transformations"]).last().expect("a table is organized")["options"];
    for key in ["excludeByName", "indexByName", "renameByName"] {
        for field in organize[key].as_object().unwrap().keys() {
            assert!(fields.contains(field), "{place}: {key} of {field}, which is none of {fields:?}");
        }
    }
    let hidden = &organize["excludeByName"];
    let shown = fields.into_iter().filter(|field| hidden[field] != true);
    shown.map(|field| (text(&organize["renameByName"][&field]).to_owned(), field)).collect()
}
