"""The bodies and queries of the operations on datasets, and how their datapoints are read.

A dataset may come with a hundred thousand datapoints. Its body is only cut into them at once; each is read
and checked on its own, beside everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from headrace.apis.humanloop.requests import BodyReader, SelectVersion, parse, problems_of, unstorable
from headrace.apis.humanloop.wire import CreateDatapoint
from headrace.core.datasets import Case, case_of
from headrace.core.errors import Invalid, Malformed, Problem
from headrace.core.parsing import finite, undisturbed
from headrace.services.datasets import Action

MOST_PROBLEMS = 20
"""So many problems of datapoints are told; who has more of them has made one mistake in all."""


class UpsertDataset(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Datasets. Null means absent."""

    datapoints: list[CreateDatapoint]
    path: str | None = None
    id: str | None = None
    action: Action | None = None
    attributes: dict[str, Any] | None = None
    version_name: str | None = None
    version_description: str | None = None


class DatasetBody(msgspec.Struct, frozen=True, kw_only=True):
    """The same with the texts of what is large or is kept to the letter."""

    datapoints: list[msgspec.Raw]
    path: str | None = None
    id: str | None = None
    action: Action | None = None
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    version_name: str | None = None
    version_description: str | None = None


class SelectDataset(SelectVersion, frozen=True, kw_only=True):
    """Humanloop 4.2, Datasets."""

    include_datapoints: bool = False


class ListDatapoints(SelectVersion, frozen=True, kw_only=True):
    """Humanloop 0.7: there are more datapoints on a page than other things."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=0)] = 50


class ListDatasetVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Datasets. Both words mean the version that was made last."""

    include_datapoints: Literal["latest_saved", "latest_committed"] | None = None


_slow = BodyReader(UpsertDataset).read
_quick = msgspec.json.Decoder(DatasetBody).decode
_datapoint = msgspec.json.Decoder(CreateDatapoint, float_hook=finite).decode


def read_upsert(body: bytes) -> tuple[DatasetBody, Mapping[str, Any]]:
    """The body of an upsert; its datapoints are not looked into.

    Raises:
        Malformed: it is not JSON.
        Invalid: with everything else that is wrong with it.
    """
    try:
        with undisturbed(len(body)):
            found = _quick(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _slow(body)
        raise AssertionError("what can't be read quickly can't be read slowly") from None
    problems = unstorable(found, where="body")
    attributes = None if found.attributes is msgspec.UNSET else parse(bytes(found.attributes))
    if attributes is None:
        found = msgspec.structs.replace(found, attributes=msgspec.UNSET)
    elif not isinstance(attributes, dict):
        text = "Input should be a valid dictionary"
        problems.append(Problem(path=("attributes",), message=text, kind="dict_type"))
    if problems:
        raise Invalid(*problems)
    return found, {}


def read_cases(texts: Sequence[msgspec.Raw]) -> list[Case]:
    """The datapoints of a body. Takes long for many.

    Raises:
        Malformed: one is not JSON.
        Invalid: with what is wrong with the first of them that are wrong.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    for index, text in enumerate(texts):
        try:
            cases.append(read_case(bytes(text)))
        except Malformed:
            raise
        except Invalid as error:
            problems += [
                Problem(path=("datapoints", index, *one.path), message=one.message, kind=one.kind)
                for one in error.problems
            ]
            if len(problems) >= MOST_PROBLEMS:
                break
    if problems:
        raise Invalid(*problems)
    return cases


def read_case(text: bytes) -> Case:
    """A datapoint.

    Raises:
        Invalid: with what is wrong with it; the paths begin within it.
    """
    parsed = parse(text)
    if not isinstance(parsed, dict):
        raise Invalid.at(message="Input should be a valid dictionary", kind="dict_type")
    try:
        _datapoint(text)
    except msgspec.ValidationError:
        raise Invalid(*problems_of(CreateDatapoint, parsed, strict=True, where="body")) from None
    return case_of(inputs=parsed.get("inputs"), messages=parsed.get("messages"), target=parsed.get("target"))
