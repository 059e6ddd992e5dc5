//! Record batches, encoded by a library that is not the gateway's own code.
//!
//! Owns: everything of a batch but its records' values. Refuses: compression.

use bytes::{Bytes, BytesMut};
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

/// One batch with a record for each of these values.
pub fn batch_of(values: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let records: Vec<Record> = values.enumerate().map(record).collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut batch = BytesMut::new();
    RecordBatchEncoder::encode(&mut batch, &records, &options).expect("a batch");
    batch.to_vec()
}

fn record((index, value): (usize, Vec<u8>)) -> Record {
    Record {
        transactional: false,
        control: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: index as i64,
        sequence: index as i32, // a gap would start another batch
        timestamp: 1_700_000_000_000 + index as i64,
        key: Some(Bytes::from(format!("order-{index}"))),
        value: Some(Bytes::from(value)),
        headers: Default::default(),
        delete_horizon: false,
    }
}
