//! The pages: which path answers what. It knows nothing of sockets.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Mutex;

use crate::metrics::{self, Metrics};

/// What the pages show.
pub struct Site {
    metrics: Arc<Metrics>,
    ready: AtomicBool,
    /// The last text of the metrics, and when its rendering began.
    text: Mutex<Option<(Instant, Bytes)>>,
}

impl Site {
    /// Pages over these metrics; not ready yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, ready: AtomicBool::new(false), text: Mutex::default() }
    }

    /// Says whether the sensor is at work: all captures open, configuration in force, no end asked for.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Relaxed);
    }

    /// The metrics, not older than this call. Calls that wait for a text while one is made share the next one, so
    /// that a flood of them costs one rendering at a time and no memory. `None` if rendering panicked.
    async fn text(&self) -> Option<Bytes> {
        let asked = now();
        let mut last = self.text.lock().await;
        if let Some((began, text)) = &*last
            && *began >= asked
        {
            return Some(text.clone());
        }
        let began = now();
        let metrics = Arc::clone(&self.metrics);
        let text = tokio::task::spawn_blocking(move || metrics.render()).await.ok()?;
        let text = Bytes::from(text);
        *last = Some((began, text.clone()));
        Some(text)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("ready", &self.ready).finish_non_exhaustive()
    }
}

/// All paths; GET and HEAD only.
pub(super) fn routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(landing))
        .route("/metrics", get(scrape))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .fallback(unknown)
        .with_state(site)
}

async fn scrape(State(site): State<Arc<Site>>) -> Response {
    match site.text().await {
        Some(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "The metrics could not be written.\n").into_response(),
    }
}

async fn healthy() -> &'static str {
    "geophone is healthy.\n"
}

async fn ready(State(site): State<Arc<Site>>) -> (StatusCode, &'static str) {
    if site.ready.load(Relaxed) {
        (StatusCode::OK, "geophone is ready.\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "geophone is not ready.\n")
    }
}

async fn unknown() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "No such page; / lists what there is.\n")
}

async fn landing() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(LANDING))
}

#[expect(clippy::disallowed_methods, reason = "orders requests and texts; no packet is judged by it")]
fn now() -> Instant {
    Instant::now()
}

const LANDING: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>geophone</title>\n<h1>geophone ",
    env!("CARGO_PKG_VERSION"),
    "</h1>\n<p>A passive network sensor that hears cryptocurrency mining.</p>\n<ul>\n",
    "<li><a href=\"/metrics\">Metrics</a></li>\n",
    "<li><a href=\"/-/healthy\">Health</a></li>\n",
    "<li><a href=\"/-/ready\">Readiness</a></li>\n",
    "</ul>\n</html>\n",
);
