//! Keeps time for all playing sessions with one heap, so that a thousand cameras need no thousand
//! timers. Never does I/O itself: a flow's step does, and never waits.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep_until};

use crate::flow::Flow;

/// Sessions waiting to be taken up; PLAY waits while it is full.
pub(crate) const JOINING_MAX: usize = 256;

/// The pacer wakes at most this often; frames due meanwhile leave together. 2 ms are 5 % of a
/// frame at 25 per second.
const GRAIN: Duration = Duration::from_millis(2);

/// Runs until the city stops, which drops the sender.
pub(crate) async fn run(mut joining: mpsc::Receiver<Flow>) {
    let mut flows: HashMap<u64, Flow> = HashMap::new();
    let mut due: BinaryHeap<Reverse<(Instant, u64)>> = BinaryHeap::new();
    let mut names = 0u64;
    loop {
        let flow = match due.peek() {
            None => joining.recv().await,
            Some(&Reverse((at, _))) => {
                let at = at.max(Instant::now() + GRAIN);
                tokio::select! {
                    () = sleep_until(at) => {
                        work(&mut flows, &mut due);
                        continue;
                    }
                    flow = joining.recv() => flow,
                }
            }
        };
        let Some(flow) = flow else { return };
        names += 1;
        flows.insert(names, flow);
        due.push(Reverse((Instant::now(), names)));
        work(&mut flows, &mut due);
    }
}

/// Steps every flow whose time has come.
fn work(flows: &mut HashMap<u64, Flow>, due: &mut BinaryHeap<Reverse<(Instant, u64)>>) {
    let now = Instant::now();
    while let Some(&Reverse((at, name))) = due.peek() {
        if at > now {
            return;
        }
        due.pop();
        match flows.get_mut(&name).and_then(|flow| flow.step(now)) {
            // A flow that is still behind comes round again at the next waking.
            Some(next) => due.push(Reverse((next.max(now + Duration::from_nanos(1)), name))),
            None => {
                flows.remove(&name);
            }
        }
    }
}
