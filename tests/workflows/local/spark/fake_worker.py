"""A Spark worker without Spark, with the same protocol. The name of a script decides how its run ends."""

import json
import os
import signal
import sys
import time
from pathlib import Path

if os.environ.get("FAKE_START") == "dies":
    sys.exit(3)

print(json.dumps({"ready": 0.1}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    with Path(request["log"]).parent.joinpath("requests.jsonl").open("a") as log:
        log.write(line)
    match Path(request["script"]).stem:
        case "good":
            print(json.dumps({"ended": request["run_id"], "error": None}), flush=True)
        case "slow":
            time.sleep(0.3)
            print(json.dumps({"ended": request["run_id"], "error": None}), flush=True)
        case "bad":
            print(json.dumps({"ended": request["run_id"], "error": "ValueError: no"}), flush=True)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "endless":
            time.sleep(60)
