//! The steps, in krafka's words.

use anyhow::{Context, Result};
use bytes::Bytes;
use krafka::admin::{ConfigResource, NewTopic};
use krafka::consumer::{AutoOffsetReset, Consumer, ConsumerRecord, IsolationLevel};
use krafka::producer::Acks;
use krafka::{Compression, Kafka, Record};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LARGE: usize = 16 << 20;
const POLL: Duration = Duration::from_millis(50);

/// A step as it is told; each kind uses its own part.
#[derive(Deserialize)]
pub struct Step {
    #[serde(rename = "do")]
    pub what: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    records: Vec<Told>,
    #[serde(default)]
    codec: String,
    #[serde(default)]
    acks: i16,
    #[serde(default)]
    idempotent: bool,
    transaction: Option<Transaction>,
    #[serde(default)]
    group: String,
    #[serde(default)]
    count: usize,
    #[serde(default)]
    seconds: u64,
    #[serde(default)]
    partitions: i32,
    #[serde(default)]
    retention: String,
}

#[derive(Deserialize)]
struct Transaction {
    id: String,
    commit: bool,
}

#[derive(Deserialize)]
struct Told {
    key: Option<String>,
    value: Option<String>,
    headers: Vec<(String, Option<String>)>,
}

impl Step {
    fn end(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.seconds)
    }

    fn records(&self) -> impl Iterator<Item = Record> {
        self.records.iter().map(|told| {
            let mut record = Record::new(&self.topic, told.value.clone().unwrap_or_default());
            record.value = told.value.clone().map(Into::into);
            record.key = told.key.clone().map(Into::into);
            for (name, value) in &told.headers {
                record.headers.push((name.clone(), value.clone().map(Into::into)));
            }
            record
        })
    }
}

pub async fn produce(kafka: &Kafka, step: &Step) -> Result<Value> {
    let acks = match step.acks {
        0 => Acks::None,
        1 => Acks::Leader,
        _ => Acks::All,
    };
    let codec = match step.codec.as_str() {
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::None,
    };
    let builder = kafka
        .producer()
        .acks(acks)
        .compression(codec)
        .max_request_size(LARGE)
        .linger(Duration::from_millis(20))
        .max_block(Duration::from_secs(20))
        .delivery_timeout(Duration::from_secs(20));
    let Some(transaction) = &step.transaction else {
        let producer = builder.idempotent(step.idempotent).build().await?;
        let mut owed = Vec::new();
        for record in step.records() {
            owed.push(producer.enqueue(record).await?);
        }
        for one in owed {
            let _ = one.await?;
        }
        producer.close().await?;
        return Ok(json!({}));
    };
    let builder = builder.transaction_timeout(Duration::from_secs(30));
    let producer = builder.build_transactional(&transaction.id).await?;
    producer.begin()?;
    for record in step.records() {
        let _ = producer.send(record).await?;
    }
    match transaction.commit {
        true => producer.commit().await?,
        false => producer.abort().await?,
    };
    producer.close().await?;
    Ok(json!({}))
}

async fn member(kafka: &Kafka, step: &Step) -> Result<Consumer> {
    let consumer = kafka
        .consumer(&step.group)
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .isolation_level(IsolationLevel::ReadCommitted)
        .enable_auto_commit(false)
        .session_timeout(Duration::from_secs(10))
        .heartbeat_interval(Duration::from_millis(300))
        .fetch_max_wait(Duration::from_millis(300))
        .max_poll_records(1)
        .build()
        .await?;
    Ok(consumer)
}

fn shown(record: &ConsumerRecord) -> Value {
    let text = |bytes: &Option<Bytes>| {
        bytes.as_ref().map(|b| String::from_utf8_lossy(b).into_owned())
    };
    let headers = record.headers.iter().map(|(name, value)| json!([name, text(value)]));
    json!({
        "topic": &*record.topic,
        "key": text(&record.key),
        "value": text(&record.value),
        "headers": headers.collect::<Vec<_>>(),
    })
}

pub async fn consume(kafka: &Kafka, step: &Step) -> Result<Value> {
    let consumer = member(kafka, step).await?;
    consumer.subscribe(&step.topics).await?;
    let (mut records, end) = (Vec::new(), step.end());
    while records.len() < step.count && Instant::now() < end {
        for record in consumer.poll(POLL * 4).await? {
            records.push(shown(&record));
        }
    }
    consumer.commit().await?;
    consumer.close().await?;
    Ok(json!({"records": records}))
}

async fn owned(consumer: &Consumer, topic: &str) -> Vec<i32> {
    let mut partitions = consumer.assignment().await.remove(topic).unwrap_or_default();
    partitions.sort_unstable();
    partitions
}

async fn moment(step: &Step, end: Instant, members: &[(&Consumer, i32)]) -> Result<Vec<Vec<i32>>> {
    loop {
        let mut all = Vec::new();
        for (consumer, _) in members {
            consumer.poll(POLL).await?;
            all.push(owned(consumer, &step.topic).await);
        }
        let there = all.iter().zip(members).all(|(owned, (_, size))| owned.len() == *size as usize);
        if there || Instant::now() >= end {
            return Ok(all);
        }
    }
}

pub async fn rebalance(kafka: &Kafka, other: &Kafka, step: &Step) -> Result<Value> {
    let (end, all) = (step.end(), step.partitions);
    let first = member(kafka, step).await?;
    first.subscribe([&step.topic]).await?;
    let mut history = vec![moment(step, end, &[(&first, all)]).await?];
    let second = member(other, step).await?;
    second.subscribe([&step.topic]).await?;
    // Each is polled by a task of its own, as two processes would.
    history.push(shared(step, end, &first, &second).await?);
    second.close().await?;
    history.push(moment(step, end, &[(&first, all)]).await?);
    first.close().await?;
    Ok(json!({"history": history}))
}

async fn shared(step: &Step, end: Instant, first: &Consumer, second: &Consumer) -> Result<Vec<Vec<i32>>> {
    let half = step.partitions as usize / 2;
    loop {
        let (one, other) = tokio::join!(first.poll(POLL), second.poll(POLL));
        (one?, other?);
        let both = vec![owned(first, &step.topic).await, owned(second, &step.topic).await];
        if both.iter().all(|owned| owned.len() == half) || Instant::now() >= end {
            return Ok(both);
        }
    }
}

pub async fn create(kafka: &Kafka, step: &Step) -> Result<Value> {
    let topic = NewTopic::new(&step.topic, step.partitions, 1)?.with_config("retention.ms", &step.retention);
    let told = kafka.admin().create_topics([topic], Default::default()).await?;
    for (_, result) in told {
        result?;
    }
    Ok(json!({}))
}

pub async fn describe(kafka: &Kafka, step: &Step) -> Result<Value> {
    let admin = kafka.admin();
    let mut topics = admin.describe_topics([&step.topic], Default::default()).await?;
    let topic = topics.remove(&step.topic).context("the topic is not described")??;
    let resources = [ConfigResource::topic(&step.topic)];
    let mut retention = None;
    for (_, entries) in admin.describe_configs(resources, Default::default()).await? {
        let found = entries?.into_iter().find(|entry| entry.name == "retention.ms");
        retention = found.and_then(|entry| entry.value);
    }
    Ok(json!({"partitions": topic.partitions.len(), "retention": retention}))
}

pub async fn delete(kafka: &Kafka, step: &Step) -> Result<Value> {
    for (_, result) in kafka.admin().delete_topics([&step.topic], Default::default()).await? {
        result?;
    }
    Ok(json!({}))
}
