//! Packet time in EVE's spelling, `2026-11-21T23:16:00.123456+0000`. UTC only: no zones, no leap seconds.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::packet::Time;

/// A moment that prints as EVE wants it. Moments after the year 9999 print as its last microsecond, so that the
/// format holds for any timestamp a capture file may claim.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(pub Time);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.0.min(LAST);
        let secs = micros / Time::SECOND;
        let (year, month, day) = civil(secs / DAY);
        let (hour, minute, second) = (secs % DAY / 3600, secs % 3600 / 60, secs % 60);
        let fraction = micros % Time::SECOND;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+0000")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Year, month and day (both from 1) of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Years are taken to begin in March: the leap day is then the last of its year, and the lengths of the months before
/// it (31, 30, 31, 30, 31 and again) follow from one division.
const fn civil(days: u64) -> (u64, u64, u64) {
    // 0000-03-01 lies 719 468 days before 1970-01-01.
    let days = days + 719_468;
    let era = days / DAYS_OF_400_YEARS;
    let day_of_era = days % DAYS_OF_400_YEARS;
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

const DAY: u64 = 86_400;
const DAYS_OF_400_YEARS: u64 = 146_097;

/// 9999-12-31T23:59:59.999999, in microseconds.
const LAST: u64 = 253_402_300_799_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(micros: u64) -> String {
        Timestamp(Time(micros)).to_string()
    }

    #[test]
    fn prints_known_moments() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_078_012_800, "2004-02-29T00:00:00"),
            (1_234_567_890, "2009-02-13T23:31:30"),
            (1_709_251_199, "2024-02-29T23:59:59"),
            (1_709_251_200, "2024-03-01T00:00:00"),
            (4_107_542_399, "2100-02-28T23:59:59"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (253_402_300_799, "9999-12-31T23:59:59"),
        ] {
            assert_eq!(shown(secs * Time::SECOND), format!("{text}.000000+0000"));
        }
        assert_eq!(shown(1_234_567_890_000_042), "2009-02-13T23:31:30.000042+0000");
    }

    #[test]
    fn stays_in_the_format_beyond_the_year_9999() {
        assert_eq!(shown(LAST), "9999-12-31T23:59:59.999999+0000");
        assert_eq!(shown(LAST + 1), shown(LAST));
        assert_eq!(shown(u64::MAX), shown(LAST));
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..=LAST / Time::SECOND / DAY {
            assert_eq!(civil(days), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (day, month) = if day < length { (day + 1, month) } else { (1, month + 1) };
            (month, year) = if month <= 12 { (month, year) } else { (1, year + 1) };
        }
        assert_eq!((year, month, day), (10_000, 1, 1));
    }
}
