"""How a pairing is printed, and whether it is good enough."""

from bench.measure import Cost, Pairing


def report(what: str, pairing: Pairing) -> None:
    print(f"  {what}: {pairing.ratio:.2f}x less CPU, median of {pairing.rounds} pairs")
    print(f"    dockarmor        {_cost(pairing.left)}")
    print(f"    apparmor_parser  {_cost(pairing.right)}", flush=True)


def floor(what: str, ratio: float, least: float) -> bool:
    met = ratio >= least
    print(f"  floor: {what} at least {least:.2f}x: {ratio:.2f}x, {'met' if met else 'MISSED'}\n", flush=True)
    return met


def _cost(cost: Cost) -> str:
    peak = f"  {cost.peak / 1024:8.1f} MiB" if cost.peak else ""
    return f"{cost.cpu * 1e3:8.1f} ms CPU  {cost.wall * 1e3:8.1f} ms wall{peak}"
