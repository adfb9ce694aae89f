"""Whether a query is PromQL and asks for metrics that the program tells: an alert on another one would never come."""

import re
from pathlib import Path

import promql_parser

TELEMETRY = Path(__file__).resolve().parent.parent.parent / "src/cli/telemetry.rs"


def told() -> set[str]:
    """The metrics' names, as the program has them."""
    return set(re.findall(r'"(tidegate_\w+)"', TELEMETRY.read_text()))


def complaints(query: str, names: set[str]) -> list[str]:
    """What is wrong with a query, or with the bare name of a metric."""
    try:
        promql_parser.parse(query)
    except ValueError as error:
        return [f"no PromQL: {query}: {error}"]
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\btidegate_\w+", query)}
    return [f"nothing in src/cli/telemetry.rs tells {name}, for which `{query}` asks" for name in sorted(asked - names)]
