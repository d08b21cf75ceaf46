//! A fuzz target in one line: what [`crate::fuzz_target`] is made of.

use std::cell::RefCell;

use super::session::{Random, Session, Subject, mutate};
use super::{Known, Runner};
use crate::target::TargetFactory;

/// Makes a fuzz target for cargo-fuzz of a [`TargetFactory`]: the whole file, but for `#![no_main]`.
///
/// ```ignore
/// #![no_main]
/// rfcheck::fuzz_target!(my_stack::Factory::new());
/// ```
///
/// What is known is passed over, see [`crate::fuzzing::Known`]:
///
/// ```ignore
/// #![no_main]
/// rfcheck::fuzz_target!(my_stack::Factory::new(), known: &[Known::after(Stimulus::BeyondFin, "delivers-after-fin")]);
/// ```
///
/// `subject: Subject::Datagrams` after it makes a target for UDP, ICMP, fragments and extension headers alone.
///
/// The fuzzing package depends on `libfuzzer-sys` and on `rfcheck` with `default-features = false`. Inputs are
/// [`Session`]s of up to 770 octets; `-max_len=770 -len_control=0` lets them be long from the beginning. A finding
/// ends the process with the finding's text; `rfcheck fuzz triage` makes a script of the artifact.
#[macro_export]
macro_rules! fuzz_target {
    ($factory:expr) => {
        $crate::fuzz_target!($factory, known: &[]);
    };
    ($factory:expr, known: $known:expr $(,)?) => {
        $crate::fuzz_target!($factory, known: $known, subject: $crate::fuzzing::session::Subject::Connections);
    };
    ($factory:expr, known: $known:expr, subject: $subject:expr $(,)?) => {
        #[global_allocator]
        static ALLOCATOR: $crate::fuzzing::memory::CountingAllocator = $crate::fuzzing::memory::CountingAllocator;

        ::libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
            $crate::fuzzing::run_input(|| Box::new($factory), $known, $subject, octets);
        });

        ::libfuzzer_sys::fuzz_mutator!(|octets: &mut [u8], size: usize, most: usize, seed: u32| {
            // libFuzzer's own mutators know constants that comparisons of the target were made with.
            if seed % 4 == 0 {
                ::libfuzzer_sys::fuzzer_mutate(octets, size, most)
            } else {
                $crate::fuzzing::mutate_input(octets, size, most, seed)
            }
        });
    };
}

/// What a process keeps from input to input.
struct Kept {
    runner: Runner<'static>,
    session: Session,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Runs the session that an input means.
///
/// # Panics
///
/// With the finding's text if there is one: that is how libFuzzer learns of it.
pub fn run_input(factory: fn() -> Box<dyn TargetFactory>, known: &[Known], subject: Subject, octets: &[u8]) {
    let found = KEPT.with_borrow_mut(|kept| {
        let kept = kept.get_or_insert_with(|| Kept {
            // One for each thread, for as long as it lives.
            runner: Runner::new(Box::leak(factory())).knowing(known),
            session: Session::from_octets(&[]),
        });
        kept.session.read(octets);
        kept.session.keep_to(subject);
        match kept.runner.run(&kept.session) {
            Ok(ran) => ran.finding,
            Err(error) => panic!("the target cannot be made: {error}"),
        }
    });
    if let Some(finding) = found {
        panic!("{finding}");
    }
}

/// Changes the session that the first `size` octets mean; how many octets it has then, `most` at most.
pub fn mutate_input(octets: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let most = most.min(octets.len());
    let mut session = Session::from_octets(&octets[..size.min(most)]);
    let events = most.saturating_sub(super::session::HEAD) / super::session::RECORD;
    mutate(&mut session, &mut Random::new(seed.into()), events);
    let written = session.to_octets();
    let size = written.len().min(most);
    octets[..size].copy_from_slice(&written[..size]);
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutated_input_fits() {
        let mut octets = [0; 770];
        let mut size = 0;
        for seed in 0..2_000 {
            let most = [1, 14, 100, 770][seed as usize % 4];
            size = mutate_input(&mut octets, size.min(most), most, seed);
            assert!(size <= most);
        }
    }
}
