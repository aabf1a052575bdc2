"""The pipeline that dlt runs, in dlt's own environment: `python dlt_pipeline.py RECORDS FOLDER`.

RECORDS is a payload of `/coins/markets`. They are merged by (source, id, last_updated) into the PostgreSQL of
DESTINATION__POSTGRES__CREDENTIALS: a few first, so that schema and tables are there; then all of them; then all
of them again. Prints the seconds of the last two runs as JSON; imports and decoding are not in them.
"""

import json
import sys
import time
from pathlib import Path

import dlt  # type: ignore[import-not-found]

_WARM_UP = 50


def _main(records: Path, folder: Path) -> None:
    # All numbers as floats: some supplies are beyond the bigint that dlt makes of whole numbers.
    decoded = json.loads(records.read_bytes(), parse_int=float)
    rows = [{"source": "coingecko", **record} for record in decoded]
    pipeline = dlt.pipeline("bench", pipelines_dir=str(folder), destination="postgres", dataset_name="peer")

    def merge(rows: list[dict[str, object]]) -> float:
        quotes = dlt.resource(
            rows, name="quotes", write_disposition="merge", primary_key=("source", "id", "last_updated")
        )
        began = time.perf_counter()
        pipeline.run(quotes).raise_on_failed_jobs()
        return time.perf_counter() - began

    merge(rows[:_WARM_UP])
    print(json.dumps({"first": merge(rows[_WARM_UP:]), "again": merge(rows[_WARM_UP:])}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
