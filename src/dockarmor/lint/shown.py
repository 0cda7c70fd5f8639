"""How much of the same is shown."""


def not_shown(more: int, one: str = "", many: str = "") -> tuple[str, ...]:
    """The note on what a finding does not show; none where nothing is left out.

    >>> not_shown(0), not_shown(1), not_shown(2, "pair of rules", "pairs of rules")
    ((), ('1 more is not shown',), ('2 more pairs of rules are not shown',))
    """
    if more <= 0:
        return ()
    what = one if more == 1 else many
    return (f"{more} more {f'{what} ' if what else ''}{'is' if more == 1 else 'are'} not shown",)
