"""What a program does with files that the newer client keeps locally. Prints one line of JSON.

python files.py SERVER_URL FOLDER pull [PATH]    # what was pulled, and what could not be
python files.py SERVER_URL FOLDER use HOME       # calls and logs of HOME/Prompt and HOME/Agent by their local files
"""

import json
import sys
from typing import Any

from humanloop import Humanloop

ASK = [{"role": "user", "content": "What is the capital of France?"}]


def use(client: Any, home: str) -> dict[str, Any]:
    """The answers, and the ids of logs."""
    prompt, agent = {"path": f"{home}/Prompt"}, {"path": f"{home}/Agent"}
    called = client.prompts.call(**prompt, messages=ASK)
    acted = client.agents.call(**agent, messages=ASK)
    return {
        "prompt": [called.logs[0].output, called.prompt.version_id, called.id],
        "prompt log": client.prompts.log(**prompt, output="logged").id,
        "agent": [acted.output, acted.agent.version_id, acted.id],
        "agent log": client.agents.log(**agent, output="logged").id,
    }


url, folder, action, *rest = sys.argv[1:]
client = Humanloop(
    api_key="any", base_url=f"{url}/v5", use_local_files=action == "use", local_files_directory=folder
)
print(json.dumps(client.pull(*rest) if action == "pull" else use(client, *rest)))
