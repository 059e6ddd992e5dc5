// kafkajs, told on standard input what to do: one JSON object; answers with one JSON line.
//   {do: produce, bootstrap, login, topic, lines, acks, codec, idempotent}
//     -> {delivered, errors: [text]}
//   {do: consume, bootstrap, login, topics, count, group, seconds}
//     -> {values: [text], errors: [text]}
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';

const { Kafka, CompressionTypes, logLevel } = kafkajs;

async function told() {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function sasl(login) {
  if (!login) return undefined;
  if (login.mechanism === 'OAUTHBEARER') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: login.token }) };
  }
  return { mechanism: login.mechanism.toLowerCase(), username: login.username ?? 'token', password: login.token };
}

function client(job) {
  return new Kafka({
    clientId: 'lockgate-test-kafkajs',
    brokers: [job.bootstrap],
    ssl: job.authority ? { ca: [readFileSync(job.authority, 'utf8')] } : false,
    sasl: sasl(job.login),
    logLevel: logLevel.NOTHING,
    retry: { retries: job.retries ?? 5, initialRetryTime: 100 },
  });
}

async function produce(job) {
  const producer = client(job).producer({ idempotent: job.idempotent, maxInFlightRequests: job.idempotent ? 1 : undefined });
  const errors = [];
  let delivered = 0;
  try {
    await producer.connect();
    await producer.send({
      topic: job.topic,
      acks: job.acks,
      compression: job.codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
      messages: job.lines.map((value) => ({ value })),
    });
    delivered = job.lines.length;
  } catch (error) {
    errors.push(`${error.name} ${error.type ?? ''} ${error.code ?? ''} ${error.message}`);
  }
  await producer.disconnect().catch(() => {});
  return { delivered, errors };
}

async function consume(job) {
  const consumer = client(job).consumer({ groupId: job.group, sessionTimeout: 10000 });
  const values = [];
  const errors = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: job.topics, fromBeginning: true });
    await new Promise((done, fail) => {
      setTimeout(done, job.seconds * 1000);
      consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
      consumer.run({
        eachMessage: async ({ message }) => {
          values.push(message.value?.toString() ?? '');
          if (values.length >= job.count) setImmediate(done);
        },
      });
    });
  } catch (error) {
    errors.push(`${error.name} ${error.message}`);
  }
  await consumer.disconnect().catch(() => {}); // commits what was read
  return { values, errors };
}

const job = await told();

// names that only the test knows: each `name` in job.hosts, and all below it
const lookup = dns.lookup;
dns.lookup = (host, ...rest) => {
  const known = Object.entries(job.hosts ?? {}).find(([name]) => host === name || host.endsWith(`.${name}`));
  return lookup.call(dns, known ? known[1] : host, ...rest);
};

const answer = await (job.do === 'produce' ? produce(job) : consume(job));
console.log(JSON.stringify(answer));
process.exit(0);
