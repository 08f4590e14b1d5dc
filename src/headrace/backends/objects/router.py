"""Keeps objects where the configuration says that their bucket is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from headrace.backends.aws import Aws
from headrace.backends.failures import S3, unrouted
from headrace.backends.objects.folder import Folder, too_large
from headrace.backends.objects.routes import FolderRoute, ObjectRoute, S3Route
from headrace.backends.patterns import first_match
from headrace.backends.threads import Threads
from headrace.core.effects import EffectContext, EffectFailed, Objects

T = TypeVar("T")


class RoutedObjects(Objects):
    """Buckets of S3 and folders."""

    def __init__(self, routes: Sequence[ObjectRoute], *, folder: Path, aws: Aws, threads: Threads) -> None:
        self._routes = routes
        self._aws = aws
        self._threads = threads
        self._folders: Mapping[FolderRoute, Folder] = {
            route: Folder(folder / route.root, max_bytes=route.max_bytes)
            for route in routes
            if isinstance(route, FolderRoute)
        }

    async def put(self, bucket: str, key: str, body: bytes, context: EffectContext) -> str:
        route = self._route(bucket, key)
        if isinstance(route, FolderRoute):
            files = self._folders[route]
            await self._run(lambda: files.put(bucket, key, body), context)
        else:
            await self._s3(
                route, lambda client: client.put_object(Bucket=bucket, Key=key, Body=body), context
            )
        return f"s3://{bucket}/{key}"

    async def get(self, bucket: str, key: str, context: EffectContext) -> bytes:
        route = self._route(bucket, key)
        if isinstance(route, FolderRoute):
            files = self._folders[route]
            return await self._run(lambda: files.get(bucket, key), context)

        def act(client: Any) -> bytes:
            answer = client.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > route.max_bytes:
                answer["Body"].close()
                raise too_large(bucket, key, route.max_bytes)
            body: bytes = answer["Body"].read()
            return body

        return await self._s3(route, act, context)

    def _route(self, bucket: str, key: str) -> ObjectRoute:
        route = first_match(self._routes, (bucket,))
        if route is None:
            line = f'[[objects.route]] match = "{bucket}", type = "s3" or "folder"'
            raise unrouted(S3, "bucket", bucket, how=line)
        if not key:
            raise EffectFailed("The key of an object is not empty.", resource=S3)
        return route

    async def _run(self, call: Callable[[], T], context: EffectContext) -> T:
        return await self._threads.run(call, resource=S3, who="The file system", timeout_s=context.timeout_s)

    async def _s3(self, route: S3Route, act: Callable[[Any], T], context: EffectContext) -> T:
        result: T = await self._aws.call("s3", route.place, act, resource=S3, context=context)
        return result
