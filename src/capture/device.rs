//! The interfaces there are, and whether this user may capture on each.
//! Devices of libpcap that are not network interfaces (usbmon, nflog …) are left out.

use std::net::IpAddr;

use pcap::IfFlags;

use super::error::detail;
use super::live::{ANY, activate, open_failure};
use super::{Error, Settings, link_type};
use crate::packet::LinkType;

/// A network interface.
#[derive(Debug)]
pub struct Device {
    /// What `-i` takes.
    pub name: String,
    /// libpcap's description, where it has one.
    pub description: Option<String>,
    /// Its IP addresses.
    pub addresses: Vec<IpAddr>,
    /// Administratively up.
    pub up: bool,
    /// Has a carrier.
    pub running: bool,
    /// The host's loopback.
    pub loopback: bool,
    /// Radio.
    pub wireless: bool,
    /// What its frames begin with, or why this user cannot capture on it now. Found by opening it for a moment.
    pub access: Result<LinkType, Error>,
}

/// All interfaces, in libpcap's order: the likeliest first.
///
/// # Errors
/// [`Error::Capture`] where libpcap cannot list them.
pub fn devices() -> Result<Vec<Device>, Error> {
    Ok(list()?.into_iter().filter(|d| is_interface(&d.name)).map(Device::from).collect())
}

/// Names of all interfaces, and whether each is up, without opening them; the pseudo-device `any` is none.
///
/// # Errors
/// [`Error::Capture`] where libpcap cannot list them.
pub fn interfaces() -> Result<Vec<(String, bool)>, Error> {
    let real = |d: &pcap::Device| is_interface(&d.name) && d.name != ANY;
    Ok(list()?.into_iter().filter(real).map(|d| (d.name, d.flags.if_flags.contains(IfFlags::UP))).collect())
}

/// Names of the interfaces that are up; none where they cannot be listed.
pub fn up() -> Vec<String> {
    interfaces().unwrap_or_default().into_iter().filter(|(_, up)| *up).map(|(name, _)| name).collect()
}

fn list() -> Result<Vec<pcap::Device>, Error> {
    pcap::Device::list()
        .map_err(|error| Error::Capture { input: "interfaces".to_owned(), detail: detail(&error) })
}

impl From<pcap::Device> for Device {
    fn from(device: pcap::Device) -> Self {
        let flags = device.flags.if_flags;
        Self {
            access: access(&device.name),
            name: device.name,
            description: device.desc,
            addresses: device.addresses.into_iter().map(|a| a.addr).collect(),
            up: flags.contains(IfFlags::UP),
            running: flags.contains(IfFlags::RUNNING),
            loopback: flags.contains(IfFlags::LOOPBACK),
            wireless: flags.contains(IfFlags::WIRELESS),
        }
    }
}

/// What frames of an interface begin with, or why this user cannot capture there now. Opens it for a moment.
///
/// # Errors
/// Those of [`Live::open`](super::Live::open), but for filters.
pub fn access(name: &str) -> Result<LinkType, Error> {
    // The smallest ring, and nothing that would change the interface.
    let settings = Settings { ring_bytes: 1, promiscuous: false, ..Settings::default() };
    let capture = activate(name, &settings).map_err(|error| open_failure(name, &error))?;
    link_type(&capture, name)
}

fn is_interface(name: &str) -> bool {
    const OTHERS: [&str; 8] =
        ["bluetooth", "bluetooth-monitor", "dbus-", "dpdk:", "nflog", "nfqueue", "rdma", "usbmon"];
    !OTHERS.iter().any(|other| name.starts_with(other))
}
