//! Link types the sensor reads, by their number in capture files.
//! Numbers: <https://www.tcpdump.org/linktypes.html>.

/// What a frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// 1: Ethernet (IEEE 802.3).
    Ethernet,
    /// 113: Linux cooked capture v1 (16 bytes).
    LinuxSll,
    /// 276: Linux cooked capture v2 (20 bytes).
    LinuxSll2,
    /// 0: BSD loopback, a 4-byte address family in the capturing host's byte order.
    Null,
    /// 108: OpenBSD loopback, the same in network byte order.
    Loop,
    /// 12, 14, 101, 228, 229: an IP packet with nothing before it.
    RawIp,
}

impl LinkType {
    /// The link type of a capture file's or handle's number; `None` where the sensor cannot read it.
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            0 => Some(Self::Null),
            1 => Some(Self::Ethernet),
            12 | 14 | 101 | 228 | 229 => Some(Self::RawIp),
            108 => Some(Self::Loop),
            113 => Some(Self::LinuxSll),
            276 => Some(Self::LinuxSll2),
            _ => None,
        }
    }
}
