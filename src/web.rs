//! The HTTP side: metrics, health, readiness, a landing page. It shows what others know and changes nothing.
//!
//! It must not cost the daemon anything when a client is slow, hostile or many: connections are bounded, heads are
//! small and timed, answers that nobody takes are given up, no place is kept for ever, and scrapes that come together share one text.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

mod connection;
mod site;

pub use site::Site;

/// Where to listen, and bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Address and port; loopback by default, as the pages tell who mines and ask for no password.
    pub listen: SocketAddr,
    /// Connections open at once; further ones wait in the kernel's queue. About 64 KiB each, and one text of the
    /// metrics (6 MB with 10 000 clients) each in the worst case.
    pub max_connections: usize,
    /// For the head of a request, and between two requests of one connection.
    pub head_timeout: Duration,
    /// Without progress in writing an answer.
    pub write_timeout: Duration,
    /// After which a connection takes no further request; a running answer then has as long again.
    pub connection_time: Duration,
    /// For running answers after the end was asked for.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9810)),
            max_connections: 32,
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            connection_time: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(2),
        }
    }
}

/// Why there is no web server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be had.
    #[error("cannot listen on {listen}: {why}: {}", advice(why))]
    Bind {
        /// The address as configured.
        listen: SocketAddr,
        /// What the kernel said.
        why: io::Error,
    },
    /// The runtime does not take the socket.
    #[error(
        "cannot serve on the listening socket: {0}: start geophone again, and report this as a bug if it stays"
    )]
    Serve(io::Error),
}

/// Between two lines that say that no connection can be taken.
const SILENCE: Duration = Duration::from_secs(600);

/// Takes the address, so that a fault shows before anything is started.
///
/// # Errors
///
/// [`Error::Bind`] where the address is in use, not of this host, or not allowed.
pub fn bind(listen: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(listen).map_err(|why| Error::Bind { listen, why })
}

/// Serves `site` on `listener` until `shutdown` comes, then lets running answers end. Needs a tokio runtime with
/// time and IO; one thread is enough.
///
/// # Errors
///
/// [`Error::Serve`] where the runtime does not take the socket; never after the start.
pub async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    listener.set_nonblocking(true).map_err(Error::Serve)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Serve)?;
    let routes = site::routes(site);
    let places = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    let mut told = None;
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, place) = next(&listener, &places, &mut told) => {
                let connection = connection::serve(stream, routes.clone(), settings, stopped.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Some(_) = connections.join_next() => {} // what a connection ended with is its own matter
        }
    }
    drop(listener);
    stop.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(settings.drain_timeout, drained).await; // the rest ends as the set is dropped
    Ok(())
}

/// The next connection, once there is a place for it. `told` is when it was last said that
/// none can be taken: a shortage that comes and goes must not fill the log.
async fn next(
    listener: &tokio::net::TcpListener,
    places: &Arc<Semaphore>,
    told: &mut Option<Instant>,
) -> (tokio::net::TcpStream, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the places are never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: they come back, but not by asking at once.
                let now = Instant::now();
                if told.is_none_or(|told| now.duration_since(told) > SILENCE) {
                    *told = Some(now);
                    tracing::warn!(%error, "web: cannot accept connections; trying again every second");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn advice(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::AddrInUse => {
            "stop the program that has the port, or set another in web.listen or --web.listen-address"
        }
        io::ErrorKind::AddrNotAvailable => "set an address of this host in web.listen",
        io::ErrorKind::PermissionDenied => "set a port above 1023 in web.listen",
        _ => "set another address in web.listen",
    }
}

#[cfg(test)]
mod tests;
