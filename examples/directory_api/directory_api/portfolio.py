"""Portfolio images: the file in S3, what is known about it in DynamoDB."""

from datetime import UTC, datetime
from typing import Annotated, Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError
from fastapi import APIRouter, File, Form, Response, UploadFile

from directory_api import db, index, settings, storage
from directory_api.artists import profile, set_attributes
from directory_api.problems import ProblemError, not_found

router = APIRouter(prefix="/v1/artists/{artist_id}/images", tags=["portfolio"])

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
LARGEST = 2_000_000  # bytes


@router.get("")
def of_artist(artist_id: str) -> list[Any]:
    profile(artist_id)
    return [_shown(image) for image in storage.under(f"ARTIST#{artist_id}", "IMAGE#")]


@router.post("", status_code=201)
def upload(
    artist_id: str,
    file: Annotated[UploadFile, File()],
    title: Annotated[str, Form(min_length=1, max_length=200)],
    style: Annotated[str, Form()],
) -> Any:
    """Add a picture under the next number."""
    artist = profile(artist_id)
    extension = EXTENSIONS.get(file.content_type or "")
    if extension is None:
        raise ProblemError(415, "not-an-image", f"{file.content_type} is not shown here")
    body = file.file.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise ProblemError(413, "image-too-large", f"An image has at most {LARGEST} bytes")
    present = storage.under(f"ARTIST#{artist_id}", "IMAGE#")
    number = max((_number(image) for image in present), default=0) + 1
    key = f"portfolio/{artist_id}/{number:03}.{extension}"
    url = f"s3://{settings.IMAGES_BUCKET}/{key}"
    image = {
        "pk": f"ARTIST#{artist_id}",
        "sk": f"IMAGE#{number:03}",
        "entityType": "image",
        "artistId": artist_id,
        "imageId": f"{number:03}",
        "title": title,
        "styleId": style,
        "s3Key": key,
        "url": url,
        "contentType": file.content_type,
        "sizeBytes": len(body),
        "createdAt": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        storage.directory.put_item(Item=image, ConditionExpression=Attr("pk").not_exists())
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise ProblemError(409, "number-taken", "Somebody uploads at the same time") from None
    storage.s3.put_object(
        Bucket=settings.IMAGES_BUCKET,
        Key=key,
        Body=body,
        ContentType=file.content_type,
        Metadata={"artist": artist_id, "style": style},
    )
    _list(artist_id, [*artist["portfolioImages"], url])
    return _shown(image)


@router.get("/{number}/content")
def content(artist_id: str, number: int) -> Response:
    image = _image(artist_id, number)
    stored = storage.s3.get_object(Bucket=settings.IMAGES_BUCKET, Key=image["s3Key"])
    return Response(stored["Body"].read(), media_type=stored["ContentType"])


@router.delete("/{number}", status_code=204)
def remove(artist_id: str, number: int) -> Response:
    artist, image = profile(artist_id), _image(artist_id, number)
    storage.s3.delete_object(Bucket=settings.IMAGES_BUCKET, Key=image["s3Key"])
    storage.directory.delete_item(Key={"pk": image["pk"], "sk": image["sk"]})
    _list(artist_id, [url for url in artist["portfolioImages"] if url != image["url"]])
    return Response(status_code=204)


def _list(artist_id: str, urls: list[str]) -> None:
    with db.transaction() as cursor:
        set_attributes(f"ARTIST#{artist_id}", {("portfolioImages",): urls})
        index.put(cursor, artist_id)


def _image(artist_id: str, number: int) -> dict[str, Any]:
    found = storage.get(f"ARTIST#{artist_id}", f"IMAGE#{number:03}")
    if found is None:
        raise not_found("image", f"{number} of {artist_id}")
    return found


def _number(image: dict[str, Any]) -> int:
    return int(image["sk"].removeprefix("IMAGE#"))


def _shown(image: dict[str, Any]) -> Any:
    address = f"/v1/artists/{image['artistId']}/images/{_number(image)}/content"
    return {"number": _number(image), "content": address, **storage.plain(image)}
