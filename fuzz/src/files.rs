//! Files that somebody else may have written: segments of an audit, a configuration.

use lockgate::audit::entry::Form;
use lockgate::audit::reader::{Reader, Step};
use lockgate::audit::segment::{
    FRAME_BYTES, FrameHead, HEADER_BYTES, Header, SegmentName, push_frame,
};
use lockgate::chunk::UnixMillis;
use lockgate::config;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

thread_local! {
    static FILE: Option<File> = tempfile::tempfile().ok();
}

/// Any bytes as a segment. What follows each header and frame is taken for a frame whose lengths and
/// checksum fit, so that the fuzzer gets past them; damage in between is damage still.
pub fn segment(data: &[u8]) {
    let mut bytes = data.to_vec();
    if let Some(header) = bytes.get_mut(..HEADER_BYTES) {
        let sum = crc32c(&header[..HEADER_BYTES - 4]);
        header[HEADER_BYTES - 4..].copy_from_slice(&sum.to_le_bytes());
    }
    let mut at = HEADER_BYTES;
    while let Some(frame) = bytes.get_mut(at..).filter(|rest| rest.len() >= FRAME_BYTES) {
        let len = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
        let whole = FRAME_BYTES + len as usize;
        let Some(frame) = frame.get_mut(..whole) else {
            break;
        };
        frame[whole - 4..].copy_from_slice(&len.to_le_bytes());
        let sum = crc32c(&frame[8..]);
        frame[4..8].copy_from_slice(&sum.to_le_bytes());
        at += whole;
    }
    read(&bytes);
}

/// Any bytes as an entry: four of kind and version, then what should be laid out as they say.
pub fn entry(data: &[u8]) {
    let Some(([a, b, c, d], payload)) = data.split_first_chunk::<4>() else {
        return;
    };
    let form = Form {
        kind: u16::from_le_bytes([*a, *b]),
        version: u16::from_le_bytes([*c, *d]),
    };
    let header = Header {
        name: SegmentName {
            chain: "core-00".to_owned(),
            epoch: 1,
            first_seq: 0,
        },
        opened_at: UnixMillis(0),
        previous: [0; 32],
    };
    let mut bytes = header.encode().to_vec();
    push_frame(&mut bytes, 0, UnixMillis(0), form, &[0; 32], payload);
    assert_eq!(read(&bytes), 1, "a sound frame is read");
}

/// Every byte belongs to one step; what can be checked can be read, and described.
fn read(bytes: &[u8]) -> usize {
    let Some(path) = FILE.with(|file| write(file.as_ref()?, bytes)) else {
        panic!("no temporary file")
    };
    let opened = Reader::open(&path);
    let Ok(mut reader) = opened else {
        panic!("{:?}", opened.err())
    };
    let (mut at, mut frames) = (bytes.len().min(HEADER_BYTES) as u64, 0);
    loop {
        let step = reader.step();
        assert_eq!(reader.offset(), at);
        match step {
            Ok(Step::Frame(head)) => {
                frames += 1;
                at += (FRAME_BYTES + head.len as usize) as u64;
                payload(&mut reader, &head);
            }
            Ok(Step::Damaged(damage)) => {
                assert!(damage.to > at);
                at = damage.to;
            }
            Ok(Step::End) => break,
            Err(fault) => panic!("{fault}"),
        }
    }
    assert_eq!(at, bytes.len() as u64);
    frames
}

fn payload(reader: &mut Reader, head: &FrameHead) {
    let (checked, body) = (reader.check(head), reader.body(head));
    let (Ok(checked), Ok(body)) = (checked, body) else {
        panic!("a temporary file cannot be read")
    };
    assert_eq!(checked.is_ok(), body.is_ok());
    if let Ok(body) = body {
        let _ = lockgate::audit::describe::describe(&body);
    }
}

fn write(file: &File, bytes: &[u8]) -> Option<PathBuf> {
    file.set_len(bytes.len() as u64).ok()?;
    file.write_all_at(bytes, 0).ok()?;
    Some(PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())))
}

fn crc32c(bytes: &[u8]) -> u32 {
    let mut frame = vec![0; 21];
    frame.extend_from_slice(bytes);
    lockgate::kafka::batch::rewrite_crc(&mut frame);
    u32::from_be_bytes([frame[17], frame[18], frame[19], frame[20]])
}

/// Any text as a configuration: a fault has a place in the text, and no text is both fine and faulty.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Secrets and certificates are read from files; some of these would wait for somebody to type.
    if text.contains("/dev") || text.contains("/proc") {
        return;
    }
    let env = |name: &str| name.len().is_multiple_of(2).then(|| "sample".to_owned());
    if let Err(faults) = config::parse(text, "no-such-directory/fuzz.yaml", &env) {
        assert!(!faults.0.is_empty());
        // To YAML a carriage return ends a line as well.
        let lines = 1 + text.matches(['\n', '\r']).count();
        for fault in &faults.0 {
            let line = fault.place.line;
            assert!((1..=lines).contains(&line), "{fault:?} of {lines} lines");
        }
    }
}
