//! Hosts that no feed may list, because they are everybody's or nobody's: public suffixes, platforms, resolvers, content
//! networks, special addresses. Only what feeds are known to get wrong and what would alarm a whole network: no register
//! of the Internet.

use std::net::IpAddr;
use std::sync::LazyLock;

use super::host::width;
use super::report::Reason;
use crate::packet::network;

/// Widest prefixes that may be listed.
const MIN_BITS_V4: u8 = 16;
const MIN_BITS_V6: u8 = 32;

/// Special-purpose addresses (IANA registries, RFC 6890; multicast RFC 5771 and 4291).
const SPECIAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Public resolvers, by what their operators publish (2026-08): Cloudflare, Google, Quad9, OpenDNS, AdGuard, Level 3,
/// DNS.WATCH, Comodo, Yandex, CleanBrowsing, Hurricane Electric, DNS0, Mullvad, Control D, 114DNS, AliDNS, DNSPod.
const RESOLVERS: &[&str] = &[
    "1.0.0.0/30",
    "1.1.1.0/30",
    "8.8.4.4/32",
    "8.8.8.8/32",
    "9.9.9.0/24",
    "149.112.112.0/24",
    "208.67.220.0/24",
    "208.67.222.0/24",
    "94.140.14.0/23",
    "4.2.2.0/29",
    "84.200.69.80/32",
    "84.200.70.40/32",
    "8.26.56.26/32",
    "8.20.247.20/32",
    "77.88.8.0/24",
    "185.228.168.0/23",
    "74.82.42.42/32",
    "193.110.81.0/32",
    "185.253.5.0/32",
    "194.242.2.0/24",
    "76.76.2.0/24",
    "76.76.10.0/24",
    "114.114.114.114/32",
    "114.114.115.115/32",
    "223.5.5.5/32",
    "223.6.6.6/32",
    "119.29.29.29/32",
    "2001:4860:4860::/48",
    "2620:fe::/48",
    "2620:119:35::/48",
    "2620:119:53::/48",
    "2a10:50c0::/32",
    "2606:4700:4700::/48",
];

/// Content networks. Cloudflare: cloudflare.com/ips, 2024-11-04. Fastly: api.fastly.com/public-ip-list, 2020-11-06 and
/// its ranges since. Akamai: its large announcements, 2026-08-31. All three as collected in MISP's warninglists (CC0).
/// CloudFront: the CLOUDFRONT ranges of ip-ranges.amazonaws.com, the large ones.
const NETWORKS: &[&str] = &[
    // Cloudflare
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "108.162.192.0/18",
    "131.0.72.0/22",
    "141.101.64.0/18",
    "162.158.0.0/15",
    "172.64.0.0/13",
    "173.245.48.0/20",
    "188.114.96.0/20",
    "190.93.240.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "2400:cb00::/32",
    "2405:8100::/32",
    "2405:b500::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
    // Fastly
    "23.235.32.0/20",
    "43.249.72.0/22",
    "103.244.50.0/24",
    "103.245.222.0/23",
    "103.245.224.0/24",
    "104.156.80.0/20",
    "140.248.64.0/18",
    "140.248.128.0/17",
    "146.75.0.0/16",
    "151.101.0.0/16",
    "157.52.64.0/18",
    "167.82.0.0/17",
    "167.82.128.0/20",
    "167.82.160.0/20",
    "167.82.224.0/20",
    "172.111.64.0/18",
    "185.31.16.0/22",
    "199.27.72.0/21",
    "199.232.0.0/16",
    "2a04:4e40::/32",
    "2a04:4e42::/32",
    // Akamai
    "2.16.0.0/13",
    "23.0.0.0/12",
    "23.32.0.0/11",
    "23.64.0.0/14",
    "23.72.0.0/13",
    "23.192.0.0/11",
    "69.192.0.0/16",
    "72.246.0.0/15",
    "88.221.0.0/16",
    "92.122.0.0/15",
    "95.100.0.0/15",
    "96.6.0.0/15",
    "96.16.0.0/15",
    "104.64.0.0/10",
    "118.214.0.0/16",
    "173.222.0.0/15",
    "184.24.0.0/13",
    "184.50.0.0/15",
    "184.84.0.0/14",
    "2600:1400::/24",
    "2a02:26f0::/29",
    // CloudFront
    "13.32.0.0/15",
    "13.35.0.0/16",
    "13.224.0.0/14",
    "13.249.0.0/16",
    "18.64.0.0/14",
    "52.84.0.0/15",
    "52.222.128.0/17",
    "54.182.0.0/16",
    "54.192.0.0/16",
    "54.230.0.0/16",
    "54.239.128.0/18",
    "65.8.0.0/16",
    "65.9.0.0/17",
    "99.84.0.0/16",
    "99.86.0.0/16",
    "108.138.0.0/15",
    "108.156.0.0/14",
    "143.204.0.0/16",
    "205.251.192.0/19",
    "216.137.32.0/19",
    "2600:9000::/28",
];

/// Content networks, clouds and platforms that hosts of every kind live below or are served by. Sorted.
const PLATFORMS: &[&str] = &[
    "aka.ms",
    "akadns.net",
    "akamai.com",
    "akamai.net",
    "akamaiedge.net",
    "akamaihd.net",
    "akamaized.net",
    "aliyun.com",
    "aliyuncs.com",
    "amazon.com",
    "amazonaws.com",
    "apple.com",
    "archive.org",
    "azure.com",
    "azureedge.net",
    "azurewebsites.net",
    "b-cdn.net",
    "baidu.com",
    "bing.com",
    "bitbucket.org",
    "blogger.com",
    "blogspot.com",
    "cdn77.org",
    "cdnjs.com",
    "cloudflare.com",
    "cloudflare.net",
    "cloudfront.net",
    "dell.com",
    "digitaloceanspaces.com",
    "discord.com",
    "docker.com",
    "docker.io",
    "dropbox.com",
    "dropboxusercontent.com",
    "ebay.com",
    "edgekey.net",
    "edgesuite.net",
    "facebook.com",
    "fastly.net",
    "fbcdn.net",
    "firebaseapp.com",
    "free.fr",
    "ggpht.com",
    "gitee.com",
    "github.com",
    "github.io",
    "githubusercontent.com",
    "gitlab.com",
    "gitlab.io",
    "google.com",
    "googleapis.com",
    "googletagmanager.com",
    "googleusercontent.com",
    "gravatar.com",
    "gstatic.com",
    "hwcdn.net",
    "ibm.com",
    "icloud.com",
    "instagram.com",
    "jquery.com",
    "jsdelivr.net",
    "linkedin.com",
    "live.com",
    "mail.ru",
    "medium.com",
    "microsoft.com",
    "microsoftonline.com",
    "mozilla.org",
    "msftconnecttest.com",
    "mzstatic.com",
    "netflix.com",
    "netlify.app",
    "netlify.com",
    "npmjs.com",
    "npmjs.org",
    "ntp.org",
    "office.com",
    "office.net",
    "office365.com",
    "onedrive.com",
    "oracle.com",
    "outlook.com",
    "ovh.net",
    "pages.dev",
    "pastebin.com",
    "paypal.com",
    "pypi.org",
    "qq.com",
    "raw.githubusercontent.com",
    "reddit.com",
    "s3.amazonaws.com",
    "sharepoint.com",
    "skype.com",
    "slack.com",
    "sourceforge.net",
    "stackpathcdn.com",
    "steampowered.com",
    "storage.googleapis.com",
    "t.me",
    "telegram.org",
    "tiktok.com",
    "trafficmanager.net",
    "twitter.com",
    "ubuntu.com",
    "unpkg.com",
    "vercel.app",
    "whatsapp.com",
    "whatsapp.net",
    "wikipedia.org",
    "windows.com",
    "windows.net",
    "windowsupdate.com",
    "wordpress.com",
    "workers.dev",
    "x.com",
    "yahoo.com",
    "yandex.net",
    "yandex.ru",
    "youtube.com",
    "ytimg.com",
    "zoom.us",
];

/// Zones of dynamic DNS and free hosts that the public suffix list does not have and mining lists do: FreeDNS's
/// (freedns.afraid.org) most used, and others. Sorted.
const ZONES: &[&str] = &[
    "altervista.org",
    "chickenkiller.com",
    "crabdance.com",
    "cu.cc",
    "ignorelist.com",
    "jumpingcrab.com",
    "mooo.com",
    "strangled.net",
    "twilightparadox.com",
    "uk.to",
    "us.to",
];

/// Ends of names that never leave a house (RFC 6761, 6762, 8375, 9476's kin; usage), and their heads in hosts files.
const LOCAL_ENDS: &[&str] =
    &["localhost", "localdomain", "local", "lan", "home", "internal", "intranet", "corp", "arpa"];
const LOCAL_NAMES: &[&str] = &[
    "broadcasthost",
    "ip6-allhosts",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-localhost",
    "ip6-localnet",
    "ip6-loopback",
    "ip6-mcastprefix",
];

/// What a listed name must be reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It may cover what is below it.
    Below,
    /// Only itself: its neighbours are strangers.
    Itself,
}

struct Ranges {
    special: Vec<(IpAddr, u8)>,
    resolvers: Vec<(IpAddr, u8)>,
    networks: Vec<(IpAddr, u8)>,
}

static RANGES: LazyLock<Ranges> = LazyLock::new(|| {
    let read = |list: &[&str]| {
        // The tables are tested to be whole.
        let one = |text: &&str| {
            let (address, bits) = text.split_once('/')?;
            Some((address.parse().ok()?, bits.parse().ok()?))
        };
        list.iter().filter_map(one).collect()
    };
    Ranges { special: read(SPECIAL), resolvers: read(RESOLVERS), networks: read(NETWORKS) }
});

/// Whether a name may be in a host list at all, and how far it may reach. What is only `allowed` may be a platform.
pub(super) fn name(name: &str, allow: bool) -> Result<Reach, Reason> {
    let end = name.rsplit('.').next().unwrap_or(name);
    if LOCAL_ENDS.contains(&end) || LOCAL_NAMES.contains(&name) {
        return Err(Reason::LocalName);
    }
    if !name.contains('.') {
        return Err(Reason::SingleLabel);
    }
    let suffix = psl::suffix(name.as_bytes()).map(|s| (s.as_bytes().len(), s.typ()));
    let (suffix, of) = suffix.unwrap_or((0, None));
    if !allow && is_platform(name) {
        return Err(Reason::Platform);
    }
    if suffix == name.len() || is_zone(name) {
        return Err(Reason::PublicSuffix);
    }
    let above = name.split_once('.').map_or("", |(_, above)| above);
    let is_tenant = of == Some(psl::Type::Private) && above.len() == suffix;
    if is_tenant || is_zone(above) || is_platform(above) { Ok(Reach::Itself) } else { Ok(Reach::Below) }
}

/// Whether a prefix may be in a host list.
pub(super) fn prefix(address: IpAddr, bits: u8, allow: bool) -> Result<(), Reason> {
    let narrowest = if address.is_ipv4() { MIN_BITS_V4 } else { MIN_BITS_V6 };
    let meets = |ranges: &[(IpAddr, u8)]| ranges.iter().any(|range| overlap((address, bits), *range));
    if meets(&RANGES.special) {
        return Err(Reason::ReservedAddress);
    }
    if bits < narrowest {
        return Err(Reason::WidePrefix);
    }
    if allow {
        return Ok(());
    }
    if meets(&RANGES.resolvers) {
        return Err(Reason::Resolver);
    }
    if meets(&RANGES.networks) { Err(Reason::CdnAddress) } else { Ok(()) }
}

fn is_zone(name: &str) -> bool {
    ZONES.binary_search(&name).is_ok()
}

fn is_platform(name: &str) -> bool {
    let name = name.strip_prefix("www.").unwrap_or(name);
    PLATFORMS.binary_search(&name).is_ok()
}

fn overlap(a: (IpAddr, u8), b: (IpAddr, u8)) -> bool {
    let bits = a.1.min(b.1);
    width(a.0) == width(b.0) && network(a.0, bits) == network(b.0, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole() {
        assert!(ZONES.is_sorted());
        assert!(PLATFORMS.is_sorted(), "{:?}", PLATFORMS.windows(2).find(|w| w[0] > w[1]));
        let read = [&RANGES.special, &RANGES.resolvers, &RANGES.networks].map(Vec::len);
        assert_eq!(read, [SPECIAL, RESOLVERS, NETWORKS].map(<[_]>::len));
        for (address, bits) in RANGES.special.iter().chain(&RANGES.resolvers).chain(&RANGES.networks) {
            assert_eq!(network(*address, *bits), *address, "{address}/{bits}");
        }
    }

    #[test]
    fn names_of_everybody() {
        for (given, reason) in [
            ("co.uk", Reason::PublicSuffix),
            ("ddns.net", Reason::PublicSuffix),
            ("mooo.com", Reason::PublicSuffix),
            ("now.sh", Reason::PublicSuffix),
            ("github.io", Reason::Platform),
            ("www.github.com", Reason::Platform),
            ("cloudfront.net", Reason::Platform),
            ("localhost", Reason::LocalName),
            ("nas.lan", Reason::LocalName),
            ("com", Reason::SingleLabel),
        ] {
            assert_eq!(name(given, false), Err(reason), "{given}");
        }
        assert_eq!(name("github.com", true), Ok(Reach::Below));
        assert_eq!(name("ddns.net", true), Err(Reason::PublicSuffix));
        assert_eq!(name("foo.github.io", false), Ok(Reach::Itself));
        assert_eq!(name("x.googleapis.com", false), Ok(Reach::Itself));
        assert_eq!(name("monero.us.to", false), Ok(Reach::Itself));
        assert_eq!(name("pool.foo.github.io", false), Ok(Reach::Below));
        assert_eq!(name("pool.co.uk", false), Ok(Reach::Below));
    }

    #[test]
    fn addresses_of_everybody() {
        for (address, bits, reason) in [
            ("10.1.2.3", 32, Some(Reason::ReservedAddress)),
            ("0.0.0.0", 0, Some(Reason::ReservedAddress)),
            ("203.0.113.5", 32, Some(Reason::ReservedAddress)),
            ("ff02::1", 128, Some(Reason::ReservedAddress)),
            ("::1", 128, Some(Reason::ReservedAddress)),
            ("45.0.0.0", 15, Some(Reason::WidePrefix)),
            ("2a01::", 31, Some(Reason::WidePrefix)),
            ("8.8.8.8", 32, Some(Reason::Resolver)),
            ("8.8.8.0", 24, Some(Reason::Resolver)),
            ("2606:4700:4700::1111", 128, Some(Reason::Resolver)),
            ("172.65.200.133", 32, Some(Reason::CdnAddress)),
            ("75.119.150.111", 32, None),
            ("2a01:4f8::", 32, None),
        ] {
            let got = prefix(address.parse().unwrap(), bits, false);
            assert_eq!(got.err(), reason, "{address}/{bits}");
        }
        assert_eq!(prefix("8.8.8.8".parse().unwrap(), 32, true), Ok(()));
    }
}
