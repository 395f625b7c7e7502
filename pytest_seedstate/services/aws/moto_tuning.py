"""Makes moto start and answer sooner, without a change in what it does.

Stand-ins for modules that the usual services import and never use, and results remembered that
moto works out anew for each request. All of it is optional: where a version of moto or botocore
has other names, it runs untuned. Measured with moto 5.2.5, milliseconds of 650 in all on the way
to the first request: stand-ins 150, service names 60, garbage collection 50; for each request:
module names 0.3 (DynamoDB) to 1.0 (S3), method names 0.2, errors 0.2 of those that are answered.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
import types
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

_NEED_NO_MORE = frozenset({"dynamodb", "s3", "secretsmanager", "sqs", "sns", "sts"})
"""The services whose use of the modules below was looked at."""


def before_import(services: Collection[str]) -> None:
    """Prepare the import of moto in this process, which serves nothing else.

    Args:
        services: the services that are switched on; empty for all.
    """
    if services and _NEED_NO_MORE.issuperset(services):
        _put_stand_ins()
    from botocore import loaders

    # To find out whether one name is a service, it would visit 400 folders.
    _replace(loaders.Loader, "list_available_services", lambda _: _folder_names)


def after_import() -> None:
    """Let moto remember what cannot change while it runs."""
    from moto import backends
    from moto.core import errors, responses

    _replace(
        backends, "list_of_moto_modules", lambda names: functools.cache(lambda: tuple(names()))
    )
    _replace(responses, "method_names_from_class", functools.cache)
    # One for all answers: it remembers the errors of a service, which each new one looks up.
    _replace(errors, "ErrorLookupFactory", functools.cache)


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put what `make` makes of an attribute in its place, if there is one of that name."""
    if hasattr(owner, name):
        setattr(owner, name, make(getattr(owner, name)))


def _put_stand_ins() -> None:
    # requests guesses encodings with one of these, if there is one.
    warnings.filterwarnings("ignore", message=".*chardet.*charset_normalizer")
    for name in ("charset_normalizer", "chardet"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    for name in (
        "s3transfer.manager",  # for boto3's clients; no client is made here
        "botocore.docs.docstring",  # what help() shows of them
        "responses._recorder",  # writes answers into YAML files when a test asks for it
    ):
        sys.modules.setdefault(name, _StandIn(name))
    # A megabyte of text that IAM uses when an environment variable says so.
    policies = types.ModuleType("moto.iam.aws_managed_policies")
    vars(policies)["aws_managed_policies_data"] = "{}"
    sys.modules.setdefault(policies.__name__, policies)
    # IAM reads uploaded certificates with it.
    sys.modules.setdefault("cryptography.x509", _Deferred("cryptography.x509"))


class _StandIn(types.ModuleType):
    """A module that has every name, each as an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Deferred(types.ModuleType):
    """A module that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._lock = threading.Lock()
        self._real: types.ModuleType | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        with self._lock:
            if self._real is None:
                if sys.modules.get(self.__name__) is self:
                    del sys.modules[self.__name__]
                self._real = importlib.import_module(self.__name__)
        return getattr(self._real, name)


def _folder_names(loader: Any, type_name: str) -> list[str]:
    del type_name  # botocore and moto pass it by this name; all types are in one folder
    folders = [
        folder
        for path in map(Path, loader.search_paths)
        if path.is_dir()
        for folder in path.iterdir()
    ]
    return sorted({folder.name for folder in folders})
