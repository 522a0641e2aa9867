//! One worker thread: a capture handle, a sensor, and nothing shared on the way of a packet. Between batches it hands
//! events on, publishes its figures, and takes new rules.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::{info, warn};

use super::clock::{self, Clock};
use super::found::Found;
use crate::capture::{self, Live, Totals};
use crate::detect::Event;
use crate::eve;
use crate::learned::Learned;
use crate::ledger::Ledger;
use crate::metrics::{WorkerSlot, WorkerTotals};
use crate::rules::RuleSet;
use crate::sensor::{self, Sensor};

/// What a worker is told while it runs.
pub(super) enum Control {
    /// Where events go from now on.
    Events(eve::Sender),
    /// Rules from now on.
    Rules(Arc<RuleSet>),
    /// Bounds from now on.
    Settings(sensor::Settings),
}

/// Where a worker's findings go, and what it shares with others.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) ledger: Arc<Ledger>,
    pub(super) learned: Arc<Learned>,
    pub(super) events: eve::Sender,
    pub(super) clock: Clock,
    pub(super) found: Arc<Found>,
}

/// A running worker.
pub(super) struct Worker {
    slot: Arc<WorkerSlot>,
    pub(super) stop: Arc<AtomicBool>,
    control: Sender<Control>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts a thread for one handle.
    pub(super) fn start(
        number: u8,
        live: Live,
        group: Option<u16>,
        capture: capture::Settings,
        settings: sensor::Settings,
        rules: &Arc<RuleSet>,
        place: Place,
    ) -> io::Result<Self> {
        let slot = Arc::new(WorkerSlot::new(live.interface()));
        slot.set_capturing(true);
        let (control, told) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        slot.tick(place.clock.millis());
        let mut running = Running {
            sensor: Sensor::with_learned(settings, Arc::clone(rules), Arc::clone(&place.learned), number),
            totals: WorkerTotals { max_flows: settings.flow.max_flows, ..WorkerTotals::default() },
            past: Totals::default(),
            capture,
            group,
            slot: Arc::clone(&slot),
            stop: Arc::clone(&stop),
            told,
            place,
            events: Vec::new(),
            next_second: 0,
            opened: 0,
        };
        let name = format!("capture-{}", live.interface());
        let thread = std::thread::Builder::new().name(name).spawn(move || running.run(live))?;
        Ok(Self { slot, stop, control, thread })
    }

    /// The worker's public figures.
    pub(super) const fn slot(&self) -> &Arc<WorkerSlot> {
        &self.slot
    }

    /// Tells it something, taken up after the batch in hand.
    pub(super) fn tell(&self, control: Control) {
        // A worker that has ended needs to know nothing.
        let _ = self.control.send(control);
    }

    /// Whether it has ended.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// How long a quiet link is waited for before the worker looks around.
const WAIT: Duration = Duration::from_millis(100);
/// How long between attempts to open an interface that went away.
const AGAIN: Duration = Duration::from_secs(2);

struct Running {
    sensor: Sensor,
    totals: WorkerTotals,
    /// What handles before the present one counted.
    past: Totals,
    capture: capture::Settings,
    /// The fanout group of the interface, where it has several workers.
    group: Option<u16>,
    slot: Arc<WorkerSlot>,
    stop: Arc<AtomicBool>,
    told: Receiver<Control>,
    place: Place,
    events: Vec<Event>,
    next_second: u64,
    /// When the handle was opened, in the clock's milliseconds.
    opened: u64,
}

impl Drop for Running {
    /// However it ended, a panic included: others go on, and this one is missed.
    fn drop(&mut self) {
        self.slot.set_capturing(false);
    }
}

impl Running {
    fn run(&mut self, live: Live) {
        let mut live = Some(live);
        while !self.stop.load(Ordering::Relaxed)
            && let Some(handle) = &mut live
        {
            if let Err(error) = self.batch(handle) {
                warn!("{error}");
                self.slot.set_capturing(false);
                self.past = self.totals.capture;
                // Closed first: a fanout group is the old interface's until all its handles are.
                drop(live.take());
                live = self.open_again();
            }
        }
        self.sensor.finish(&mut self.events);
        self.hand_on();
        self.totals.stats = *self.sensor.stats();
        if let Some(live) = &mut live {
            self.count(live);
        }
        while !self.slot.publish(&self.totals) {
            std::thread::yield_now();
        }
    }

    /// Takes what the ring has, or waits a moment for it.
    fn batch(&mut self, live: &mut Live) -> Result<(), capture::Error> {
        let (sensor, events, totals) = (&mut self.sensor, &mut self.events, &mut self.totals);
        let mut began = None;
        let clock = &self.place.clock;
        let frames = live.poll_frames(WAIT, |frame| {
            began.get_or_insert_with(|| clock.millis());
            totals.last_packet = Some(frame.time);
            sensor.frame(&frame, events);
        })?;
        if frames == 0 {
            // Nothing is on its way, so packet time is the wall's.
            self.sensor.advance(clock::packet_time(), &mut self.events);
        }
        let now = self.place.clock.millis();
        self.totals.busy += Duration::from_millis(began.map_or(0, |b| now.saturating_sub(b)));
        self.hand_on();
        while let Ok(control) = self.told.try_recv() {
            self.heed(control);
        }
        if now >= self.next_second {
            self.next_second = now + 1000;
            self.count(live);
        }
        self.totals.stats = *self.sensor.stats();
        self.slot.publish(&self.totals);
        self.slot.tick(now);
        Ok(())
    }

    fn heed(&mut self, control: Control) {
        match control {
            Control::Events(sender) => self.place.events = sender,
            Control::Rules(rules) => self.sensor.replace_rules(rules),
            Control::Settings(settings) => {
                self.totals.max_flows = settings.flow.max_flows;
                self.sensor.replace_settings(settings);
            }
        }
    }

    fn hand_on(&mut self) {
        for event in self.events.drain(..) {
            self.place.ledger.apply(&event);
            if let Event::Alert(alert) = &event {
                self.place.found.tell(alert, self.place.clock.millis());
            }
            self.place.events.send(self.slot.interface(), event);
        }
    }

    fn count(&mut self, live: &mut Live) {
        self.totals.stats = *self.sensor.stats();
        if let Ok(now) = live.statistics() {
            self.totals.capture = Totals {
                received: self.past.received + now.received,
                dropped: self.past.dropped + now.dropped,
                interface_dropped: self.past.interface_dropped + now.interface_dropped,
            };
        }
    }

    /// Waits for the interface to come back; `None` where it is no use to wait, or the daemon stops.
    fn open_again(&mut self) -> Option<Live> {
        // Not at once where the last one was no use either.
        let mut next = self.opened + AGAIN.as_millis() as u64;
        let mut told = false;
        while !self.stop.load(Ordering::Relaxed) {
            let now = self.place.clock.millis();
            self.slot.tick(now);
            self.sensor.advance(clock::packet_time(), &mut self.events);
            self.hand_on();
            while let Ok(control) = self.told.try_recv() {
                self.heed(control);
            }
            if now >= next {
                next = now + AGAIN.as_millis() as u64;
                let opened = Live::open(self.slot.interface(), &self.capture);
                let joined =
                    opened.and_then(|live| self.group.map_or(Ok(()), |g| live.join_fanout(g)).map(|()| live));
                match joined {
                    Ok(live) => {
                        info!("{}: back, capturing again", self.slot.interface());
                        self.opened = now;
                        self.slot.set_capturing(true);
                        return Some(live);
                    }
                    Err(error) if error.may_pass() => {}
                    // Descriptors or memory may be short for a while.
                    Err(error) if error.kind() == capture::Kind::Runtime => {
                        if !std::mem::replace(&mut told, true) {
                            warn!("{error}; trying again");
                        }
                    }
                    Err(error) => {
                        let interface = self.slot.interface();
                        warn!(
                            "{interface}: not captured any more, nor tried again before the next start: {error}"
                        );
                        return None;
                    }
                }
            }
            std::thread::sleep(WAIT);
        }
        None
    }
}
