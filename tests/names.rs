//! Hosts' names through the whole sensor: packets as the wire shows them go in, and the alerts that come out are all
//! that is looked at. For each thing that is told there is one that looks like it and is not.

#[path = "names/dns.rs"]
mod dns;
#[path = "names/flood.rs"]
mod flood;
#[path = "names/http.rs"]
mod http;
#[path = "names/innocent.rs"]
mod innocent;
#[path = "names/learned.rs"]
mod learned;
#[path = "names/miner.rs"]
mod miner;
#[path = "names/order.rs"]
mod order;
#[path = "names/quic.rs"]
mod quic;
#[path = "names/tls.rs"]
mod tls;
#[path = "names/vectors.rs"]
mod vectors;
#[path = "names/wire.rs"]
mod wire;
