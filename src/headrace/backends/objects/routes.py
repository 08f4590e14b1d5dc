"""Where a bucket may be in the configuration."""

from __future__ import annotations

import msgspec

from headrace.backends.aws import AwsPlace

MAX_OBJECT_BYTES = 64 * 1024 * 1024


class S3Route(AwsPlace, frozen=True, kw_only=True, tag="s3", forbid_unknown_fields=True):
    """Buckets of Amazon S3, or of what speaks like it.

    Attributes:
        match: a pattern of bucket names.
        max_bytes: the largest object that is read.
    """

    match: str
    max_bytes: int = MAX_OBJECT_BYTES


class FolderRoute(msgspec.Struct, frozen=True, kw_only=True, tag="folder", forbid_unknown_fields=True):
    """Buckets that are folders.

    Attributes:
        match: a pattern of bucket names.
        root: the folder with one folder a bucket; relative to the configuration.
        max_bytes: the largest object that is read.
    """

    match: str
    root: str
    max_bytes: int = MAX_OBJECT_BYTES


ObjectRoute = S3Route | FolderRoute
