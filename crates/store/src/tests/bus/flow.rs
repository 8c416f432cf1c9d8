//! Senders, readers and cursors on a disk that works, or is only full.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{DIR, Dice, LONG, Ledger, NOT, body, entry, open, put, read_from, small, who_and_n};
use crate::bus::{Ack, Bus, Health};
use crate::{Cut, Error, SimDisk};

#[test]
fn many_senders_and_late_readers() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    let ledger = Ledger::default();
    let (senders, each) = (8_u64, 60_u64);
    let total = senders * each;
    let read = std::thread::scope(|s| {
        for who in 0..senders {
            let (bus, ledger) = (&bus, &ledger);
            s.spawn(move || {
                for n in 0..each {
                    let body = body(who, n, &mut Dice(who * 1_000 + n));
                    ledger.sent.lock().unwrap().insert(body.clone());
                    ledger.know(put(bus, &body), &body);
                }
            });
        }
        let readers: Vec<_> = (0..4_u64)
            .map(|slow| {
                let bus = &bus;
                s.spawn(move || {
                    let (mut reader, mut all) = (bus.reader(1), BTreeMap::new());
                    while (all.len() as u64) < total {
                        let Some(record) = reader.next(LONG).unwrap() else {
                            continue;
                        };
                        assert_eq!(record.seq(), all.len() as u64 + 1);
                        all.insert(record.seq(), record.body().to_vec());
                        if slow > 1 && record.seq() % 50 == 0 {
                            std::thread::sleep(Duration::from_millis(slow));
                        }
                    }
                    all
                })
            })
            .collect();
        let all: Vec<_> = readers.into_iter().map(|r| r.join().unwrap()).collect();
        all
    });
    let known = ledger.known.lock().unwrap().clone();
    assert_eq!(known.len() as u64, total);
    assert!(read.iter().all(|all| *all == known));
    ledger.check(&bus, &known, "live");
    drop(bus);
    let bus = open(&disk).unwrap();
    assert_eq!(
        bus.cut_off(),
        None,
        "an orderly stop leaves nothing to mend"
    );
    ledger.check(&bus, &known, "opened again");
    // From anywhere, in any order.
    let mut reader = bus.reader(1);
    for seq in [total, 1, total / 2, total / 2 + 1, 7, total - 1] {
        reader.seek(seq);
        let record = reader.next(NOT).unwrap().unwrap();
        assert_eq!(record.body(), known[&seq]);
    }
    reader.seek(total + 1);
    assert!(reader.next(NOT).unwrap().is_none());
}

#[test]
fn a_full_queue_refuses_before_it_drops() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    disk.set_sync_time(Duration::from_millis(20));
    let (mut tickets, mut refused) = (Vec::new(), 0);
    while refused < 3 {
        let n = tickets.len() as u64;
        match bus.append(entry(&body(0, n, &mut Dice(n)))) {
            Ok(ticket) => tickets.push(ticket),
            Err(Error::Busy { retry_after }) => {
                assert!(retry_after > NOT);
                assert_eq!(bus.standing().health, Health::Ok);
                refused += 1;
                std::thread::sleep(retry_after);
            }
            Err(e) => panic!("{e}"),
        }
    }
    assert_eq!(bus.standing().refused, 3);
    for (n, ticket) in (1..).zip(&tickets) {
        assert_eq!(ticket.wait(LONG).unwrap(), n, "in the order of sending");
    }
    assert_eq!(read_from(&bus, 1).unwrap().len(), tickets.len());
}

#[test]
fn a_full_disk_keeps_what_was_taken_and_takes_no_more() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    put(&bus, &body(0, 0, &mut Dice(1)));
    disk.set_capacity(Some(disk.bytes_used()));
    let taken = bus.append(entry(&[1; 16])).unwrap();
    while bus.standing().health == Health::Ok {
        std::thread::yield_now();
    }
    let waits = taken.wait(NOT);
    assert!(matches!(waits, Err(Error::Unsettled { seq: 2 })));
    let full = bus.append(entry(&[2; 16]));
    assert!(matches!(full, Err(Error::Busy { .. })));
    assert_eq!(bus.standing().refused, 1);
    disk.set_capacity(None);
    assert_eq!(taken.wait(LONG).unwrap(), 2);
    assert_eq!(bus.standing().health, Health::Ok);
    assert_eq!(put(&bus, &[3; 16]), 3);
}

#[test]
fn memory_is_an_answer_by_name() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    assert_eq!(put(&bus, &[1; 16]), 1);
    disk.set_sync_fails(true);
    assert_eq!(bus.put(entry(&[2; 16]), Ack::Memory, LONG).unwrap(), 2);
    let disk_says = bus.put(entry(&[3; 16]), Ack::Disk, LONG);
    assert!(matches!(disk_says, Err(Error::WriterStopped(_))));
    assert!(matches!(bus.standing().health, Health::Stopped(_)));
    assert_eq!(bus.durable(), 1, "no reader saw what was not on disk");
    let after = disk.cut(Cut::Nothing, 1);
    drop(bus);
    let bus = open(&after).unwrap();
    assert_eq!(put(&bus, &[4; 16]), 2);
}

#[test]
fn a_ticket_is_a_future() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    let mut ticket = std::pin::pin!(bus.append(entry(&[1; 16])).unwrap());
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match ticket.as_mut().poll(&mut cx) {
            Poll::Ready(seq) => break assert_eq!(seq.unwrap(), 1),
            Poll::Pending => drop(bus.wait_newer(0, LONG)),
        }
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    let refused = |r| matches!(r, Err(Error::Refused(_)));
    assert!(refused(bus.append(entry(&vec![0; 4_001]))));
    assert!(refused(bus.append_all(&[])));
    assert!(refused(bus.append_all(&vec![entry(&[]); 65])));
    assert!(bus.advance("nobody", 0).is_err());
    assert!(bus.open_cursor("", 0).is_err());
    assert_eq!(bus.standing().refused, 0, "that is not for want of room");
    let mut config = small(&disk);
    config.segment_bytes = 4_000;
    assert!(Bus::open(std::path::Path::new(DIR), config).is_err());
}

#[test]
fn cursors_are_kept_in_one_file() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    for n in 0..20 {
        put(&bus, &body(0, n, &mut Dice(n)));
    }
    for n in 0..5_000_u64 {
        let name = format!("urn:ngsi-ld:Subscription:{n}");
        assert_eq!(bus.open_cursor(&name, n % 7).unwrap(), n % 7);
        bus.advance(&name, n % 20).unwrap();
    }
    bus.remove_cursor("urn:ngsi-ld:Subscription:4999");
    assert!(
        bus.advance("urn:ngsi-ld:Subscription:1", 21).is_err(),
        "not on disk yet"
    );
    bus.keep_cursors().unwrap();
    let after = disk.cut(Cut::Nothing, 1);
    let all = bus.cursors();
    drop(bus);
    let bus = open(&after).unwrap();
    assert_eq!(all.len(), 4_999);
    assert_eq!(bus.cursors(), all);
    assert_eq!(bus.cursor("urn:ngsi-ld:Subscription:6"), Some(6));
    assert_eq!(bus.open_cursor("urn:ngsi-ld:Subscription:6", 0).unwrap(), 6);
    let (seen, last) = (Arc::new(read_from(&bus, 7).unwrap()), bus.durable());
    assert_eq!(seen.len() as u64, last - 6);
    assert_eq!(who_and_n(&seen[&7]), (0, 6));
}
