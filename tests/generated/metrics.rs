//! The page of metrics, from the catalogue.

use super::same;

#[test]
fn the_page_of_metrics_is_the_catalogue() {
    same("docs/metrics.md", &geophone::metrics::page());
}
