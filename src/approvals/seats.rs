//! Whether enough distinct people have approved.
//!
//! Owns: seating people. Refuses: one person on two seats, also when they are in two groups or
//! two policies ask for them. Stays true: a seating is found whenever there is one (augmenting
//! paths, Kuhn 1955), so the order in which people answered never matters.

use super::policy::Policy;

/// Seats of each policy that the approvers (their groups) can fill at once, one seat a person.
pub fn filled(policies: &[Policy], approvers: &[&[String]]) -> Vec<u32> {
    let seats: Vec<usize> = policies
        .iter()
        .enumerate()
        .flat_map(|(i, p)| std::iter::repeat_n(i, p.seats() as usize))
        .collect();
    let mut taken: Vec<Option<usize>> = vec![None; seats.len()];
    for person in 0..approvers.len() {
        let mut tried = vec![false; seats.len()];
        seat(person, policies, &seats, approvers, &mut taken, &mut tried);
    }
    let mut count = vec![0; policies.len()];
    for (policy, who) in seats.iter().zip(&taken) {
        count[*policy] += u32::from(who.is_some());
    }
    count
}

/// Whether every seat of every policy is filled.
pub fn all_filled(policies: &[Policy], approvers: &[&[String]]) -> bool {
    let filled = filled(policies, approvers);
    !policies.is_empty()
        && policies
            .iter()
            .zip(filled)
            .all(|(policy, n)| n == policy.seats())
}

/// Finds `person` a seat, asking whoever sits there to move if they can.
fn seat(
    person: usize,
    policies: &[Policy],
    seats: &[usize],
    approvers: &[&[String]],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for i in 0..seats.len() {
        if tried[i] || !policies[seats[i]].admits(approvers[person]) {
            continue;
        }
        tried[i] = true;
        let free = match taken[i] {
            None => true,
            Some(sitting) => seat(sitting, policies, seats, approvers, taken, tried),
        };
        if free {
            taken[i] = Some(person);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(any_of: &[&str], people: u32) -> Policy {
        Policy {
            name: any_of.join("+"),
            any_of: any_of.iter().map(|g| g.to_string()).collect(),
            people,
            within_ms: 1,
            reason_on_approve: false,
            reason_on_reject: false,
            redeem_within_ms: 1,
        }
    }

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(|g| g.to_string()).collect()
    }

    #[test]
    fn one_person_in_two_groups_fills_one_seat() {
        let both = groups(&["security", "dpo"]);
        assert!(!all_filled(&[policy(&["security", "dpo"], 2)], &[&both]));
        assert!(!all_filled(
            &[policy(&["security"], 1), policy(&["dpo"], 1)],
            &[&both]
        ));
    }

    #[test]
    fn whoever_can_only_sit_in_one_place_gets_it() {
        let both = groups(&["security", "dpo"]);
        let one = groups(&["security"]);
        let policies = [policy(&["security"], 1), policy(&["dpo"], 1)];
        assert!(all_filled(&policies, &[&both, &one]));
        assert!(all_filled(&policies, &[&one, &both]));
    }

    #[test]
    fn no_policy_and_no_people_approve_nothing() {
        let one = groups(&["security"]);
        assert!(!all_filled(&[], &[&one]));
        assert!(!all_filled(&[policy(&["security"], 0)], &[]));
        assert!(all_filled(&[policy(&["security"], 0)], &[&one]));
    }

    /// Tries every seat for every person.
    fn brute(policies: &[Policy], left: &mut Vec<u32>, approvers: &[&[String]]) -> bool {
        if left.iter().all(|n| *n == 0) {
            return true;
        }
        let Some((first, rest)) = approvers.split_first() else {
            return false;
        };
        for i in 0..policies.len() {
            if left[i] > 0 && policies[i].admits(first) {
                left[i] -= 1;
                let found = brute(policies, left, rest);
                left[i] += 1;
                if found {
                    return true;
                }
            }
        }
        brute(policies, left, rest)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn agrees_with_trying_everything(
            wanted in prop::collection::vec((prop::collection::vec(0usize..4, 1..3), 1u32..3), 1..4),
            people in prop::collection::vec(prop::collection::vec(0usize..4, 0..3), 0..6),
        ) {
            const NAMES: [&str; 4] = ["a", "b", "c", "d"];
            let policies: Vec<Policy> = wanted.iter()
                .map(|(g, n)| policy(&g.iter().map(|i| NAMES[*i]).collect::<Vec<_>>(), *n)).collect();
            let people: Vec<Vec<String>> = people.iter()
                .map(|g| g.iter().map(|i| NAMES[*i].to_string()).collect()).collect();
            let approvers: Vec<&[String]> = people.iter().map(Vec::as_slice).collect();
            let mut left = policies.iter().map(Policy::seats).collect();
            prop_assert_eq!(all_filled(&policies, &approvers), brute(&policies, &mut left, &approvers));
        }
    }
}
