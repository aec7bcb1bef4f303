"""How long a visitor waits for /classify_sentiment while nothing trains, and while a run does.

python -m tests.bench.responsiveness [--calls 150] [--every 0.2]

Starts this app with a home of its own, asks over loopback as a visitor's browser does, every so many seconds, and prints
the median and the 95th percentile. The aim: the second p95 is below three times the first.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gradio_client import Client, handle_file

from tests.bench.start import ROOT, free_port, wait_for_page

TEXTS = (
    "房间干净，服务也很周到，下次还来。",
    "等了一个小时，菜都凉了。",
    "茶汤清亮，香气很足。",
    "包装破了，客服也不理人。",
)
TABLE = ROOT / "assets" / "examples" / "finetune_tea.csv"


@contextmanager
def app(home: Path) -> Iterator[Client]:
    port = free_port()
    environ = os.environ | {"GRADIO_SERVER_PORT": str(port), "TEAHOUSE_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    with (home / "app.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        wait_for_page(port, process)
        with closing(Client(f"http://127.0.0.1:{port}", verbose=False)) as client:
            yield client
    finally:
        process.terminate()
        process.wait(60)


def waits(client: Client, calls: int, every: float) -> list[float]:
    """Seconds of each call."""
    taken = []
    for number in range(calls):
        started = time.perf_counter()
        client.predict(TEXTS[number % len(TEXTS)], api_name="/classify_sentiment")
        taken.append(time.perf_counter() - started)
        time.sleep(max(0.0, every - taken[-1]))
    return taken


def train(client: Client) -> str:
    """A run of every weight that outlasts the calls, once it takes its steps."""
    table = handle_file(str(TABLE))
    started = client.predict(table, method="full", epochs=20, patience=0, api_name="/start_finetune")
    run_id = started["run_id"]
    while client.predict(run_id, api_name="/finetune_status")["step"] < 2:
        time.sleep(0.5)
    return run_id


def row(name: str, taken: list[float]) -> str:
    return f"| {name} | {1000 * statistics.median(taken):.0f} | {1000 * _p95(taken):.0f} | {1000 * max(taken):.0f} |"


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=150)
    options.add_argument("--every", type=float, default=0.2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as home, app(Path(home)) as client:
        waits(client, 10, 0.0)  # the first pass through a model is a slow one
        idle = waits(client, chosen.calls, chosen.every)
        run_id = train(client)
        busy = waits(client, chosen.calls, chosen.every)
        state = client.predict(run_id, api_name="/finetune_status")
        if state["state"] != "running":
            sys.exit(f"The run was {state['state']} at step {state['step']}, before the last call: ask fewer --calls.")
        client.predict(run_id, api_name="/stop_finetune")
    lines = ["| /classify_sentiment | median, ms | p95, ms | longest, ms |", "|---|---:|---:|---:|"]
    lines += [row("while nothing trains", idle), row("while a run trains", busy)]
    lines.append(
        f"\np95: {_p95(busy) / _p95(idle):.1f} times; the run was at step {state['step']} of {state['steps']}."
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
