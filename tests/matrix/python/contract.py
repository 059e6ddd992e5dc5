"""The words all programs share: a line of JSON a step, a line of JSON an answer."""
import asyncio
import inspect
import json
import sys
import time


def text(value):
    return None if value is None else bytes(value).decode()


def raw(value):
    return None if value is None else value.encode()


def headers_of(record):
    return [(name, raw(value)) for name, value in record["headers"]]


def shown(topic, key, value, headers):
    return {
        "topic": topic,
        "key": text(key),
        "value": text(value),
        "headers": [[name, text(of)] for name, of in headers or []],
    }


def deadline(step):
    return time.monotonic() + step["seconds"]


def carry_out(job, steps):
    """`steps` is {name: function of (job, step)}; coroutines are run on one loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for line in sys.stdin:
        step = json.loads(line)
        try:
            answer = steps[step["do"]](job, step)
            if inspect.isawaitable(answer):
                answer = loop.run_until_complete(answer)
            answer = dict(answer or {}, ok=True)
        except Exception as error:  # whatever a library raises is the answer
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def first_line():
    return json.loads(sys.stdin.readline())
