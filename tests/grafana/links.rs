//! Where links lead, those of alerts too.

use serde_json::Value;

use crate::boards::{self, Board, list, text};
use crate::panels::columns;
use crate::{each_panel, yaml};

#[test]
fn links_lead_to_boards_with_what_these_ask_for() {
    let all = boards::all();
    let mut seen = 0;
    each_panel(|board, panel, place| {
        for url in links(panel) {
            seen += 1;
            assert_eq!(leads(&all, url), Ok(()), "{place}: {url}");
            for name in placeholders(url) {
                let there = if let Some(column) = name.strip_prefix("__data.fields.") {
                    columns(board, panel).contains_key(column)
                } else if let Some(label) = name.strip_prefix("__field.labels.") {
                    list(&panel["targets"])
                        .iter()
                        .all(|t| text(&t["legendFormat"]).contains(&format!("{{{{{label}}}}}")))
                } else {
                    name == "__url_time_range" || board.variables().iter().any(|v| v["name"] == name)
                };
                assert!(there, "{place}: {name} in {url}");
            }
        }
    });
    assert!(seen > 5, "only {seen} links");
}

#[test]
fn alerts_lead_to_boards() {
    let all = boards::all();
    let file = yaml("config/prometheus/geophone.alerts.yaml");
    let rules = list(&file["groups"]).iter().flat_map(|group| list(&group["rules"]));
    let mut seen = 0;
    for rule in rules {
        seen += 1;
        let url = text(&rule["annotations"]["dashboard_url"]);
        assert_eq!(leads(&all, url), Ok(()), "{}: {url}", rule["alert"]);
    }
    assert!(seen > 10, "only {seen} alerts");
}

#[test]
fn wrong_links_are_found() {
    let all = boards::all();
    assert!(leads(&all, "/d/geophone-nowhere").is_err());
    assert!(leads(&all, "/d/geophone-fleet?var-client=x").is_err());
    assert_eq!(leads(&all, "/d/geophone-client?var-instance=x&var-client=x"), Ok(()));
}

/// All links of a panel: its own, of its fields, of its columns.
fn links(panel: &Value) -> Vec<&str> {
    let config = &panel["fieldConfig"];
    let overrides = list(&config["overrides"]).iter().flat_map(|o| list(&o["properties"]));
    let of_columns = overrides.filter(|p| p["id"] == "links").flat_map(|p| list(&p["value"]));
    of_columns.chain(list(&config["defaults"]["links"])).map(|link| text(&link["url"])).collect()
}

/// The name after `$` of each `${NAME…}`.
fn placeholders(url: &str) -> impl Iterator<Item = &str> {
    url.split("${").skip(1).map(|rest| rest.split(['}', ':']).next().unwrap())
}

/// Whether an address is that of a board, and each `var-NAME` a variable of it.
fn leads(all: &[Board], url: &str) -> Result<(), String> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let uid = path.rsplit_once("/d/").ok_or("is no board's address")?.1;
    let board =
        all.iter().find(|b| b.json["uid"] == uid).ok_or_else(|| format!("there is no board {uid}"))?;
    query.split('&').filter_map(|p| p.strip_prefix("var-")?.split('=').next()).try_for_each(|name| {
        let there = board.variables().iter().any(|v| v["name"] == name);
        there.then_some(()).ok_or_else(|| format!("{uid} has no variable {name}"))
    })
}
