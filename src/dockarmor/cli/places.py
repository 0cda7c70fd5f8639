"""Where things are kept between commands. The environment is read here and nowhere below."""

import os


def cache_folder() -> str:
    """Downloads and what can be made again: $DOCKARMOR_CACHE, else $XDG_CACHE_HOME/dockarmor."""
    own = os.environ.get("DOCKARMOR_CACHE")
    return own or os.path.join(_xdg("XDG_CACHE_HOME", ".cache"), "dockarmor")


def state_folder() -> str:
    """What the embedded kernel has loaded: $DOCKARMOR_STATE, else $XDG_STATE_HOME/dockarmor."""
    own = os.environ.get("DOCKARMOR_STATE")
    return own or os.path.join(_xdg("XDG_STATE_HOME", ".local/state"), "dockarmor")


def lab_folder() -> str:
    """The lab's packages, images, saved machines and running ones."""
    return os.path.join(cache_folder(), "lab")


def _xdg(variable: str, default: str) -> str:
    value = os.environ.get(variable, "")
    return value if os.path.isabs(value) else os.path.join(os.path.expanduser("~"), default)
