// The words all programs share: a line of JSON a step, a line of JSON an answer.
import { createInterface } from 'node:readline';

export const text = (bytes) => (bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString());
export const raw = (string) => (string === null ? null : Buffer.from(string));
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Looks until `there`, or until the step's time is over.
export async function until(end, there) {
  while (!there() && Date.now() < end) await pause(20);
}

export const deadline = (step) => Date.now() + step.seconds * 1000;

// `program(job)` gives {name: async (step) => answer}.
export async function carryOut(program) {
  let steps;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const told = JSON.parse(line);
    if (!steps) {
      steps = program(told);
      continue;
    }
    let answer;
    try {
      answer = { ...(await steps[told.do](told)), ok: true };
    } catch (error) {
      const causes = (error.errors ?? []).map((e) => e.message).join('; ');
      answer = { ok: false, error: `${error.name} ${error.type ?? error.code ?? ''} ${error.message} ${causes}` };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
