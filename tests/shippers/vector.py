"""Runs Vector's remap programs with Vector's own compiler and runtime, the package vector-vrl.

Arguments: a file of events, then files of programs, each taking what the one before it left. Events come as Vector's
file source gives them. Prints a line of JSON for each event that is left. Judging them is tests/shippers.rs's business.
"""

import json
import sys
from pathlib import Path

from vector_vrl import execute_vrl

# Objects would come back as text in text.
WHOLE = '. = { "event": encode_json(.) }'


def main(events, *programs):
    program = "\n".join([Path(p).read_text() for p in programs] + [WHOLE])
    source = {"file": "/var/log/geophone/eve.json", "host": "sensor-1", "source_type": "file"}
    lines = Path(events).read_text().splitlines()
    batch = [json.dumps({**source, "message": line}) for line in lines]
    for event in execute_vrl(program, batch):
        # An aborted one comes back as it went in; Vector drops it.
        if "event" in event:
            print(event["event"])


main(*sys.argv[1:])
