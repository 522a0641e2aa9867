//! Live capture on a veth pair. Each test runs itself again in a network namespace of its own, which ends with it.
//! Skipped, with a line that says so, where no namespace is to be had.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use geophone::capture::{Error, Kind, Live, Settings, devices};
use geophone::packet::LinkType;

use super::{own_test, println_to_parent, text};

const TICK: Duration = Duration::from_millis(100);

macro_rules! in_namespace {
    ($($outer:ident => $inner:ident),+ $(,)?) => {$(
        #[test]
        fn $outer() {
            run_in_namespace(concat!("live::", stringify!($inner)));
        }
    )+};
}

in_namespace!(
    frames_and_statistics => frames_and_statistics_inside,
    quiet_link_ticks => quiet_link_ticks_inside,
    filter_in_the_kernel => filter_in_the_kernel_inside,
    promiscuous_or_not => promiscuous_or_not_inside,
    interface_that_goes_away => interface_that_goes_away_inside,
    any_device => any_device_inside,
    fanout_shares_frames => fanout_shares_frames_inside,
    errors_name_their_class => errors_name_their_class_inside,
    device_list => device_list_inside,
    panic_in_the_callback => panic_in_the_callback_inside,
    without_the_capability => without_the_capability_inside,
);

#[test]
#[ignore = "run in a namespace"]
fn frames_and_statistics_inside() {
    veth();
    let mut live = Live::open("vb", &settings()).unwrap();
    assert_eq!((live.link_type(), live.interface()), (LinkType::Ethernet, "vb"));
    send("va", 0..1000);
    let mut last = None;
    let frames = collect(&mut live, 1000, |frame| {
        assert_eq!((frame.data.len(), frame.wire_len), (60, 60));
        assert!(frame.time.0 > 1_600_000_000_000_000, "microseconds of now");
        assert!(last <= Some(frame.time));
        last = Some(frame.time);
    });
    assert_eq!(frames, 1000);
    let totals = live.statistics().unwrap();
    assert_eq!((totals.received, totals.dropped), (1000, 0));
    send("va", 0..10);
    assert_eq!(collect(&mut live, 10, |_| {}), 10);
    assert_eq!(live.statistics().unwrap().received, 1010, "totals go on");
    // A ring that is not emptied drops, and says so.
    let mut small = Live::open("vb", &Settings { ring_bytes: 1, ..settings() }).unwrap();
    for _ in 0..20 {
        send("va", 0..5000);
    }
    let totals = small.statistics().unwrap();
    assert_eq!(totals.received, 100_000);
    let kept = collect(&mut small, 100_000, |_| {}) as u64;
    assert!(totals.dropped > 0 && kept + totals.dropped == totals.received, "{kept} of {totals:?}");
}

#[test]
#[ignore = "run in a namespace"]
fn quiet_link_ticks_inside() {
    veth();
    let mut live = Live::open("vb", &settings()).unwrap();
    #[allow(clippy::disallowed_methods, reason = "measures waiting")]
    let start = std::time::Instant::now();
    for _ in 0..5 {
        assert_eq!(live.poll_frames(TICK, |_| panic!("nobody sends")).unwrap(), 0);
    }
    let waited = start.elapsed();
    assert!(waited >= TICK * 5 && waited < TICK * 20, "5 ticks took {waited:?}");
}

#[test]
#[ignore = "run in a namespace"]
fn filter_in_the_kernel_inside() {
    veth();
    let filter = "ether src 02:00:00:00:00:07".to_owned();
    let mut live = Live::open("vb", &Settings { filter, ..settings() }).unwrap();
    send("va", 0..512);
    assert_eq!(collect(&mut live, 2, |frame| assert_eq!(frame.data[11], 7)), 2);
    assert_eq!(live.statistics().unwrap().received, 2);
}

#[test]
#[ignore = "run in a namespace"]
fn promiscuous_or_not_inside() {
    veth();
    let promiscuity = || {
        let output = Command::new("ip").args(["-d", "link", "show", "vb"]).output().unwrap();
        let text = text(&output);
        text.split("promiscuity ").nth(1).unwrap().split(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let quiet = Live::open("vb", &Settings { promiscuous: false, ..settings() }).unwrap();
    assert_eq!(promiscuity(), 0);
    let loud = Live::open("vb", &settings()).unwrap();
    assert_eq!(promiscuity(), 1);
    drop((quiet, loud));
    assert_eq!(promiscuity(), 0, "left as it was found");
}

#[test]
#[ignore = "run in a namespace"]
fn interface_that_goes_away_inside() {
    veth();
    let mut live = Live::open("vb", &settings()).unwrap();
    ip("link set vb down");
    for _ in 0..3 {
        assert_eq!(live.poll_frames(TICK, |_| {}).unwrap(), 0, "down is waited for");
    }
    ip("link set vb up");
    send("va", 0..5);
    assert_eq!(collect(&mut live, 5, |_| {}), 5, "and up again is heard");
    ip("link del va");
    let error = (0..10).find_map(|_| live.poll_frames(TICK, |_| {}).err()).expect("the loss goes unnoticed");
    assert!(matches!(&error, Error::Gone { interface } if interface == "vb"), "{error:?}");
    assert!(error.may_pass());
    assert_eq!(error.kind(), Kind::Runtime);
}

#[test]
#[ignore = "run in a namespace"]
fn any_device_inside() {
    veth();
    let mut live = Live::open("any", &Settings::default()).unwrap();
    assert_eq!(live.link_type(), LinkType::LinuxSll);
    send("va", 0..5);
    // Once as it leaves va, once as it comes to vb.
    assert_eq!(collect(&mut live, 10, |frame| assert_eq!(frame.data.len(), 16 + 46)), 10);
    live.statistics().unwrap();
    let filter = "ether src 02:00:00:00:00:07".to_owned();
    let refused = Live::open("any", &Settings { filter, ..Settings::default() });
    assert_eq!(refused.err().unwrap().kind(), Kind::Filter);
}

#[test]
#[ignore = "run in a namespace"]
fn fanout_shares_frames_inside() {
    veth();
    let mut pair = [(); 2].map(|()| Live::open("vb", &settings()).unwrap());
    for live in &pair {
        live.join_fanout(77).unwrap();
    }
    let elsewhere = Live::open("va", &settings()).unwrap();
    assert_eq!(elsewhere.join_fanout(77).unwrap_err().kind(), Kind::Runtime, "the group is vb's");
    drop(elsewhere);
    send_udp("va", 1000);
    let [left, right] = &mut pair;
    let (left, right) = (collect(left, 1000, |_| {}), collect(right, 1000, |_| {}));
    assert_eq!(left + right, 1000);
    assert!(left > 100 && right > 100, "{left} + {right}: flows are spread");
}

#[test]
#[ignore = "run in a namespace"]
fn errors_name_their_class_inside() {
    veth();
    let open = |name: &str| Live::open(name, &settings()).err().unwrap();
    assert!(matches!(open("nosuch0"), Error::NoInterface { .. }), "{:?}", open("nosuch0"));
    ip("link set vb down");
    assert!(matches!(open("vb"), Error::Down { .. }), "{:?}", open("vb"));
    ip("link set vb up");
    let filter = "tcp prot 1".to_owned();
    let error = Live::open("vb", &Settings { filter, ..settings() }).err().unwrap();
    assert!(error.to_string().contains("tcp prot 1"), "{error}");
}

#[test]
#[ignore = "run in a namespace"]
fn device_list_inside() {
    veth();
    ip("link set va down");
    let all = devices().unwrap();
    let device =
        |name: &str| all.iter().find(|d| d.name == name).unwrap_or_else(|| panic!("{name} in {all:?}"));
    let (va, vb, lo) = (device("va"), device("vb"), device("lo"));
    assert!(matches!(va.access, Err(Error::Down { .. })), "{va:?}");
    assert!(!va.up && vb.up && !vb.loopback && lo.loopback);
    assert!(matches!(vb.access, Ok(LinkType::Ethernet)), "{vb:?}");
    assert!(matches!(device("any").access, Ok(LinkType::LinuxSll)));
    assert!(lo.addresses.contains(&"127.0.0.1".parse().unwrap()), "{lo:?}");
    assert!(!all.iter().any(|d| d.name.starts_with("nflog")));
}

#[test]
#[ignore = "run in a namespace"]
fn panic_in_the_callback_inside() {
    veth();
    let mut live = Live::open("vb", &settings()).unwrap();
    send("va", 0..20);
    let mut seen = 0;
    let caught = (0..20).any(|_| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            live.poll_frames(TICK, |_| {
                seen += 1;
                assert!(seen != 4, "the fourth frame is poison");
            })
        }))
        .is_err()
    });
    assert!(caught);
    seen += collect(&mut live, 20 - seen, |_| {});
    assert_eq!(seen, 20, "the frames after the poisoned one are not lost");
}

#[test]
#[ignore = "run in a namespace"]
fn without_the_capability_inside() {
    veth();
    // The capability is given up for good, as for a user who never had it.
    let child = own_test("live::unprivileged_child");
    let output = Command::new("setpriv")
        .args(["--bounding-set=-net_raw", "--inh-caps=-net_raw", "--no-new-privs"])
        .arg(child.get_program())
        .args(child.get_args())
        .output()
        .unwrap();
    assert!(output.status.success() && text(&output).contains("child: refused"), "{}", text(&output));
}

#[test]
#[ignore = "run by without_the_capability"]
fn unprivileged_child() {
    for interface in ["vb", "any"] {
        let error = Live::open(interface, &settings()).err().expect("capture without CAP_NET_RAW");
        assert_eq!(error.kind(), Kind::Permission, "{error:?}");
        let text = error.to_string();
        assert!(text.contains("CAP_NET_RAW") && text.contains("setcap") && !text.contains('\n'), "{text}");
    }
    let all = devices().unwrap();
    assert!(
        all.iter().any(|d| d.name == "vb" && matches!(d.access, Err(Error::Permission { .. }))),
        "{all:?}"
    );
    println_to_parent("refused");
}

fn run_in_namespace(name: &str) {
    let possible = ["unshare", "ip", "setpriv"].iter().all(|tool| {
        let tried = if *tool == "unshare" { vec!["--net", "true"] } else { vec!["-V"] };
        Command::new(tool).args(tried).output().is_ok_and(|output| output.status.success())
    });
    if !possible {
        let _ =
            writeln!(std::io::stderr(), "skipped {name}: needs root (unshare --net), iproute2 and setpriv");
        return;
    }
    let child = own_test(name);
    let output = Command::new("unshare")
        .arg("--net")
        .arg(child.get_program())
        .args(child.get_args())
        .output()
        .unwrap();
    let text = text(&output);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// `va` and `vb`, up, and with nothing to say by themselves.
fn veth() {
    std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap();
    std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
    for command in
        ["link set lo up", "link add va type veth peer name vb", "link set va up", "link set vb up"]
    {
        ip(command);
    }
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", text(&output));
}

/// Small rings: the tests run side by side.
fn settings() -> Settings {
    Settings { ring_bytes: 4 << 20, ..Settings::default() }
}

/// Frames whose source address ends in their number.
fn send(interface: &str, numbers: std::ops::Range<u32>) {
    let mut out = pcap::Capture::from_device(interface).unwrap().open().unwrap();
    for n in numbers {
        let mut frame = [0_u8; 60];
        frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, n as u8, 0x88, 0xb5]);
        out.sendpacket(&frame[..]).unwrap();
    }
}

/// One UDP datagram from each of `flows` ports.
fn send_udp(interface: &str, flows: u16) {
    let mut out = pcap::Capture::from_device(interface).unwrap().open().unwrap();
    for port in 1..=flows {
        let mut frame = [0_u8; 60];
        frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, 1, 8, 0]);
        frame[14..34].copy_from_slice(&[0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame[34..36].copy_from_slice(&port.to_be_bytes());
        frame[36..40].copy_from_slice(&[0, 53, 0, 26]);
        out.sendpacket(&frame[..]).unwrap();
    }
}

/// Polls until `expected` frames came, and a little longer in case there are too many.
fn collect(live: &mut Live, expected: usize, mut visit: impl FnMut(geophone::packet::Frame<'_>)) -> usize {
    let (mut frames, mut quiet) = (0, 0);
    while quiet < if frames < expected { 20 } else { 3 } {
        match live.poll_frames(TICK, &mut visit).unwrap() {
            0 => quiet += 1,
            n => {
                frames += n;
                quiet = 0;
            }
        }
    }
    frames
}
