//! Dates as HTTP (RFC 9110 section 5.6.7) and mail (RFC 5322 section 3.3) write them, from and to seconds since
//! 1970-01-01 00:00:00 UTC.

use super::line::decimal;

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date in the calendar.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    /// Hours, minutes and seconds.
    time: [u64; 3],
    /// Index into [`DAYS`].
    weekday: usize,
}

impl Civil {
    fn of(seconds: u64) -> Civil {
        // Days since 0000-03-01, in eras of 400 years.
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Civil {
            year: year + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            time: [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60],
            weekday: (seconds / 86_400 % 7) as usize,
        }
    }

    fn month_name(&self) -> &'static str {
        MONTHS[self.month as usize - 1]
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`: IMF-fixdate.
pub(super) fn imf_fixdate(seconds: u64) -> String {
    let date = Civil::of(seconds);
    let [h, m, s] = date.time;
    let (weekday, month) = (&DAYS[date.weekday][..3], date.month_name());
    format!("{weekday}, {:02} {month} {:04} {h:02}:{m:02}:{s:02} GMT", date.day, date.year)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`: the obsolete form that is only to be read.
pub(super) fn rfc850(seconds: u64) -> String {
    let date = Civil::of(seconds);
    let [h, m, s] = date.time;
    let month = date.month_name();
    format!("{}, {:02}-{month}-{:02} {h:02}:{m:02}:{s:02} GMT", DAYS[date.weekday], date.day, date.year % 100)
}

/// `Sun, 6 Nov 1994 08:49:37 +0000`, as mail has it.
pub(super) fn mail(seconds: u64) -> String {
    let date = Civil::of(seconds);
    let [h, m, s] = date.time;
    let (weekday, month) = (&DAYS[date.weekday][..3], date.month_name());
    format!("{weekday}, {} {month} {:04} {h:02}:{m:02}:{s:02} +0000", date.day, date.year)
}

/// `06-Nov-1994 08:49:37 +0000`: INTERNALDATE of IMAP (RFC 9051 section 9, date-time).
#[expect(dead_code, reason = "IMAP will ask for it")]
pub(super) fn internal(seconds: u64) -> String {
    let date = Civil::of(seconds);
    let [h, m, s] = date.time;
    let month = date.month_name();
    format!("{:02}-{month}-{:04} {h:02}:{m:02}:{s:02} +0000", date.day, date.year)
}

/// Reads one of the three forms of HTTP-date. `now` tells the century of a year of two digits: one that seems to be more
/// than 50 years ahead is past.
pub(super) fn parse(text: &[u8], now: u64) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let (weekday, rest) = match text.split_once(", ") {
        Some(parts) => parts,
        None => text.split_once(' ')?,
    };
    let is_day = |day: &&str| if rest.contains('-') { *day == weekday } else { &day[..3] == weekday };
    if !DAYS.iter().any(is_day) {
        return None;
    }
    let words: Vec<&str> = rest.split(' ').collect();
    let (year, month, day, time) = match words[..] {
        // IMF-fixdate
        [day, month, year, time, "GMT"] if text.contains(", ") => (fixed(year, 4)?, month, fixed(day, 2)?, time),
        // rfc850-date
        [date, time, "GMT"] if text.contains(", ") => {
            let parts: Vec<&str> = date.split('-').collect();
            let [day, month, year] = parts[..] else { return None };
            let this = Civil::of(now).year;
            let mut full = this - this % 100 + fixed(year, 2)?;
            if full > this + 50 {
                full -= 100;
            }
            (full, month, fixed(day, 2)?, time)
        }
        // asctime-date
        [month, day, time, year] => (fixed(year, 4)?, month, fixed(day, 2)?, time),
        [month, "", day, time, year] => (fixed(year, 4)?, month, fixed(day, 1)?, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let parts: Vec<&str> = time.split(':').collect();
    let [h, m, s] = parts[..] else { return None };
    let (h, m, s) = (fixed(h, 2)?, fixed(m, 2)?, fixed(s, 2)?);
    if h > 23 || m > 59 || s > 60 || year < 1970 {
        return None;
    }
    let seconds = days(year, month, day)? * 86_400 + h * 3_600 + m * 60 + s;
    Some(seconds)
}

/// Days since 1970-01-01; none for a day that does not exist.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let most = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day == 0 || day > most {
        return None;
    }
    let (y, shifted) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let (era, of_era) = (y / 400, y % 400);
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

/// A number of exactly so many digits.
fn fixed(text: &str, digits: usize) -> Option<u64> {
    if text.len() == digits { decimal(text.as_bytes()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 9110 section 5.6.7.
    const EXAMPLE: u64 = 784_111_777;

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(imf_fixdate(EXAMPLE), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc850(EXAMPLE), "Sunday, 06-Nov-94 08:49:37 GMT");
        assert_eq!(mail(EXAMPLE), "Sun, 6 Nov 1994 08:49:37 +0000");
        let now = 1_767_225_600;
        for form in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(form.as_bytes(), now), Some(EXAMPLE), "{form}");
        }
    }

    #[test]
    fn every_day_comes_back() {
        for day in 0..80_000 {
            let seconds = day * 86_400 + day % 86_400;
            assert_eq!(parse(imf_fixdate(seconds).as_bytes(), 0), Some(seconds), "{}", imf_fixdate(seconds));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 31 Jun 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "06 Nov 1994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994 GMT",
            "garbage",
        ] {
            assert_eq!(parse(text.as_bytes(), 0), None, "{text}");
        }
    }
}
