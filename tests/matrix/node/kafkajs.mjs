// kafkajs, with the codecs it leaves to plug-ins: kafkajs-snappy, and LZ4 and zstd by its own interface.
import { lz4Compress, lz4Decompress } from '@platformatic/wasm-utils';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';
import zlib from 'node:zlib';
import { carryOut, deadline, raw, text, until } from './contract.mjs';

const { Kafka, CompressionCodecs, CompressionTypes, ConfigResourceTypes, logLevel } = kafkajs;
const codecs = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};
CompressionCodecs[CompressionTypes.Snappy] = snappy;
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => lz4Compress(encoder.buffer),
  decompress: async (buffer) => lz4Decompress(buffer),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => zlib.zstdCompressSync(encoder.buffer),
  decompress: async (buffer) => zlib.zstdDecompressSync(buffer),
});

carryOut((job) => {
  const kafka = new Kafka({
    clientId: 'lockgate-matrix-kafkajs',
    brokers: [job.bootstrap],
    ssl: false,
    sasl: job.login ? { mechanism: 'plain', username: 'token', password: job.login.token } : undefined,
    logLevel: logLevel.NOTHING,
    retry: { retries: 5, initialRetryTime: 100 },
  });

  function messages(records) {
    return records.map(({ key, value, headers }) => {
      const grouped = {};
      for (const [name, of] of headers) (grouped[name] ??= []).push(raw(of));
      return { key, value, headers: grouped };
    });
  }

  async function produce(step) {
    const producer = kafka.producer({
      idempotent: step.idempotent,
      maxInFlightRequests: step.idempotent ? 1 : undefined,
      transactionalId: step.transaction?.id,
    });
    await producer.connect();
    try {
      const transaction = step.transaction && (await producer.transaction());
      await (transaction || producer).send({
        topic: step.topic,
        acks: step.acks,
        compression: codecs[step.codec],
        messages: messages(step.records),
      });
      if (transaction) await (step.transaction.commit ? transaction.commit() : transaction.abort());
    } finally {
      await producer.disconnect();
    }
  }

  function member(step) {
    return kafka.consumer({
      groupId: step.group,
      sessionTimeout: 10000,
      heartbeatInterval: 300,
      maxBytesPerPartition: 16 << 20,
      maxBytes: 32 << 20,
      maxWaitTimeInMs: 300,
    });
  }

  function shown(topic, { key, value, headers }) {
    const flat = Object.entries(headers ?? {}).flatMap(([name, of]) =>
      (Array.isArray(of) ? of : [of]).map((one) => [name, text(one)]),
    );
    return { topic, key: text(key), value: text(value), headers: flat };
  }

  async function consume(step) {
    const consumer = member(step);
    const records = [];
    const read = new Map();
    let crash;
    consumer.on(consumer.events.CRASH, ({ payload }) => (crash = payload.error));
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: step.topics, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          if (records.length >= step.count) return;
          records.push(shown(topic, message));
          read.set(topic, { topic, partition, offset: String(BigInt(message.offset) + 1n) });
        },
      });
      await until(deadline(step), () => records.length >= step.count || crash);
      if (crash) throw crash;
      await consumer.commitOffsets([...read.values()]);
    } finally {
      await consumer.disconnect();
    }
    return { records };
  }

  async function rebalance(step) {
    const end = deadline(step);
    const half = step.partitions / 2;
    const history = [];
    const join = async () => {
      const consumer = member(step);
      const owns = { consumer, partitions: [] };
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        owns.partitions = (payload.memberAssignment[step.topic] ?? []).slice().sort();
      });
      await consumer.connect();
      await consumer.subscribe({ topics: [step.topic], fromBeginning: true });
      await consumer.run({ eachMessage: async () => {} });
      return owns;
    };
    const moment = async (...pairs) => {
      await until(end, () => pairs.every(([one, size]) => one.partitions.length === size));
      history.push(pairs.map(([one]) => one.partitions));
    };
    const first = await join();
    try {
      await moment([first, step.partitions]);
      const second = await join();
      await moment([first, half], [second, half]);
      await second.consumer.disconnect();
      await moment([first, step.partitions]);
    } finally {
      await first.consumer.disconnect();
    }
    return { history };
  }

  async function withAdmin(act) {
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await act(admin);
    } finally {
      await admin.disconnect();
    }
  }

  const create = ({ topic, partitions, retention }) =>
    withAdmin(async (admin) => {
      const configEntries = [{ name: 'retention.ms', value: retention }];
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true });
    });

  const describe = ({ topic }) =>
    withAdmin(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      });
      const entry = resources[0].configEntries.find(({ configName }) => configName === 'retention.ms');
      return { partitions: topics[0].partitions.length, retention: entry.configValue };
    });

  const remove = ({ topic }) => withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));

  return { produce, consume, rebalance, create, describe, delete: remove };
});
