"""Factories of records: factory_boy's, with the model taken from the type argument."""

from __future__ import annotations

from typing import Any, TypeVar, get_args, get_origin

from factory.base import Factory, FactoryMetaClass
from factory.enums import BUILD_STRATEGY

from pytest_seedstate.records.building import current_company

T = TypeVar("T")


def _model_argument(bases: tuple[Any, ...]) -> type | None:
    for base in bases:
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, Factory):
            (argument,) = get_args(base)
            if isinstance(argument, type):
                return argument
    return None


def _options(meta: type | None) -> dict[str, Any]:
    """The options that a ``class Meta`` itself states."""
    return {name: value for name, value in vars(meta or object).items() if name[:1] != "_"}


class _RecordFactoryMeta(FactoryMetaClass):
    """Reads ``RecordFactory[Product]`` where factory_boy asks for ``class Meta: model``."""

    def __new__(mcs, class_name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        options = _options(attrs.get("Meta"))
        model = _model_argument(attrs.get("__orig_bases__", ()))
        if model is not None:
            attrs["Meta"] = type("Meta", (), {"model": model, **options})
        return super().__new__(mcs, class_name, bases, attrs)  # type: ignore[no-untyped-call]


class RecordFactory(Factory[T], metaclass=_RecordFactoryMeta):
    """A factory_boy factory: ``class ProductFactory(RecordFactory[Product])``.

    Everything of factory_boy works in it: `Sequence`, `Faker`, `SubFactory`, `Trait`,
    `RelatedFactory` and so on. ``build``, ``create`` and a call all build, because loading is
    not the factory's job; the record's own checks run for each of them. A record that a
    `SubFactory` or `RelatedFactory` built comes with the one it was built for when a scenario
    yields that one.
    """

    class Meta:
        strategy = BUILD_STRATEGY

    @classmethod
    def _generate(cls, strategy: str, params: dict[str, Any]) -> Any:
        generate: Any = super()._generate
        company = current_company()
        if company is None:
            return generate(strategy, params)
        return company.around(lambda: generate(strategy, params))

    @classmethod
    def _build(cls, model_class: type[T], *args: Any, **kwargs: Any) -> T:
        made = model_class(*args, **kwargs)
        company = current_company()
        if company is not None:
            company.built(made)
        return made

    @classmethod
    def _create(cls, model_class: type[T], *args: Any, **kwargs: Any) -> T:
        return cls._build(model_class, *args, **kwargs)
