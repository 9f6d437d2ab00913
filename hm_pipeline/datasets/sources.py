"""Source of raw files: a folder, a zip, a ``file:`` URI, or an ``s3://`` prefix, of which the files that are read are copied first."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hm_pipeline.base.errors import HMError, InvalidInput, MissingInput

Choose = Callable[[Sequence[str], str], Sequence[str]]
KINDS = "give a folder, a .zip, a file: URI, or an s3:// prefix or .zip"
CREDENTIALS = "see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL"
CONNECT, REQUEST, TRIES = 10, 120, 3  # seconds, seconds, times
LOCAL = ("", "localhost")


def local_source(source: Path | str, scratch: Path, choose: Choose) -> Path:
    """Return the folder or zip of a source.

    Parameters
    ----------
    scratch
        Folder that takes what lies elsewhere.
    choose
        Returns the names that are read among all names, and raises where one is missing; the source is its second argument.

    Raises
    ------
    MissingInput, InvalidInput
        If there is nothing, or it cannot be read.
    """
    if isinstance(source, Path) or ":" not in source or Path(source).exists():
        return Path(source)
    parts = urlsplit(source)
    if parts.scheme == "file":
        if parts.netloc not in LOCAL:
            raise InvalidInput("names another machine", where=source, hint=KINDS)
        return Path(unquote(parts.path))
    if parts.scheme != "s3":
        if "://" not in source:
            return Path(source)  # a name with a colon
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        raise InvalidInput(f"{parts.scheme}:// is not read", where=shown, hint=KINDS)
    if "@" in parts.netloc:
        where = f"s3://...@{parts.netloc.rpartition('@')[2]}{parts.path}"
        raise InvalidInput("holds credentials", where=where, hint=f"leave them to the environment: {CREDENTIALS}")
    return _from_s3(parts.netloc, unquote(parts.path).strip("/"), scratch, choose)


def s3_files(bucket: str) -> Any:
    """Return the file system of S3, as the environment has it: credentials, region, and an endpoint of one's own."""
    from pyarrow import fs  # noqa: PLC0415 - a second's work that a local folder need not wait for

    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not endpoint.netloc and not region:
        region = fs.resolve_s3_region(bucket)
    return fs.S3FileSystem(
        region=region,
        endpoint_override=endpoint.netloc or None,
        scheme=endpoint.scheme or "https",
        connect_timeout=CONNECT,
        request_timeout=REQUEST,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
    )


def _from_s3(bucket: str, prefix: str, scratch: Path, choose: Choose) -> Path:
    from pyarrow import fs  # noqa: PLC0415 - as above

    shown, place = f"s3://{bucket}/{prefix}", f"{bucket}/{prefix}".strip("/")
    try:
        store = s3_files(bucket)
        found = store.get_file_info(place)
        if found.type == fs.FileType.File:
            return _copied(store, {str(found.base_name): place}, scratch) / str(found.base_name)
        objects = store.get_file_info(fs.FileSelector(place, recursive=True))
        names = {info.path.removeprefix(f"{place}/"): info.path for info in objects if info.type == fs.FileType.File}
        return _copied(store, {name: names[name] for name in choose(list(names), shown)}, scratch)
    except HMError:
        raise
    except FileNotFoundError as error:
        raise MissingInput("no object bears this prefix", where=shown, hint="give the prefix below which the files lie") from error
    except OSError as error:
        reason = str(error).partition("(Request ID")[0].partition("\n")[0].strip()
        raise InvalidInput(f"cannot be read: {reason}", where=shown, hint=CREDENTIALS) from error


def _copied(store: Any, objects: dict[str, str], scratch: Path) -> Path:
    from pyarrow import fs  # noqa: PLC0415 - as above

    for name, path in objects.items():
        target = scratch / name
        if ".." in Path(name).parts:
            raise InvalidInput("leads out of the prefix", where=name, hint="give the object another name")
        target.parent.mkdir(parents=True, exist_ok=True)
        fs.copy_files(path, str(target), source_filesystem=store, destination_filesystem=fs.LocalFileSystem())
    return scratch
