// @platformatic/kafka.
import { Admin, ConfigResourceTypes, Consumer, FetchIsolationLevels, Producer } from '@platformatic/kafka';
import { carryOut, deadline, raw, text, until } from './contract.mjs';

carryOut((job) => {
  const settings = {
    clientId: 'lockgate-matrix-platformatic',
    bootstrapBrokers: [job.bootstrap],
    sasl: job.login ? { mechanism: 'PLAIN', username: 'token', password: job.login.token } : undefined,
    timeout: 15000,
  };

  // A header's name is a Buffer, so that the same name may stand in a Map twice.
  const messages = (step) =>
    step.records.map(({ key, value, headers }) => ({
      topic: step.topic,
      key: raw(key) ?? undefined,
      value: raw(value) ?? undefined,
      headers: new Map(headers.map(([name, of]) => [raw(name), raw(of)])),
    }));

  async function produce(step) {
    const options = { acks: step.acks, compression: step.codec, idempotent: step.idempotent };
    const producer = new Producer({ ...settings, ...options, transactionalId: step.transaction?.id });
    try {
      const transaction = step.transaction && (await producer.beginTransaction());
      // Its own word for a transaction takes no `acks`: those of a transaction are all.
      const sent = transaction
        ? { messages: messages(step), compression: step.codec }
        : { messages: messages(step), ...options };
      await (transaction || producer).send(sent);
      if (transaction) await (step.transaction.commit ? transaction.commit() : transaction.abort());
    } finally {
      await producer.close();
    }
  }

  const member = (step) =>
    new Consumer({
      ...settings,
      groupId: step.group,
      sessionTimeout: 10000,
      heartbeatInterval: 300,
      rebalanceTimeout: 10000,
      metadataMaxAge: 1000,
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
      maxBytes: 32 << 20,
      maxWaitTime: 300,
      autocommit: false,
    });

  const follow = (step) => ({ topics: step.topics ?? [step.topic], mode: 'committed', fallbackMode: 'earliest' });

  async function consume(step) {
    const consumer = member(step);
    const records = [];
    const read = new Map();
    try {
      const stream = await consumer.consume(follow(step));
      let failed;
      stream.on('error', (error) => (failed = error));
      stream.on('data', (message) => {
        if (records.length >= step.count) return;
        const { topic, key, value, headerEntries } = message;
        const headers = headerEntries.map(([name, of]) => [text(name), text(of)]);
        records.push({ topic, key: text(key), value: text(value), headers });
        read.set(topic, { topic, partition: message.partition, offset: message.offset + 1n, leaderEpoch: message.leaderEpoch });
      });
      await until(deadline(step), () => records.length >= step.count || failed);
      if (failed) throw failed;
      await consumer.commit({ offsets: [...read.values()] });
      await stream.close();
    } finally {
      await consumer.close(true);
    }
    return { records };
  }

  async function rebalance(step) {
    const end = deadline(step);
    const half = step.partitions / 2;
    const history = [];
    const join = async () => {
      const consumer = member(step);
      const stream = await consumer.consume(follow(step));
      stream.on('error', () => {});
      stream.resume();
      const owned = () => (consumer.assignments ?? []).flatMap(({ partitions }) => partitions).sort();
      return { consumer, owned };
    };
    const moment = async (...pairs) => {
      await until(end, () => pairs.every(([one, size]) => one.owned().length === size));
      history.push(pairs.map(([one]) => one.owned()));
    };
    const first = await join();
    try {
      await moment([first, step.partitions]);
      const second = await join();
      await moment([first, half], [second, half]);
      await second.consumer.close(true);
      await moment([first, step.partitions]);
    } finally {
      await first.consumer.close(true);
    }
    return { history };
  }

  async function withAdmin(act) {
    const admin = new Admin(settings);
    try {
      return await act(admin);
    } finally {
      await admin.close();
    }
  }

  const create = ({ topic, partitions, retention }) =>
    withAdmin(async (admin) => {
      const configs = [{ name: 'retention.ms', value: retention }];
      await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs });
    });

  const describe = ({ topic }) =>
    withAdmin(async (admin) => {
      const metadata = await admin.metadata({ topics: [topic] });
      const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: null }];
      const [{ configs }] = await admin.describeConfigs({ resources });
      const { value } = configs.find(({ name }) => name === 'retention.ms');
      return { partitions: metadata.topics.get(topic).partitionsCount, retention: value };
    });

  const remove = ({ topic }) => withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));

  return { produce, consume, rebalance, create, describe, delete: remove };
});
