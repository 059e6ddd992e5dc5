//! Which detectors run, and how sure they must be.
//!
//! Owns: the way from names to an engine, and back from a finding to a name. Refuses: a name that no
//! detector has. Stays true: everything else in this verb knows detectors only through a [`Choice`],
//! so that detectors of a configuration file need a change here and nowhere else.

use crate::chunk::{DetectorId, DetectorSet, Finding, Likelihood};
use crate::scan::{self, DETECTORS, Detector, Engine};

/// The detectors of one run.
pub struct Choice {
    /// Looks for them.
    pub engine: Engine,
    /// They.
    pub set: DetectorSet,
    least: Likelihood,
}

/// A detector that nobody has defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no detector is named `{0}`; `lockgate scan --list` names them all")]
pub struct Unknown(String);

impl Choice {
    /// These detectors, or all of them; findings less likely than `least` do not count.
    pub fn new(names: Option<&[String]>, least: Likelihood) -> Result<Choice, Unknown> {
        let mut set = DetectorSet::default();
        match names {
            Some(names) => {
                for name in names {
                    let name = name.trim();
                    set.insert(scan::detector(name).ok_or_else(|| Unknown(name.to_owned()))?);
                }
            }
            None => all().for_each(|id| set.insert(id)),
        }
        let engine = Engine::new(set);
        Ok(Choice { engine, set, least })
    }

    /// Whether a finding is likely enough.
    pub fn counts(&self, finding: &Finding) -> bool {
        finding.likelihood >= self.least
    }

    /// The name of a detector that fired.
    pub fn name(&self, id: DetectorId) -> &'static str {
        Detector::of(id).map_or("unknown", |row| row.name)
    }

    /// The rows of the chosen ones, in the catalogue's order.
    pub fn rows(&self) -> impl Iterator<Item = &'static Detector> {
        let chosen = all().filter(|id| self.set.contains(*id));
        chosen.filter_map(Detector::of)
    }
}

fn all() -> impl Iterator<Item = DetectorId> {
    (0..DETECTORS.len()).map(|index| DetectorId(index as u8))
}

/// How a likelihood is written.
pub fn likelihood_name(likelihood: Likelihood) -> &'static str {
    match likelihood {
        Likelihood::Possible => "possible",
        Likelihood::Likely => "likely",
        Likelihood::Certain => "certain",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_choose_and_an_unknown_one_is_told() {
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let two = Choice::new(
            Some(&names(&["payment_card", " us_ssn "])),
            Likelihood::Likely,
        )
        .unwrap();
        assert_eq!(two.rows().count(), 2);
        let every = Choice::new(None, Likelihood::Likely).unwrap();
        assert_eq!(every.rows().count(), DETECTORS.len());
        assert_eq!(
            every.name(scan::detector("payment_card").unwrap()),
            "payment_card"
        );
        for bad in ["", "us_snn", "US_SSN"] {
            let told = Choice::new(Some(&names(&["us_ssn", bad])), Likelihood::Likely).err();
            assert_eq!(told, Some(Unknown(bad.to_owned())));
        }
    }
}
