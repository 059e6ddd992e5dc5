//! Which detectors run, and how sure they must be.
//!
//! Owns: the way from names to an engine, and back from a finding to a name. Refuses: a name that no
//! detector has. Stays true: everything else in this verb knows detectors only through a [`Choice`],
//! built in or the user's own.

use crate::chunk::{DetectorId, DetectorSet, Finding, Likelihood};
use crate::scan::{self, Custom, CustomKind, DETECTORS, Detector, Engine};
use std::sync::Arc;

/// The detectors of one run.
pub struct Choice {
    /// Looks for them.
    pub engine: Engine,
    /// They.
    pub set: DetectorSet,
    least: Likelihood,
    own: Arc<[Custom]>,
}

/// A detector that nobody has defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no detector is named `{0}`; `lockgate scan --list` names them all")]
pub struct Unknown(String);

/// What there is to say of a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'c> {
    /// As rules name it.
    pub name: &'c str,
    /// What it finds, for people.
    pub title: &'static str,
    /// What is checked.
    pub rule: &'static str,
    /// Who says so.
    pub source: &'static str,
}

impl Choice {
    /// These detectors, or all of them, of the built-in ones and the user's `own`; findings less
    /// likely than `least` do not count.
    pub fn new(
        own: Arc<[Custom]>,
        names: Option<&[String]>,
        least: Likelihood,
    ) -> Result<Choice, Unknown> {
        let mut set = DetectorSet::default();
        match names {
            Some(names) => {
                for name in names {
                    let name = name.trim();
                    let id = find(&own, name).ok_or_else(|| Unknown(name.to_owned()))?;
                    set.insert(id);
                }
            }
            None => all(&own).for_each(|id| set.insert(id)),
        }
        let engine = Engine::with(Arc::clone(&own), set);
        Ok(Choice {
            engine,
            set,
            least,
            own,
        })
    }

    /// Whether a finding is likely enough.
    pub fn counts(&self, finding: &Finding) -> bool {
        finding.likelihood >= self.least
    }

    /// The name of a detector that fired.
    pub fn name(&self, id: DetectorId) -> &str {
        self.engine.name(id)
    }

    /// What there is to say of the chosen ones, in the order of their ids.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let chosen = all(&self.own).filter(|id| self.set.contains(*id));
        chosen.map(|id| match Detector::of(id) {
            Some(Detector {
                name,
                title,
                rule,
                source,
                ..
            }) => Row {
                name,
                title,
                rule,
                source,
            },
            None => self.own_row(id),
        })
    }

    fn own_row(&self, id: DetectorId) -> Row<'_> {
        let own = usize::from(id.0).checked_sub(DETECTORS.len());
        let kind = own.and_then(|at| self.own.get(at)).map(|own| &own.kind);
        Row {
            name: self.name(id),
            title: "a detector of your own",
            rule: match kind {
                Some(CustomKind::Words(_)) => "one of its words",
                Some(CustomKind::Fields(_)) => "the value of one of its fields",
                Some(CustomKind::Pattern(_)) => "a match of its pattern",
                None => "",
            },
            source: "the configuration",
        }
    }
}

fn find(own: &[Custom], name: &str) -> Option<DetectorId> {
    scan::detector(name).or_else(|| {
        let at = own.iter().position(|own| *own.name == *name)?;
        u8::try_from(DETECTORS.len() + at).ok().map(DetectorId)
    })
}

fn all(own: &[Custom]) -> impl Iterator<Item = DetectorId> + use<> {
    let many = DETECTORS.len() + own.len();
    (0..many).filter_map(|index| u8::try_from(index).ok().map(DetectorId))
}

/// How a likelihood is written.
pub fn likelihood_name(likelihood: Likelihood) -> &'static str {
    match likelihood {
        Likelihood::Possible => "possible",
        Likelihood::Likely => "likely",
        Likelihood::Certain => "certain",
    }
}

/// The built-in detectors, all of them, for this verb's tests.
#[cfg(test)]
pub fn every(least: Likelihood) -> Choice {
    Choice::new(Arc::default(), None, least).expect("no name is unknown")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn chosen(own: &Arc<[Custom]>, names: &[&str]) -> Result<Choice, Unknown> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Choice::new(Arc::clone(own), Some(&names), Likelihood::Likely)
    }

    #[test]
    fn names_choose_and_an_unknown_one_is_told() {
        let none = Arc::default();
        let two = chosen(&none, &["payment_card", " us_ssn "]).unwrap();
        let names: Vec<_> = two.rows().map(|row| row.name).collect();
        assert_eq!(names, ["us_ssn", "payment_card"]);
        assert_eq!(every(Likelihood::Likely).rows().count(), DETECTORS.len());
        for bad in ["", "us_snn", "US_SSN"] {
            let told = chosen(&none, &["us_ssn", bad]).err();
            assert_eq!(told, Some(Unknown(bad.to_owned())));
        }
    }

    #[test]
    fn detectors_of_ones_own_are_chosen_named_and_listed_like_the_others() {
        let custom = Custom::words("project".into(), &["nightingale".to_owned()]).unwrap();
        let own: Arc<[Custom]> = vec![custom].into();
        let choice = chosen(&own, &["project"]).unwrap();
        let row = choice.rows().next().unwrap();
        assert_eq!((row.name, row.rule), ("project", "one of its words"));
        let all = Choice::new(own, None, Likelihood::Likely).unwrap();
        assert_eq!(all.rows().count(), DETECTORS.len() + 1);
    }
}
