"""Print what a compiled policy holds: header fields, capabilities, exec targets, sizes of its tables.

dockarmor dump my-profile.bin
dockarmor dump --states docker-default      (policy text is compiled first)
"""

from argparse import ArgumentParser, Namespace

from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.output import Results, add_output
from dockarmor.cli.policy import add_features, add_reading, subject
from dockarmor.compile.dump import ProfileDump, TableFigures, dump
from dockarmor.text.render import printable
from dockarmor.value import asdict


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("policy", metavar="BLOB|POLICY")
    parser.add_argument("--states", action="store_true", help="every state of the tables, one line each")
    add_reading(parser)
    add_features(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    results = Results("dump@1", options)
    for profile in subject(options, options.policy).compiled.profiles:
        dumped = dump(profile, states=options.states)
        results.add(asdict(dumped), _lines(dumped))
    results.finish()
    return EXIT_OK


def _lines(dumped: ProfileDump) -> list[str]:
    lines = [f"profile {printable(dumped.name)}"]
    rows = [
        *dumped.fields,
        *(("exec target", target or '""') for target in dumped.targets),
        *((f"{table.use} table", _figures(table)) for table in dumped.tables),
    ]
    width = max(len(name) for name, _ in rows) + 2 if rows else 0
    lines += [f"  {name:<{width}}{printable(text)}" for name, text in rows]
    return [*lines, *(f"  {printable(state)}" for state in dumped.states)]


def _figures(table: TableFigures) -> str:
    text = f"{table.states} states, {table.used} transitions in {table.entries} slots"
    if table.differential:
        text += f", {table.differential} states differential"
    if table.permissions is not None:
        text += f", {table.permissions} permission entries"
    return text
