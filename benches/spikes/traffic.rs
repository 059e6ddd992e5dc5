//! A month of streams that nobody has seen: daily and weekly rhythm, growth, outages, deploys, nightly jobs, noise.
//!
//! Owns: what each stream moves in each minute, and what thieves take beside it. Refuses: clocks. Stays
//! true: the same seed gives the same month.

#[path = "../random.rs"]
mod random;

pub use random::Random;

pub const MINUTES_PER_DAY: u32 = 24 * 60;
/// The first week is for learning; what is injected and what is counted comes after it.
pub const DAYS: u32 = 35;
pub const LEARNING_DAYS: u32 = 7;
const MIB: f64 = (1 << 20) as f64;

impl Random {
    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, end: u32) -> u32 {
        (self.number() % u64::from(end)) as u32
    }

    /// About normal, with variance 1: the sum of four uniform numbers.
    fn normal(&mut self) -> f64 {
        let bits = self.number();
        let sum: u64 = (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum();
        (sum as f64 / 65_536.0 - 2.0) * 3f64.sqrt()
    }
}

/// What is taken beside the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theft {
    /// 20 times the usual for five minutes.
    Burst,
    /// 8 times the usual for ten minutes.
    Middling,
    /// 3 times the usual for six hours.
    Slow,
    /// 20 times the usual for half an hour, by a small stream, and more than the floor.
    Small,
    /// The same, and less than the floor.
    UnderFloor,
}

impl Theft {
    pub const ALL: [Theft; 5] = [
        Theft::Burst,
        Theft::Middling,
        Theft::Slow,
        Theft::Small,
        Theft::UnderFloor,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Theft::Burst => "x20 for 5 min",
            Theft::Middling => "x8 for 10 min",
            Theft::Slow => "x3 for 6 h",
            Theft::Small => "small, x20 for 30 min",
            Theft::UnderFloor => "the same, under the floor",
        }
    }

    fn times_and_minutes(self) -> (f64, u32) {
        match self {
            Theft::Burst => (20.0, 5),
            Theft::Middling => (8.0, 10),
            Theft::Slow => (3.0, 360),
            Theft::Small | Theft::UnderFloor => (20.0, 30),
        }
    }
}

pub struct Injection {
    pub theft: Theft,
    pub from: u32,
    pub minutes: u32,
    times: f64,
}

pub struct Stream {
    /// Bytes a minute on a weekday at noon.
    scale: f64,
    /// What is left of it at night, and at weekends.
    night: f64,
    weekend: f64,
    busiest_hour: f64,
    growth_per_week: f64,
    noise: f64,
    /// A nightly job: the minute of the day when it is due.
    job: Option<u32>,
    /// Silence, in minutes from the beginning.
    outages: Vec<(u32, u32)>,
    /// Deploys: everything is read again for some minutes.
    deploys: Vec<(u32, u32, f64)>,
    pub thefts: Vec<Injection>,
    random: Random,
}

impl Stream {
    /// A stream of a month. A third of all are small, and some are large.
    pub fn new(seed: u64, floor: f64) -> Stream {
        let mut random = Random(seed);
        let small = random.below(3) == 0;
        let scale = match small {
            true => MIB * 10f64.powf(random.between(-2.0, 0.5)),
            false => MIB * 10f64.powf(random.between(0.5, 3.0)),
        };
        let mut stream = Stream {
            scale,
            night: random.between(0.05, 0.6),
            weekend: random.between(0.1, 1.0),
            busiest_hour: random.between(9.0, 20.0),
            growth_per_week: random.between(0.97, 1.15),
            noise: random.between(0.15, 0.5),
            job: (random.below(4) == 0).then(|| random.below(MINUTES_PER_DAY)),
            outages: vec![],
            deploys: vec![],
            thefts: vec![],
            random: Random(seed ^ 0xdead_beef),
        };
        stream.disturb(&mut random);
        stream.steal(&mut random, small, floor);
        stream
    }

    /// Two outages of an hour to two days, and a deploy every few days.
    fn disturb(&mut self, random: &mut Random) {
        let end = DAYS * MINUTES_PER_DAY;
        for _ in 0..2 {
            let minutes = random.between(60.0, 2.0 * f64::from(MINUTES_PER_DAY)) as u32;
            self.outages.push((random.below(end), minutes));
        }
        let mut at = 0;
        while at < end {
            at += 1 + random.below(6 * MINUTES_PER_DAY);
            self.deploys
                .push((at, 1 + random.below(4), random.between(1.5, 4.0)));
        }
    }

    /// One theft of each kind that fits, at any time after the first week, not while there is silence.
    fn steal(&mut self, random: &mut Random, small: bool, floor: f64) {
        let kinds: &[Theft] = match small {
            true => &[Theft::Small, Theft::UnderFloor],
            false => &[Theft::Burst, Theft::Middling, Theft::Slow],
        };
        for (i, theft) in kinds.iter().copied().enumerate() {
            let (times, minutes) = theft.times_and_minutes();
            let share = (DAYS - LEARNING_DAYS) / kinds.len() as u32;
            let day = LEARNING_DAYS + share * i as u32 + random.below(share - 1);
            let from = day * MINUTES_PER_DAY + random.below(MINUTES_PER_DAY);
            let over = self.usual(from) * times > floor;
            let fits = match theft {
                // Growth, noise and a nightly job do not lift it over the floor either.
                Theft::UnderFloor => self.scale * 100.0 < floor,
                _ => over,
            };
            let quiet = !self
                .outages
                .iter()
                .any(|(at, len)| (at.saturating_sub(minutes)..at + len).contains(&from));
            if fits && quiet {
                self.thefts.push(Injection {
                    theft,
                    from,
                    minutes,
                    times,
                });
            }
        }
    }

    /// What is usual in this minute: no noise, nothing out of the ordinary.
    fn usual(&self, minute: u32) -> f64 {
        let hour = f64::from(minute % MINUTES_PER_DAY) / 60.0;
        let swing = ((hour - self.busiest_hour) / 24.0 * std::f64::consts::TAU).cos();
        let day = self.night + (1.0 - self.night) * (0.5 + 0.5 * swing);
        let weekend = matches!(minute / MINUTES_PER_DAY % 7, 5 | 6);
        let weeks = f64::from(minute) / f64::from(7 * MINUTES_PER_DAY);
        let level = self.scale * self.growth_per_week.powf(weeks);
        level * day * if weekend { self.weekend } else { 1.0 }
    }

    /// Bytes in this minute; call it once for each, in order.
    pub fn minute(&mut self, minute: u32) -> u64 {
        let noise = (self.random.normal() * self.noise).exp();
        let during = |at: u32, len: u32| (at..at + len).contains(&minute);
        if self.outages.iter().any(|(at, len)| during(*at, *len)) {
            return 0;
        }
        let deploy = self.deploys.iter().find(|(at, len, _)| during(*at, *len));
        let theft = self.thefts.iter().find(|it| during(it.from, it.minutes));
        let usual = self.usual(minute);
        let job = self.job(minute);
        let stolen = theft.map_or(0.0, |theft| usual * (theft.times - 1.0));
        let deploy = deploy.map_or(1.0, |(_, _, times)| *times);
        (usual * noise * deploy + job * noise + stolen) as u64
    }

    /// What a nightly job moves in this minute: twice what a busy minute does, for half an hour, up to
    /// 40 minutes early or late.
    fn job(&self, minute: u32) -> f64 {
        let Some(due) = self.job else {
            return 0.0;
        };
        let (day, at) = (minute / MINUTES_PER_DAY, minute % MINUTES_PER_DAY);
        let late = Random(u64::from(day) ^ self.scale.to_bits()).below(80);
        let begins = (due + late).saturating_sub(40);
        if (begins..begins + 30).contains(&at) {
            2.0 * self.scale
        } else {
            0.0
        }
    }
}
