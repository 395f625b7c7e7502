"""Studios and styles."""

from typing import Annotated, Any

from boto3.dynamodb.conditions import Key
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from directory_api import storage
from directory_api.artists import set_attributes
from directory_api.problems import not_found

router = APIRouter(prefix="/v1", tags=["studios"])

Hours = Annotated[str, StringConstraints(pattern=r"^(Closed|\d\d:\d\d-\d\d:\d\d)$")]


class OpeningHours(BaseModel):
    model_config = ConfigDict(extra="forbid")

    monday: Hours
    tuesday: Hours
    wednesday: Hours
    thursday: Hours
    friday: Hours
    saturday: Hours
    sunday: Hours


@router.get("/studios")
def studios() -> list[Any]:
    return _all("studio")


@router.get("/studios/{studio_id}")
def show(studio_id: str) -> Any:
    return storage.plain(_studio(studio_id))


@router.put("/studios/{studio_id}/opening-hours")
def open_at(studio_id: str, hours: OpeningHours) -> Any:
    _studio(studio_id)
    changed = set_attributes(f"STUDIO#{studio_id}", {("openingHours",): hours.model_dump()})
    return storage.plain(changed)["openingHours"]


@router.get("/styles")
def styles() -> list[Any]:
    return _all("style")


def _all(kind: str) -> list[Any]:
    found = storage.query(Key("entityType").eq(kind), IndexName="entity-index")
    return [storage.plain(item) for item in found]


def _studio(studio_id: str) -> dict[str, Any]:
    found = storage.get(f"STUDIO#{studio_id}")
    if found is None:
        raise not_found("studio", studio_id)
    return found
