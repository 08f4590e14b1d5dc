"""One domain behind two protocols: what is done through one API, seen through the other.

Each test is a rule of docs/explanation/one-domain.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import (
    KEY,
    ROLE,
    definition,
    faulty_definition,
    new_name,
    refused,
    send,
    without_metadata,
)
from tests.contract.conftest import LiveServer

DEFAULT_ROLE = "arn:aws:iam::000000000000:role/headrace"


@pytest.fixture(scope="module")
def aws(server: LiveServer) -> Any:
    return checked_client(server.url)


@pytest.fixture(scope="module")
def human(server: LiveServer) -> Any:
    return server.humanloop().flows


def _bedrock_flow(aws: Any, **members: Any) -> str:
    """The id of a prepared flow that was born in Bedrock."""
    wanted = {"name": new_name(), "executionRoleArn": ROLE, "definition": definition(), **members}
    made = aws.create_flow(**wanted)
    aws.prepare_flow(flowIdentifier=made["id"])
    return str(made["id"])


def _edit(aws: Any, flow: str, text: str) -> None:
    name = aws.get_flow(flowIdentifier=flow)["name"]
    aws.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=definition(text))


def _runnable(text: str = "hello") -> dict[str, Any]:
    return {"definition": definition(text)}


def _with_max_tokens(most: float) -> dict[str, Any]:
    """A definition with a Prompt node whose answers are that long."""
    prompted: dict[str, Any] = definition()
    source = prompted["nodes"][1]["configuration"]["prompt"]["sourceConfiguration"]
    source["inline"]["inferenceConfiguration"]["text"]["maxTokens"] = most
    return prompted


def _numbers(aws: Any, flow: str) -> list[str]:
    listed = aws.list_flow_versions(flowIdentifier=flow)["flowVersionSummaries"]
    return [one["version"] for one in listed]


def _status(call: Any, *arguments: Any, **named: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        call(*arguments, **named)
    return caught.value.status_code or 0, str(caught.value.body)


def _environments(human: Any, flow: str) -> dict[str, str]:
    return {one.name: one.id for one in human.list_environments(flow)}


# Nouns


def test_each_api_shows_its_own_id_and_accepts_both(aws: Any, human: Any) -> None:
    short = _bedrock_flow(aws)
    long = human.get(short).id
    assert re.fullmatch("[A-Z0-9]{10}", short)
    assert re.fullmatch("fl_[0-9A-Za-z]{21}", long)
    assert human.get(long).id == long
    assert aws.get_flow(flowIdentifier=long)["id"] == short
    assert aws.create_flow_version(flowIdentifier=long)["version"] == "1"
    assert aws.get_flow_version(flowIdentifier=long, flowVersion="1")["id"] == short
    assert _numbers(aws, long) == ["1"]
    assert human.list_versions(short).records[0].id == long
    assert human.upsert(id=short, attributes={"a": 1}).id == long
    assert aws.prepare_flow(flowIdentifier=long)["id"] == short
    assert aws.delete_flow_version(flowIdentifier=long, flowVersion="1")["id"] == short
    assert aws.delete_flow(flowIdentifier=long)["id"] == short


def test_a_bedrock_flow_stands_at_the_root_under_its_name(aws: Any, human: Any) -> None:
    name = new_name()
    seen = human.get(_bedrock_flow(aws, name=name, description="what it is for"))
    assert (seen.path, seen.name, seen.description) == (name, name, "what it is for")


def test_a_humanloop_flow_has_a_name_made_of_its_path(aws: Any, human: Any) -> None:
    folder = new_name("Folder")
    made = human.upsert(path=f"{folder}/Größe & Zahl", attributes=_runnable())
    assert aws.get_flow(flowIdentifier=made.id)["name"] == f"{folder}-Groe-Zahl"


def test_namesakes_get_a_suffix(aws: Any, human: Any) -> None:
    folder = new_name()
    paths = [f"{folder}/a b", f"{folder}/a-b", f"{folder}/a*b"]
    made = [human.upsert(path=path, attributes=_runnable()).id for path in paths]
    names = [aws.get_flow(flowIdentifier=one)["name"] for one in made]
    assert names == [f"{folder}-a-b", f"{folder}-a-b-2", f"{folder}-a-b-3"]


def test_a_path_without_a_usable_letter_still_has_a_name(aws: Any, human: Any) -> None:
    made = human.upsert(path=f"{'—' * 3}{new_name('§').replace('-', '')}/流", attributes=_runnable())
    assert re.fullmatch("([0-9a-zA-Z][_-]?){1,100}", aws.get_flow(flowIdentifier=made.id)["name"])


def test_a_name_that_a_humanloop_flow_has_is_taken(aws: Any, human: Any) -> None:
    name = new_name()
    human.upsert(path=name, attributes=_runnable())
    with refused("ConflictException", 409, name):
        aws.create_flow(name=name, executionRoleArn=ROLE)


def test_a_path_that_is_taken_does_not_take_the_name(aws: Any, human: Any) -> None:
    name = new_name()
    human.upsert(path=f"{name}/inner", attributes=_runnable())  # a directory is at the name's path
    flow = _bedrock_flow(aws, name=name)
    assert aws.get_flow(flowIdentifier=flow)["name"] == name
    assert human.get(flow).path == f"{name}-2"


def test_the_content_of_a_bedrock_flow(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws, customerEncryptionKeyArn=KEY)
    content = {"definition": definition(), "executionRoleArn": ROLE, "customerEncryptionKeyArn": KEY}
    assert human.get(flow).attributes == content
    aws.create_flow_version(flowIdentifier=flow)
    [version] = human.list_versions(flow).records
    assert version.attributes == content
    bare = human.get(aws.create_flow(name=new_name(), executionRoleArn=ROLE)["id"])
    assert bare.attributes == {"executionRoleArn": ROLE}


def test_a_humanloop_flow_shows_a_role_that_its_content_has_not(aws: Any, human: Any) -> None:
    made = human.upsert(path=new_name(), attributes=_runnable())
    assert aws.get_flow(flowIdentifier=made.id)["executionRoleArn"] == DEFAULT_ROLE
    found = aws.get_flow_version(flowIdentifier=made.id, flowVersion="1")
    assert found["executionRoleArn"] == DEFAULT_ROLE
    assert human.get(made.id).attributes == _runnable()


def test_one_and_one_point_zero_are_the_same_and_are_echoed_as_sent(
    server: LiveServer, aws: Any, human: Any
) -> None:
    """The digest decides sameness; each number keeps the body it was made with."""
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    name = aws.get_flow(flowIdentifier=flow)["name"]
    body = send(server.url, "GET", f"/flows/{flow}/versions/1/").body.decode()
    assert '"temperature":0,' in body.replace(" ", "")
    other = definition()
    inline = other["nodes"][1]["configuration"]["prompt"]["sourceConfiguration"]["inline"]
    inline["inferenceConfiguration"]["text"]["temperature"] = 0.0
    aws.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=other)
    aws.prepare_flow(flowIdentifier=flow)
    aws.create_flow_version(flowIdentifier=flow)
    for number, text in (("1", '"temperature":0,'), ("2", '"temperature":0.0,')):
        body = send(server.url, "GET", f"/flows/{flow}/versions/{number}/").body.decode()
        assert text in body.replace(" ", "")
    assert len(human.list_versions(flow).records) == 1


def test_a_number_can_be_read_whichever_way_its_content_was_written_first(aws: Any, human: Any) -> None:
    """Equal contents can both run, or neither: `maxTokens` is an integer in Bedrock's shape."""
    whole = _with_max_tokens(7)
    flow = _bedrock_flow(aws, definition=whole)
    path = human.get(id=aws.get_flow(flowIdentifier=flow)["id"]).path
    written = human.upsert(
        path=path, attributes={"definition": _with_max_tokens(7.0), "executionRoleArn": ROLE}
    )
    released = aws.create_flow_version(flowIdentifier=flow)
    assert (released["version"], _numbers(aws, flow)) == ("2", ["2", "1"])
    shown = [aws.get_flow_version(flowIdentifier=flow, flowVersion=number)["definition"] for number in "12"]
    assert shown == [whole] * 2
    assert '"maxTokens": 7}' in json.dumps(shown[0]), "an integer, for clients that read none from 7.0"
    assert '"maxTokens": 7}' in json.dumps(shown[1])
    assert human.get(id=written.id).version_id == written.version_id


def test_the_order_of_keys_does_not_make_a_version(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    turned = {"executionRoleArn": ROLE, "definition": dict(reversed(definition().items()))}
    again = human.upsert(id=flow, attributes=turned)
    assert again.version_id == human.list_versions(flow).records[0].version_id
    assert _numbers(aws, flow) == ["1"], "content that is there gets no number by an upsert"


def test_unchanged_content_under_two_numbers_is_one_version(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    for _ in range(2):
        aws.create_flow_version(flowIdentifier=flow)
    assert _numbers(aws, flow) == ["2", "1"]
    assert len(human.list_versions(flow).records) == 1


def test_a_number_keeps_the_name_it_was_made_under(aws: Any) -> None:
    flow = _bedrock_flow(aws)
    name = aws.create_flow_version(flowIdentifier=flow)["name"]
    aws.update_flow(flowIdentifier=flow, name=new_name(), executionRoleArn=ROLE)
    assert aws.get_flow_version(flowIdentifier=flow, flowVersion="1")["name"] == name


def test_a_version_description_becomes_the_description_of_the_number(aws: Any, human: Any) -> None:
    path = new_name()
    first = human.upsert(path=path, attributes=_runnable(), version_description="short")
    human.upsert(path=path, attributes=_runnable("2"), version_description="x" * 201)
    human.update_flow_version(first.id, first.version_id, description="changed afterwards")
    shown = [
        aws.get_flow_version(flowIdentifier=first.id, flowVersion=number).get("description")
        for number in ("1", "2")
    ]
    assert shown == ["short", None], "copied when it fits, and never synchronised"


def test_a_description_of_a_number_is_shown_on_its_version(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow, description="as given")
    assert human.list_versions(flow).records[0].version_description == "as given"


def test_a_draft_is_shown_only_while_there_is_no_version(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    draft = human.get(flow)
    assert draft.version_id.startswith("flv_")
    assert human.list_versions(flow).records == []
    aws.create_flow_version(flowIdentifier=flow)
    _edit(aws, flow, "an edit")
    shown = human.get(flow)
    assert shown.attributes["definition"] == definition()
    assert [one.version_id for one in human.list_versions(flow).records] == [shown.version_id]
    assert shown.version_id != draft.version_id


def test_leading_zeros_name_nothing(aws: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    with refused("ResourceNotFoundException", 404):
        aws.get_flow_version(flowIdentifier=flow, flowVersion="01")


# Verbs


def test_the_first_upsert_is_deployed_and_later_ones_are_not(human: Any) -> None:
    path = new_name()
    first = human.upsert(path=path, attributes=_runnable())
    second = human.upsert(path=path, attributes=_runnable("2"))
    assert [one.name for one in first.environments] == ["production"]
    assert second.environments == []
    assert human.get(first.id).version_id == first.version_id


def test_create_flow_version_deploys_nothing(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    for text in ("one", "two"):
        _edit(aws, flow, text)
        aws.prepare_flow(flowIdentifier=flow)
        aws.create_flow_version(flowIdentifier=flow)
        shown = human.get(flow)
        assert (shown.environments, shown.attributes["definition"]) == ([], definition(text))
    assert all(one.file is None for one in human.list_environments(flow))


def test_an_upsert_after_a_bedrock_birth_is_a_number_too(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    made = human.upsert(id=flow, attributes={**_runnable("2"), "executionRoleArn": ROLE})
    assert made.environments == [], "the flow has a version already"
    assert _numbers(aws, flow) == ["2", "1"]
    found = aws.get_flow_version(flowIdentifier=flow, flowVersion="2")
    assert found["definition"] == definition("2")


def test_an_upsert_never_touches_an_edited_draft(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    _edit(aws, flow, "somebody's work")
    before = without_metadata(aws.get_flow(flowIdentifier=flow))
    human.upsert(id=flow, attributes=_runnable("from elsewhere"))
    assert without_metadata(aws.get_flow(flowIdentifier=flow)) == before


def test_a_draft_equal_to_the_newest_version_follows_an_upsert(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    human.upsert(id=flow, attributes={**_runnable("next"), "executionRoleArn": ROLE})
    found = aws.get_flow(flowIdentifier=flow)
    assert (found["status"], found["definition"]) == ("Prepared", definition("next"))
    assert found["validations"] == []


def test_the_draft_of_a_humanloop_flow_follows(aws: Any, human: Any) -> None:
    path = new_name()
    for text in ("one", "two"):
        made = human.upsert(path=path, attributes=_runnable(text))
        found = aws.get_flow(flowIdentifier=made.id)
        assert (found["status"], found["definition"]) == ("Prepared", definition(text))
    assert aws.create_flow_version(flowIdentifier=made.id)["version"] == "3"


def test_the_draft_of_a_humanloop_flow_follows_no_longer_when_it_was_edited(aws: Any, human: Any) -> None:
    made = human.upsert(path=new_name(), attributes=_runnable())
    _edit(aws, made.id, "somebody's work")
    human.upsert(id=made.id, attributes=_runnable("from elsewhere"))
    found = aws.get_flow(flowIdentifier=made.id)
    assert (found["status"], found["definition"]) == ("NotPrepared", definition("somebody's work"))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"definition": "text"},
        {"definition": {"nodes": [{"name": "9"}]}},
        {"prompt": "hi", "definition": None},
        {"definition": {}, "executionRoleArn": "nobody"},
    ],
)
def test_content_out_of_shape_is_unseen_by_bedrock(
    aws: Any, human: Any, attributes: Mapping[str, Any]
) -> None:
    made = human.upsert(path=new_name(), attributes=attributes)
    assert [one.name for one in made.environments] == ["production"], "it is an ordinary version"
    for call in (aws.get_flow, aws.list_flow_versions, aws.prepare_flow, aws.delete_flow):
        with refused("ResourceNotFoundException", 404):
            call(flowIdentifier=made.id)
    assert made.path not in {one["name"] for one in aws.list_flows()["flowSummaries"]}


def test_numbers_out_of_shape_are_skipped_by_bedrock(aws: Any, human: Any) -> None:
    path = new_name()
    human.upsert(path=path, attributes={"only": "words"})
    made = human.upsert(path=path, attributes=_runnable())
    human.upsert(path=path, attributes={"more": "words"})
    assert _numbers(aws, made.id) == ["2"]
    with refused("ResourceNotFoundException", 404):
        aws.get_flow_version(flowIdentifier=made.id, flowVersion="1")
    assert aws.create_flow_version(flowIdentifier=made.id)["version"] == "4"
    assert len(human.list_versions(made.id).records) == 3


def test_a_definition_with_errors_is_seen_and_failed(aws: Any, human: Any) -> None:
    made = human.upsert(path=new_name(), attributes={"definition": faulty_definition()})
    found = aws.get_flow(flowIdentifier=made.id)
    assert found["status"] == "Failed"
    assert "MissingEndingNodes" in {one["type"] for one in found["validations"]}
    assert _numbers(aws, made.id) == ["1"]
    with refused("ConflictException", 409, "Failed"):
        aws.create_flow_version(flowIdentifier=made.id)


def test_deleting_the_only_number_hides_content_made_by_bedrock(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    for _ in range(2):
        aws.create_flow_version(flowIdentifier=flow)
    aws.delete_flow_version(flowIdentifier=flow, flowVersion="1")
    assert len(human.list_versions(flow).records) == 1, "number 2 holds it"
    aws.delete_flow_version(flowIdentifier=flow, flowVersion="2")
    assert human.list_versions(flow).records == []


def test_deleting_the_only_number_leaves_content_that_was_upserted(aws: Any, human: Any) -> None:
    path = new_name()
    human.upsert(path=path, attributes=_runnable("one"))
    second = human.upsert(path=path, attributes=_runnable("two"))
    aws.delete_flow_version(flowIdentifier=second.id, flowVersion="2")
    assert _numbers(aws, second.id) == ["1"]
    assert second.version_id in {one.version_id for one in human.list_versions(second.id).records}


def test_a_number_that_was_deployed_by_hand_is_in_use(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    version = human.get(flow).version_id
    staging = _environments(human, flow)["staging"]
    human.set_deployment(flow, staging, version_id=version)
    with refused("ConflictException", 409, "staging"):
        aws.delete_flow_version(flowIdentifier=flow, flowVersion="1")
    aws.delete_flow_version(flowIdentifier=flow, flowVersion="1", skipResourceInUseCheck=True)
    assert human.get(flow, environment="staging").version_id == version, "deployed content stays"
    assert [one.version_id for one in human.list_versions(flow).records] == [version]
    human.remove_deployment(flow, staging)
    assert human.list_versions(flow).records == [], "nobody knows it by any name"


def test_content_known_only_by_its_deployment_goes_when_another_takes_its_place(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    aws.create_flow_version(flowIdentifier=flow)
    staging = _environments(human, flow)["staging"]
    human.set_deployment(flow, staging, version_id=human.get(flow).version_id)
    aws.delete_flow_version(flowIdentifier=flow, flowVersion="1", skipResourceInUseCheck=True)
    other = human.upsert(id=flow, attributes=_runnable("other")).version_id
    human.set_deployment(flow, staging, version_id=other)
    assert [one.version_id for one in human.list_versions(flow).records] == [other]


def test_a_deployed_number_is_free_when_another_holds_the_content(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    for _ in range(2):
        aws.create_flow_version(flowIdentifier=flow)
    version = human.get(flow).version_id
    human.set_deployment(flow, _environments(human, flow)["staging"], version_id=version)
    aws.delete_flow_version(flowIdentifier=flow, flowVersion="1")
    with refused("ConflictException", 409, "staging"):
        aws.delete_flow_version(flowIdentifier=flow, flowVersion="2")


def test_a_deployment_made_by_a_first_upsert_does_not_block(aws: Any, human: Any) -> None:
    made = human.upsert(path=new_name(), attributes=_runnable())
    aws.delete_flow_version(flowIdentifier=made.id, flowVersion="1")
    assert human.get(made.id).version_id == made.version_id


def test_deleting_a_humanloop_version_takes_its_numbers(aws: Any, human: Any) -> None:
    path = new_name()
    human.upsert(path=path, attributes=_runnable("one"))
    second = human.upsert(path=path, attributes=_runnable("two"))
    assert aws.create_flow_version(flowIdentifier=second.id)["version"] == "3"  # the same content
    human.delete_flow_version(second.id, second.version_id)
    assert _numbers(aws, second.id) == ["1"]
    again = human.upsert(path=path, attributes=_runnable("two"))
    assert again.version_id == second.version_id, "the same content revives the id"
    assert _numbers(aws, second.id) == ["4", "1"]


def test_a_humanloop_version_that_is_deployed_or_alone_stays(human: Any) -> None:
    path = new_name()
    first = human.upsert(path=path, attributes=_runnable("one"))
    status, text = _status(human.delete_flow_version, first.id, first.version_id)
    assert (status, "production" in text) == (409, True)
    environments = _environments(human, first.id)
    human.remove_deployment(first.id, environments["production"])
    assert _status(human.delete_flow_version, first.id, first.version_id)[0] == 409
    human.upsert(path=path, attributes=_runnable("two"))
    human.delete_flow_version(first.id, first.version_id)


def test_a_flow_deleted_through_bedrock_is_gone(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    path = human.get(flow).path
    aws.delete_flow(flowIdentifier=flow)
    assert _status(human.get, flow)[0] == 404
    assert human.upsert(path=path, attributes=_runnable()).path == path


def test_a_flow_deleted_through_humanloop_is_gone(aws: Any, human: Any) -> None:
    made = human.upsert(path=new_name(), attributes=_runnable())
    name = aws.get_flow(flowIdentifier=made.id)["name"]
    human.delete(made.id)
    with refused("ResourceNotFoundException", 404):
        aws.get_flow(flowIdentifier=made.id)
    aws.create_flow(name=name, executionRoleArn=ROLE)


def test_renaming_in_one_api_does_not_rename_in_the_other(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    born, moved, renamed = human.get(flow).path, new_name("moved"), new_name("renamed")
    human.move(flow, path=f"{moved}/elsewhere")
    assert aws.get_flow(flowIdentifier=flow)["name"] == born
    aws.update_flow(flowIdentifier=flow, name=renamed, executionRoleArn=ROLE)
    assert human.get(flow).path == f"{moved}/elsewhere"
    assert aws.get_flow(flowIdentifier=flow)["name"] == renamed


def test_update_flow_changes_the_description_of_the_file(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws, description="before")
    name = aws.get_flow(flowIdentifier=flow)["name"]
    aws.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, description="after")
    assert human.get(flow).description == "after"
    aws.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE)
    assert human.get(flow).description in (None, "")


def test_a_number_and_its_version_tell_the_same_author_and_time(server: LiveServer, aws: Any) -> None:
    flow = _bedrock_flow(aws)
    made = aws.create_flow_version(flowIdentifier=flow)
    answer = httpx.get(f"{server.url}/v5/flows/{flow}/versions", headers={"x-api-key": "any"})
    [version] = answer.json()["records"]
    assert made["createdAt"].isoformat().startswith(version["created_at"].rstrip("Z"))


# Aliases


def _alias(aws: Any, flow: str, version: str) -> Mapping[str, Any]:
    routing = [{"flowVersion": version}]
    made: Mapping[str, Any] = aws.create_flow_alias(
        flowIdentifier=flow, name=new_name("alias"), routingConfiguration=routing
    )
    return made


def test_an_alias_keeps_a_humanloop_version(aws: Any, human: Any) -> None:
    path = new_name()
    human.upsert(path=path, attributes=_runnable("one"))
    made = human.upsert(path=path, attributes=_runnable("two"))
    alias = _alias(aws, made.id, "2")["id"]
    status, text = _status(human.delete_flow_version, made.id, made.version_id)
    assert (status, alias in text) == (409, True)
    aws.delete_flow_alias(flowIdentifier=made.id, aliasIdentifier=alias)
    human.delete_flow_version(made.id, made.version_id)


def test_an_alias_of_another_number_of_the_content_keeps_it_too(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    for _ in range(2):
        aws.create_flow_version(flowIdentifier=flow)
    version = human.get(flow).version_id
    human.upsert(id=flow, attributes={"another": "version"})
    _alias(aws, flow, "1")
    aws.delete_flow_version(flowIdentifier=flow, flowVersion="2")
    assert _status(human.delete_flow_version, flow, version)[0] == 409


def test_environments_are_no_aliases_and_do_not_keep_a_flow(aws: Any, human: Any) -> None:
    flow = human.upsert(path=new_name(), attributes=_runnable()).id
    listed = aws.list_flow_aliases(flowIdentifier=flow)["flowAliasSummaries"]
    assert [one["id"] for one in listed] == ["TSTALIASID"]
    aws.delete_flow(flowIdentifier=flow)


def test_humanloop_deletes_a_flow_with_its_aliases(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    _alias(aws, flow, "DRAFT")
    human.delete(flow)
    with refused("ResourceNotFoundException", 404):
        aws.list_flow_aliases(flowIdentifier=flow)


def test_the_arn_of_an_alias_fits_however_the_flow_is_named(aws: Any, human: Any) -> None:
    flow = _bedrock_flow(aws)
    alias, long = _alias(aws, flow, "DRAFT"), human.get(flow).id
    for ref in (flow, long, alias["arn"].partition("/alias/")[0]):
        found = aws.get_flow_alias(flowIdentifier=ref, aliasIdentifier=alias["arn"])
        assert found["id"] == alias["id"]


def test_a_page_of_aliases_may_have_become_empty(aws: Any) -> None:
    flow = _bedrock_flow(aws)
    alias = _alias(aws, flow, "DRAFT")["id"]
    token = aws.list_flow_aliases(flowIdentifier=flow, maxResults=1)["nextToken"]
    aws.delete_flow_alias(flowIdentifier=flow, aliasIdentifier=alias)
    aws.list_flow_aliases(flowIdentifier=flow, nextToken=token)
    assert aws.raw == {"flowAliasSummaries": []}


def test_no_flow_keeps_prompts_from_being_made(make_server: Any) -> None:
    """Prompts are made under `prompts/`, but who gives one only a name knows nothing of paths."""
    live = make_server(store="memory:")
    aws = checked_client(live.url)
    aws.create_flow(name="prompts", executionRoleArn=ROLE)
    assert [aws.create_prompt(name=name)["name"] for name in ("one", "two")] == ["one", "two"]
