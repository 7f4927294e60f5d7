"""The table: medians of each server, the ratio of each round to Postfix, and what is aimed at."""

import statistics

# test, field, title, what is aimed at: a bound on the ratio to Postfix or on the value itself
ROWS = [
    ("accept", "per_s", "accepted messages/s", ("ratio", ">=", 4)),
    ("accept", "cpu_s_per_1000", "  CPU s per 1,000", ("ratio", "<=", 0.2)),
    ("relay", "per_s", "relayed messages/s", ("ratio", ">=", 4)),
    ("relay", "cpu_s_per_1000", "  CPU s per 1,000", ("ratio", "<=", 0.2)),
    ("memory", "pss_mb", "memory idle, PSS MB", ("value", "<=", 40)),
    ("memory", "open_pss_mb", "  with idle connections", ("value", "<=", 60)),
    (None, "first_220_ms", "start to first 220, ms", ("value", "<=", 150)),
    ("starttls", "per_s", "STARTTLS handshakes/s", ("ratio", ">=", 2)),
    ("starttls", "cpu_s_per_1000", "  CPU s per 1,000", None),
]
REFERENCE = "postfix"


def values(records, subject, test, field):
    """By round, the figures of a subject; of every test where `test` is None."""
    rounds = {}
    for record in records:
        if record.get("subject") == subject and test in (None, record.get("test")) and "error" not in record:
            if record.get(field) is not None:
                rounds.setdefault(record["round"], []).append(record[field])
    return {number: statistics.median(all_of_it) for number, all_of_it in rounds.items()}


def print_report(records):
    subjects = []
    for record in records:
        if record.get("subject") and record["subject"] not in subjects:
            subjects.append(record["subject"])
    subjects.sort(key=lambda name: name != REFERENCE)
    for record in records:
        if "machine" in record:
            print(f"\n{record['machine']}, {record['cores']} cores, Linux {record['kernel']}, {record['file_system']}")
            print(f"{', '.join(record['versions'])}; commit {record['commit']}")
    print("\n" + f"{'median (least, most)':26}" + "".join(f"{name:>30}" for name in subjects) + f"{'ratio':>9}  aim")
    for test, field, title, aim in ROWS:
        by_subject = {name: values(records, name, test, field) for name in subjects}
        if not any(by_subject.values()):
            continue
        line = f"{title:26}"
        for name in subjects:
            figures = list(by_subject[name].values())
            line += f"{'' if not figures else shown(figures):>30}"
        print(line + verdict(by_subject, subjects, aim))
    notes(records)
    return 0


def shown(figures):
    form = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{form(statistics.median(figures))} ({form(min(figures))}, {form(max(figures))})"


def verdict(by_subject, subjects, aim):
    reference = by_subject.get(REFERENCE, {})
    text = ""
    for name in subjects:
        own = by_subject[name]
        if name == REFERENCE or not own:
            continue
        # Within a round both met the same machine: the ratio of a round says more than of medians.
        ratios = [own[number] / reference[number] for number in own if reference.get(number)]
        ratio = statistics.median(ratios) if ratios else None
        text += f"{'' if ratio is None else f'{ratio:.3g}':>9}"
        if aim:
            kind, relation, bound = aim
            measured = ratio if kind == "ratio" else statistics.median(own.values())
            unit = " x" if kind == "ratio" else ""
            text += f"  {relation} {bound}{unit}"
            if measured is not None:
                met = measured >= bound if relation == ">=" else measured <= bound
                text += ": met" if met else ": NOT MET"
    return text


def notes(records):
    """What a reader must know before believing the table."""
    for record in records:
        where = f"round {record.get('round')}, {record.get('test')}, {record.get('subject')}"
        if "error" in record:
            print(f"FAILED: {where}: {record['error']}")
        if (record.get("foreign_cores") or 0) > 0.3:
            print(f"noisy: {where}: other programs used {record['foreign_cores']} cores")
        if record.get("doubled"):
            print(f"DOUBLED: {where}: {record['doubled']} messages reached the sink twice")
        if record.get("failed") or record.get("failures"):
            print(f"refused: {where}: {record.get('failed') or ''} {record.get('sample') or record.get('failures')}")
