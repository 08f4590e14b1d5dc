"""The command line. Commands are imported when they are called, so that help comes at once."""

from __future__ import annotations

import gc
import importlib
from types import ModuleType

import click

from headrace import __version__
from headrace.cli.terminal import guard

COMMANDS = {
    "serve": ("headrace.cli.serve", "Start the server."),
    "worker": ("headrace.cli.worker", "Carry out executions beside servers."),
    "run": ("headrace.cli.run", "Run a flow, or a definition in a file."),
    "executions": ("headrace.cli.executions", "Look at what ran and runs, and stop it."),
    "logs": ("headrace.cli.logs", "Look at logs, and search them."),
    "processes": ("headrace.cli.processes", "List who uses the store."),
    "keys": ("headrace.cli.keys", "Create, list and revoke API keys."),
    "providers": ("headrace.cli.providers", "Keep keys of providers of models, and limits."),
    "retention": ("headrace.cli.retention", "Say how long the logs of a file are kept."),
    "erase": ("headrace.cli.erase", "Erase what is kept of a person."),
    "environments": ("headrace.cli.environments", "Keep the environments versions are deployed to."),
    "files": ("headrace.cli.files", "List files, and set what is said of them."),
    "live": ("headrace.cli.deployments:live", "Show what environments and aliases target."),
    "diff": ("headrace.cli.diff", "Show what differs between two versions."),
    "compare": ("headrace.cli.compare", "Run two versions on the same inputs, and show what differs."),
    "deploy": ("headrace.cli.deployments:deploy", "Let an environment or an alias target a version."),
    "promote": ("headrace.cli.deployments:promote", "Let one target what another one targets."),
    "rollback": ("headrace.cli.deployments:rollback", "Let one target again what it did before."),
    "history": ("headrace.cli.deployments:history", "Show who moved what, when and why."),
    "split": ("headrace.cli.switches:split", "Share calls out among versions, and compare how they do."),
    "off": ("headrace.cli.switches:off", "Refuse calls, with a reason."),
    "on": ("headrace.cli.switches:on", "Let calls through again."),
    "gate": ("headrace.cli.gates", "Say what must be so before a version is deployed."),
    "status": ("headrace.cli.status", "Show what differs between a directory and the server."),
    "pull": ("headrace.cli.pull", "Bring a directory of files in step with the server."),
    "push": ("headrace.cli.push", "Bring the server in step with a directory of files."),
    "import": ("headrace.cli.import_", "Bring in flows and prompts from elsewhere."),
    "export": ("headrace.cli.export", "Take flows and prompts out."),
    "kb": ("headrace.cli.kb", "Keep local knowledge bases."),
    "store": ("headrace.cli.store", "Copy a store to another place."),
    "backup": ("headrace.cli.backup", "Back a SQLite store up while its server runs."),
    "restore": ("headrace.cli.restore", "Put a SQLite store in its place out of a backup."),
    "conformance": ("headrace.cli.conformance", "Check a server against the contract of both protocols."),
    "settings": ("headrace.cli.settings", "List the settings with their values."),
}
"""Each command's line in the help, and its module with ``command``, or what a colon names."""


def _imported(module: str) -> ModuleType:
    """Import without collecting garbage: what comes stays for good, and is never looked at again."""
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(_imported(module), name or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=_Lazy,
    epilog="Start with `headrace serve`, then point boto3 (endpoint_url) or humanloop (base_url) at it.",
)
@click.version_option(__version__, prog_name="headrace")
def main() -> None:
    """Versioned LLM flows on your own machine, for the Humanloop and Amazon Bedrock clients you have."""
    guard()
