//! Frames from libpcap: live interfaces, capture files, and the devices there are.
//! It knows nothing of what a frame says, keeps none and writes none.

use pcap::{Activated, BpfProgram, Capture, Linktype};

use crate::packet::{Frame, LinkType, Time};

mod device;
mod error;
mod feed;
mod file;
mod input;
mod live;
mod pcapng;
mod zstd;

pub use device::{Device, access, devices, interfaces, up};
pub use error::{Error, Kind};
pub use file::{Batch, File};
pub use live::{Live, Settings, Totals};

/// Compiles `expression` as libpcap would for Ethernet or Linux cooked frames, without a device.
///
/// # Errors
/// [`Error::Filter`] where neither takes it. One that only some link types take (`ether host` on the `any`
/// device) passes here and fails when the device is opened.
pub fn check_filter(expression: &str) -> Result<(), Error> {
    let compiles = |link| Capture::dead(link).and_then(|dead| dead.compile(expression, true)).map(drop);
    compiles(Linktype::ETHERNET)
        .or_else(|ethernet| compiles(Linktype::LINUX_SLL).map_err(|_| ethernet))
        .map_err(|error| Error::filter(expression, &error))
}

fn compile<T: Activated>(capture: &Capture<T>, expression: &str) -> Result<BpfProgram, Error> {
    capture.compile(expression, true).map_err(|error| Error::filter(expression, &error))
}

fn link_type<T: Activated>(capture: &Capture<T>, name: &str) -> Result<LinkType, Error> {
    let link = capture.get_datalink();
    LinkType::from_number(link.0).ok_or_else(|| Error::Link {
        input: name.to_owned(),
        number: link.0,
        name: link.get_name().unwrap_or_else(|_| "unknown to libpcap".to_owned()),
    })
}

#[inline]
fn frame<'a>(packet: &pcap::Packet<'a>, link: LinkType) -> Frame<'a> {
    let ts = &packet.header.ts;
    Frame { time: time(ts.tv_sec, ts.tv_usec), link, wire_len: packet.header.len, data: packet.data }
}

/// libpcap reads the unsigned 32-bit seconds of a pcap file as signed: moments from 2038 to 2106 come negative.
#[inline]
fn time(secs: i64, micros: i64) -> Time {
    let secs = if secs < 0 { u64::from(secs as u32) } else { secs as u64 };
    Time(Time::from_secs(secs).0.saturating_add(u64::try_from(micros).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
