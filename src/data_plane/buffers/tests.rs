//! What a pool lends, and when it makes others wait.

use super::*;
use crate::limits::BUFFER_BYTES_SMALLEST;
use std::future::Future;
use std::task::{Context, Poll, Waker};

fn now<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn fill(buffer: Buffer, bytes: &[u8]) -> Buffer {
    let mut space = buffer.into_space();
    let room = space.bytes_total().min(bytes.len());
    space.buffer.memory[space.buffer.end..][..room].copy_from_slice(&bytes[..room]);
    space.buffer.end += room;
    space.into_buffer()
}

#[test]
fn bytes_survive_consuming_moving_and_growing() {
    let pool = Pool::new(64 << 20);
    let buffer = now(pool.lend(1)).expect("room");
    assert_eq!(buffer.capacity(), BUFFER_BYTES_SMALLEST);
    let mut buffer = fill(buffer, &(0..200u8).collect::<Vec<_>>());
    buffer.consume(50);
    assert_eq!(buffer.filled()[0], 50);
    buffer.make_room(BUFFER_BYTES_SMALLEST);
    assert_eq!(
        buffer.start, 0,
        "a frame of the whole buffer needs the whole buffer"
    );
    let buffer = now(pool.grow(buffer)).expect("room");
    assert_eq!(buffer.capacity(), 4 * BUFFER_BYTES_SMALLEST);
    assert_eq!(buffer.filled(), (50..200u8).collect::<Vec<_>>());
    drop(buffer);
    assert_eq!(pool.used_bytes(), 0);
}

#[test]
fn a_buffer_that_changes_pools_gives_each_its_own_back() {
    let (before, after) = (Pool::new(class_bytes(2)), Pool::new(class_bytes(2)));
    let first = now(before.lend(class_bytes(1))).expect("fits");
    let full = now(before.lend(class_bytes(1))).expect("fits");
    let full = now(before.grow(full)).expect("one may overdraw");
    let full = now(before.grow(full)).expect("it still may");
    let moved = now(after.grow(full)).expect("one may overdraw here");
    assert_eq!(
        before.used_bytes(),
        class_bytes(1),
        "only the first is left"
    );
    assert!(!before.overdrawn.get() && after.overdrawn.get());
    drop((first, moved));
    assert_eq!((before.used_bytes(), after.used_bytes()), (0, 0));
    assert!(!after.overdrawn.get());
}

#[test]
fn the_budget_pushes_back_and_one_frame_may_grow_past_it() {
    let pool = Pool::new(class_bytes(2));
    let first = now(pool.lend(class_bytes(1))).expect("fits");
    let second = now(pool.lend(class_bytes(1))).expect("fits");
    let less = now(pool.lend(class_bytes(2))).expect("less than asked for fits");
    assert_eq!(less.capacity(), class_bytes(1));
    let last = now(pool.lend(class_bytes(2))).expect("the last of it");
    assert!(
        now(pool.lend(1)).is_none(),
        "must wait: the budget is spent"
    );
    drop((less, last));
    let first = now(pool.grow(first)).expect("one may overdraw");
    assert!(now(pool.grow(second)).is_none(), "a second may not");
    drop(first);
    assert_eq!(pool.used_bytes(), 0);
    assert!(now(pool.lend(class_bytes(2))).is_some());
}

#[test]
fn a_pool_is_short_while_somebody_waits() {
    let pool = Pool::new(class_bytes(2));
    let all = now(pool.lend(class_bytes(2))).expect("room");
    let mut waits = Box::pin(pool.lend(1));
    let mut context = Context::from_waker(Waker::noop());
    assert!(!pool.is_short());
    assert!(waits.as_mut().poll(&mut context).is_pending());
    assert!(pool.is_short(), "whoever has an empty buffer gives it back");
    drop(all);
    assert!(waits.as_mut().poll(&mut context).is_ready()); // and given back at once
    assert!(!pool.is_short());
    let _all = now(pool.lend(class_bytes(2)));
    let mut waits = Box::pin(pool.lend(1));
    assert!(waits.as_mut().poll(&mut context).is_pending());
    drop(waits);
    assert!(!pool.is_short(), "a wait that was given up counts no more");
}

#[test]
fn a_request_larger_than_the_whole_budget_is_lent_what_there_is() {
    let pool = Pool::new(class_bytes(2));
    let lent = now(pool.lend(class_bytes(4))).expect("it would wait for ever");
    assert_eq!(lent.capacity(), class_bytes(2));
}

#[test]
fn what_is_charged_makes_others_wait_and_never_oneself() {
    let pool = Pool::new(class_bytes(2));
    let mut charge = Charge::to(&pool);
    charge.set(class_bytes(2));
    assert!(
        now(pool.lend(1)).is_none(),
        "must wait: the budget is spent"
    );
    charge.set(2 * class_bytes(2)); // past the budget: the bytes are there already
    charge.set(100);
    assert_eq!(pool.used_bytes(), 100);
    let lent = now(pool.lend(1)).expect("room again");
    drop((charge, lent));
    assert_eq!(pool.used_bytes(), 0);
}
