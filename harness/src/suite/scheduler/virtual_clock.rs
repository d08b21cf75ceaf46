//! Runs on virtual clocks: nothing waits, so one worker a core takes script after script.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

use super::{Context, Message, send};
use crate::suite::work::Worker;

/// Runs that a worker takes at once: few enough to keep all workers busy to the end.
const BATCH: usize = 4;

pub(super) fn run(context: Context<'_>, runs: &[usize], sender: &SyncSender<Message>) {
    let workers = context.jobs.map_or(context.cores, NonZeroUsize::get).min(runs.len().div_ceil(BATCH));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(context, runs, &next, sender));
        }
    });
}

fn work(context: Context<'_>, runs: &[usize], next: &AtomicUsize, sender: &SyncSender<Message>) {
    let mut worker = Worker::new(context.interrupt);
    loop {
        let from = next.fetch_add(BATCH, Ordering::Relaxed);
        let batch = runs.get(from..(from + BATCH).min(runs.len())).unwrap_or_default();
        if batch.is_empty() {
            return;
        }
        for run in batch {
            if context.interrupt.is_interrupted() {
                return;
            }
            send(sender, Message::Started(*run));
            let result = context.suite.execute(*run, &mut worker, context.interrupt);
            send(sender, Message::Finished(result));
        }
    }
}
