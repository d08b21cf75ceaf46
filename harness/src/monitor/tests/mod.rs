//! For each invariant a trace that breaks it, and one that nearly does.

mod datagrams;
mod network;
mod robust;
mod scene;
mod segments;
mod streams;
mod times;

use std::collections::BTreeSet;

use super::Invariant;
use scene::Scene;

/// A trace that breaks one invariant and nothing else, and one that comes near and breaks nothing.
struct Case {
    invariant: Invariant,
    breaks: fn() -> Scene,
    near_miss: fn() -> Scene,
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [datagrams::CASES, network::CASES, segments::CASES, streams::CASES, times::CASES].into_iter().flatten()
}

#[test]
fn each_invariant_is_broken_by_its_trace_alone() {
    let wrong = cases().enumerate().filter_map(|(at, case)| {
        let violations = (case.breaks)().finish();
        let is_right = violations.iter().all(|violation| violation.invariant == case.invariant);
        (!is_right || violations.is_empty()).then(|| format!("case {at} of {:?}: {violations:#?}", case.invariant))
    });
    assert_eq!(wrong.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn what_comes_near_breaks_nothing() {
    let wrong = cases().enumerate().filter_map(|(at, case)| {
        let violations = (case.near_miss)().finish();
        (!violations.is_empty()).then(|| format!("near miss {at} of {:?}: {violations:#?}", case.invariant))
    });
    assert_eq!(wrong.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn no_invariant_is_without_a_case() {
    let tested: BTreeSet<_> = cases().map(|case| case.invariant).collect();
    let untested: Vec<_> = Invariant::ALL.iter().filter(|invariant| !tested.contains(invariant)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

/// Requirements and their levels stand in the catalogues of the specs.
#[test]
fn each_requirement_is_in_a_catalogue() {
    let specs = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs");
    let mut levels = std::collections::BTreeMap::new();
    for folder in std::fs::read_dir(specs).unwrap() {
        let Ok(text) = std::fs::read_to_string(folder.unwrap().path().join("requirements.toml")) else { continue };
        let table: toml::Table = text.parse().unwrap();
        for requirement in table["req"].as_array().unwrap() {
            let text = |key| requirement[key].as_str().unwrap().to_owned();
            levels.insert(text("id"), text("level"));
        }
    }
    for invariant in Invariant::ALL {
        let level = levels.get(invariant.requirement()).map(String::as_str);
        assert_eq!(level, Some(invariant.level()), "{invariant:?}: {}", invariant.requirement());
    }
}
