"""The blocks and arguments of Terraform's AWS provider for flows and prompts, as its registry documents them.

A value of None is an argument, a table is a block. Names are Terraform's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Block = Mapping[str, Any]

_CACHE_POINT: Block = {"type": None}
_CONTENT: Block = {"text": None, "cache_point": _CACHE_POINT}
_GUARDRAIL: Block = {"guardrail_identifier": None, "guardrail_version": None}
_INFERENCE: Block = {
    "text": {"max_tokens": None, "stop_sequences": None, "temperature": None, "top_p": None},
}
_TOOLS: Block = {
    "tool_choice": {"any": {}, "auto": {}, "tool": {"name": None}},
    "tool": {
        "cache_point": _CACHE_POINT,
        "tool_spec": {"name": None, "description": None, "input_schema": {"json": None}},
    },
}
_TEMPLATE: Block = {
    "text": {"text": None, "input_variable": {"name": None}, "cache_point": _CACHE_POINT},
    "chat": {
        "input_variable": {"name": None},
        "message": {"role": None, "content": _CONTENT},
        "system": _CONTENT,
        "tool_configuration": _TOOLS,
    },
}
_S3: Block = {"service_configuration": {"s3": {"bucket_name": None}}}
_NODE: Block = {
    "agent": {"agent_alias_arn": None},
    "collector": {},
    "condition": {"condition": {"name": None, "expression": None}},
    "inline_code": {"code": None, "language": None},
    "input": {},
    "iterator": {},
    "knowledge_base": {
        "knowledge_base_id": None,
        "model_id": None,
        "guardrail_configuration": _GUARDRAIL,
        "inference_configuration": _INFERENCE,
    },
    "lambda_function": {"lambda_arn": None},
    "lex": {"bot_alias_arn": None, "locale_id": None},
    "output": {},
    "prompt": {
        "guardrail_configuration": _GUARDRAIL,
        "source_configuration": {
            "inline": {
                "additional_model_request_fields": None,
                "inference_configuration": _INFERENCE,
                "model_id": None,
                "template_type": None,
                "template_configuration": _TEMPLATE,
            },
            "resource": {"prompt_arn": None},
        },
    },
    "retrieval": _S3,
    "storage": _S3,
}

RESOURCES: Mapping[str, Block] = {
    "aws_bedrockagent_flow": {
        "name": None,
        "description": None,
        "execution_role_arn": None,
        "customer_encryption_key_arn": None,
        "tags": None,
        "definition": {
            "connection": {
                "name": None,
                "source": None,
                "target": None,
                "type": None,
                "configuration": {
                    "data": {"source_output": None, "target_input": None},
                    "conditional": {"condition": None},
                },
            },
            "node": {
                "name": None,
                "type": None,
                "configuration": _NODE,
                "input": {"name": None, "type": None, "expression": None, "category": None},
                "output": {"name": None, "type": None},
            },
        },
    },
    "aws_bedrockagent_prompt": {
        "name": None,
        "description": None,
        "default_variant": None,
        "customer_encryption_key_arn": None,
        "tags": None,
        "variant": {
            "name": None,
            "model_id": None,
            "template_type": None,
            "additional_model_request_fields": None,
            "metadata": {"key": None, "value": None},
            "inference_configuration": _INFERENCE,
            "gen_ai_resource": {"agent": {"agent_identifier": None}},
            "template_configuration": _TEMPLATE,
        },
    },
}
"""The two resources; the provider has none for versions and aliases."""

BLOCK_NAMES: Mapping[str, str] = {
    "conditions": "condition",
    "connections": "connection",
    "input_variables": "input_variable",
    "inputs": "input",
    "messages": "message",
    "nodes": "node",
    "outputs": "output",
    "tools": "tool",
    "variants": "variant",
}
"""Lists whose items are blocks are named for one item."""
