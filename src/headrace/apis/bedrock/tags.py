"""The operations on tags (bedrock 1.4): wire members in, wire members out."""

from __future__ import annotations

from headrace.apis.bedrock.call import Call, Values
from headrace.services.tree import tags
from headrace.services.tree.tags import Resource


async def tag_resource(call: Call) -> Values:
    """TagResource: adds tags, or gives them new values."""
    await tags.add(call.ports, call.principal, _resource(call), call.params["tags"])
    return {}


async def untag_resource(call: Call) -> Values:
    """UntagResource."""
    await tags.remove(call.ports, call.principal, _resource(call), call.params["tagKeys"])
    return {}


async def list_tags_for_resource(call: Call) -> Values:
    """ListTagsForResource."""
    return {"tags": await tags.of(call.ports, call.principal, _resource(call))}


def _resource(call: Call) -> Resource:
    return call.place.resource(call.params["resourceArn"])
