"""A profile encoded and compiled, once for all who ask: `check` for mistakes, lints for what the tables say."""

from dockarmor.compile.encoding import Encoding, encode
from dockarmor.compile.pipeline import CompiledBlob, all_kinds, compile_profile
from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import Profile
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import frozen


@frozen
class Compiled:
    """`record` is None where there are mistakes; `diagnostics` are these, or warnings on what is dropped."""

    record: CompiledBlob | None
    diagnostics: tuple[Diagnostic, ...]


def compiled(examined: Examined, profile: Profile) -> Compiled:
    """One profile's record, without its children."""
    return examined.once(_compiled, profile)


def encoded(examined: Examined, profile: Profile) -> Encoding | None:
    """What a profile's rules come to; None where there are mistakes in them."""
    found = examined.once(_encoded, profile)
    return found if isinstance(found, Encoding) else None


def _compiled(examined: Examined, profile: Profile) -> Compiled:
    encoding = examined.once(_encoded, profile)
    if not isinstance(encoding, Encoding):
        return Compiled(None, encoding)
    try:
        record = compile_profile(profile, examined.features, encoding=encoding)
    except DiagnosticError as error:
        return Compiled(None, error.diagnostics)
    return Compiled(record, tuple(record.diagnostics))


def _encoded(examined: Examined, profile: Profile) -> Encoding | tuple[Diagnostic, ...]:
    try:
        return encode(profile, examined.features, all_kinds())
    except DiagnosticError as error:
        return error.diagnostics
