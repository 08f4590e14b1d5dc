"""Handing in datapoints, and the versions of datasets that have them."""

from __future__ import annotations

import re

import msgspec

from headrace.core.access import Principal
from headrace.core.datasets import Case, Datapoint, is_datapoint_id
from headrace.core.errors import Invalid
from headrace.core.parsing import parse
from headrace.services import datasets
from headrace.services.base import Ports
from headrace.services.exchange_humanloop.desk import Desk, Refused
from headrace.services.exchange_humanloop.parts import Act, DatapointPart, Outcome, VersionPart
from headrace.services.versions.versions import Submission

DATASET = "dataset"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    datapoints: list[str]
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def put_datapoint(desk: Desk, part: DatapointPart, case: Case) -> Outcome:
    """Keep a datapoint; it has the id that it had, unless the dataset has it already with another."""
    if not is_datapoint_id(part.id):
        raise Refused("this can't be the ID of a datapoint")
    file = desk.tx.files.get(id=part.file_id)
    if file is None and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if file is None or file.kind != DATASET:
        raise Refused(f"its {DATASET} is not here")
    known = desk.tx.datasets.ids(file_id=file.id, digests=[case.digest]).get(case.digest)
    if known is not None:
        note = None if known == part.id else f"here its ID is {known}"
        return Outcome(id=part.id, act=Act.UNCHANGED, note=note)
    is_taken = bool(desk.tx.datasets.some(ids=[part.id]))
    here = desk.ids.long(datasets.DATAPOINT_PREFIX) if is_taken else part.id
    if not desk.is_rehearsal:
        made = Datapoint(id=here, file_id=file.id, digest=case.digest, body=case.body)
        desk.tx.datasets.add(file_id=file.id, datapoints=[made])
    note = f"its ID belongs to another datapoint, so here it is {here}" if is_taken else None
    return Outcome(id=part.id, act=Act.MADE, note=note)


async def submission_of_dataset(
    ports: Ports, principal: Principal, part: VersionPart, *, is_rehearsal: bool
) -> Submission:
    """A version of a dataset, with all that it is made of kept.

    Raises:
        Invalid: it names datapoints that are not here, or breaks a rule.
    """
    content = _content(part)
    digests = content.datapoints
    if not all(map(_DIGEST.fullmatch, digests)):
        raise Invalid(message="Its datapoints are not named by their digests.")
    known = await datasets.known_ids(ports, principal, part.file_id, digests)
    missing = len(set(digests)) - len(known)
    if missing and not is_rehearsal:
        raise Invalid(message=f"{missing} of its datapoints are not here.")
    # In a rehearsal a datapoint that is not here stands for itself: so the version is like none that is here.
    packed = await datasets.packed_ids((known.get(one, one) for one in digests), most=len(digests))
    if not is_rehearsal:
        await datasets.keep_parts(ports, principal, part.file_id, packed)
    return Submission(
        kind=DATASET,
        ref=part.file_id,
        path=None,
        content=datasets.content_of(packed, content.attributes),
        parsed=None,
    )


def _content(part: VersionPart) -> _Content:
    try:
        content = msgspec.json.decode(part.content, type=_Content)
        attributes = {} if content.attributes is msgspec.UNSET else parse(content.attributes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(message=f"Its content is not that of a {DATASET}: {error}") from None
    if not isinstance(attributes, dict):
        raise Invalid(message="Its attributes are no object.")
    return content
