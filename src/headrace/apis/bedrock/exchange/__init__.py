"""Flows and prompts of Bedrock as files: what others keep them in, and what this server makes of it.

    files --documents, cloudformation--> Bundle --importer--> the store
    the store --exporter--> documents --cloudformation_writer, terraform_writer--> files

A *document* is what the API answers about one resource (GetFlow, GetFlowVersion, GetFlowAlias, GetPrompt),
with its tags added. A *bundle* is a list of requests that may refer to each other's results.
"""
