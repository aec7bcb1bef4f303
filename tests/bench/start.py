"""How long until the page answers: this app against a bare Gradio page. python -m tests.bench.start [--runs 3]"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BARE = "import gradio as gr\nwith gr.Blocks() as demo:\n    gr.Textbox()\ndemo.launch()\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def seconds_to_page(command: list[str]) -> float:
    """Process start to the first whole page, over loopback."""
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        environ = os.environ | {
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "TEAHOUSE_HOME": home,
        }
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_page(port, process)
            return time.perf_counter() - started
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for_page(port: int, process: subprocess.Popen) -> None:
    """Until it was read whole. RuntimeError where the process has ended instead."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError(f"{process.args} ended with {process.returncode}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    runs = options.parse_args().runs
    rows = {"bare Gradio page": [sys.executable, "-c", BARE], "Model Teahouse": [sys.executable, "app.py"]}
    lines = ["| page | seconds to the first page, median | fastest |", "|---|---|---|"]
    for name, command in rows.items():
        seconds = [seconds_to_page(command) for _ in range(runs)]
        lines.append(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
