#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::entry::Form;
use crate::audit::segment::{SegmentName, push_frame};
use crate::chunk::UnixMillis;

/// A file of a header and frames with payloads of these lengths.
fn file_of(lens: &[usize]) -> Vec<u8> {
    let name = SegmentName {
        chain: "c".into(),
        epoch: 1,
        first_seq: 0,
    };
    let mut out = Header {
        name,
        opened_at: UnixMillis(0),
        previous: [0; 32],
    }
    .encode()
    .to_vec();
    for (seq, len) in lens.iter().enumerate() {
        let form = Form {
            kind: 1,
            version: 1,
        };
        push_frame(
            &mut out,
            seq as u64,
            UnixMillis(0),
            form,
            &[0; 32],
            &vec![seq as u8; *len],
        );
    }
    out
}

fn steps_of(bytes: &[u8]) -> Vec<Step> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    std::fs::write(&path, bytes).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let mut steps = Vec::new();
    loop {
        let before = reader.next_at;
        steps.push(reader.step().unwrap());
        assert_eq!(reader.offset(), before);
        if steps.last() == Some(&Step::End) {
            return steps;
        }
        assert!(reader.next_at > before);
    }
}

fn seqs(steps: &[Step]) -> Vec<Option<u64>> {
    let seq = |s: &Step| match s {
        Step::Frame(head) => Some(Some(head.seq)),
        Step::Damaged(_) => Some(None),
        Step::End => None,
    };
    steps.iter().filter_map(seq).collect()
}

#[test]
fn frames_of_any_size_come_in_order() {
    let lens = [
        0,
        1,
        300,
        AUDIT_READ_BYTES,
        crate::limits::AUDIT_ENTRY_BYTES_MAX,
        5,
    ];
    assert_eq!(
        seqs(&steps_of(&file_of(&lens))),
        (0..6).map(Some).collect::<Vec<_>>()
    );
}

#[test]
fn damage_is_stepped_over() {
    let mut bytes = file_of(&[10, 10, 10]);
    bytes[HEADER_BYTES + 78 + 70] ^= 1; // in the second payload
    let steps = steps_of(&bytes);
    assert_eq!(seqs(&steps), [Some(0), None, Some(2)]);
    let Step::Damaged(damage) = &steps[1] else {
        panic!()
    };
    assert_eq!((damage.to, damage.behind), (128 + 2 * 78, Behind::Frame));
    assert!(matches!(damage.how, How::Checksum { .. }));
}

#[test]
fn a_claimed_length_is_not_believed() {
    let mut bytes = file_of(&[10]);
    bytes[HEADER_BYTES..HEADER_BYTES + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let steps = steps_of(&bytes);
    let Step::Damaged(damage) = &steps[0] else {
        panic!()
    };
    assert_eq!(
        (damage.how, damage.behind),
        (How::Length(u32::MAX), Behind::Nothing)
    );
}

#[test]
fn a_crafted_file_is_given_up_on() {
    // Every 68 bytes something that looks like an empty frame and is none.
    let mut bytes = file_of(&[]);
    let mut fake = [0; FRAME_BYTES];
    fake[8] = 9;
    fake[26] = 1;
    (0..AUDIT_RESYNC_TRIES_MAX + 2).for_each(|_| bytes.extend_from_slice(&fake));
    let steps = steps_of(&bytes);
    assert!(matches!(&steps[0], Step::Damaged(d) if d.behind == Behind::Unknown));
    assert_eq!(steps.len(), 2);
}

#[test]
fn every_cut_of_a_file_reads_to_its_end() {
    let bytes = file_of(&[3, 0, 9]);
    for cut in 0..=bytes.len() {
        steps_of(&bytes[..cut]);
    }
}
