"""Runs the tables and queries of config/shippers/clickhouse in chDB, which is ClickHouse in one process.

Arguments: the folder with schema.sql and queries/, a file of events, the client that client.sql is asked for. Prints a
JSON object: rows of each query by its name, and `kept`, rows of the tables. Judging them is tests/shippers.rs's business.

Events are shifted in time so that the newest is of now: queries ask for the last days, and tables forget.
"""

import json
import re
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from chdb.session import Session


def main(folder, events, client):
    folder = Path(folder)
    with tempfile.TemporaryDirectory() as scratch:
        session = Session(str(Path(scratch) / "database"))
        for statement in statements(folder / "schema.sql"):
            session.query(statement)
        lines = Path(scratch) / "eve.json"
        # Half before, half after: accounts and hours are put together over several inserts.
        text = of_today([json.loads(line) for line in Path(events).read_text().splitlines()])
        half = len(text) // 2
        for part in (text[:half], text[half:]):
            lines.write_text("".join(part))
            session.query(f"INSERT INTO geophone.events FROM INFILE '{lines}' FORMAT JSONEachRow")
        session.query(f"SET param_client = '{client}'")
        answers = {}
        for query in sorted((folder / "queries").glob("*.sql")):
            started = time.monotonic()
            (statement,) = statements(query)
            answers[query.stem] = rows(session, statement)
            print(f"{query.stem}: {time.monotonic() - started:.2f} s", file=sys.stderr)
        answers["kept"] = {
            table: rows(session, f"SELECT count() AS rows FROM geophone.{table}")[0]["rows"]
            for table in ("alerts", "sessions")
        }
        session.close()
    json.dump(answers, sys.stdout)


def of_today(events):
    form = "%Y-%m-%dT%H:%M:%S.%f%z"
    newest = max(datetime.strptime(e["timestamp"], form) for e in events)
    shift = datetime.now(timezone.utc) - newest
    for event in events:
        for part, key in ((event, "timestamp"), *((event.get("mining", {}), k) for k in ("started", "last_seen"))):
            if key in part:
                part[key] = (datetime.strptime(part[key], form) + shift).strftime(form)
    return [json.dumps(event, separators=(",", ":")) + "\n" for event in events]


def statements(path):
    text = re.sub(r"^\s*--.*$", "", path.read_text(), flags=re.MULTILINE)
    return [s for s in map(str.strip, re.split(r";\s*$", text, flags=re.MULTILINE)) if s]


def rows(session, statement):
    answer = session.query(f"{statement} SETTINGS output_format_json_quote_64bit_integers = 0", "JSON")
    return json.loads(str(answer))["data"]


main(*sys.argv[1:])
