"""A chat agent with a tool, decorated as the client's documentation shows it. Prints its log's id.

python chat_agent.py SERVER_URL MODEL_URL HOME
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from humanloop import Humanloop
from openai import OpenAI

url, model_url, home = sys.argv[1:]
hl = Humanloop(api_key="any", base_url=f"{url}/v5")
openai = OpenAI(api_key="any", base_url=model_url)


@hl.tool(path=f"{home}/Calculator")
def calculator(operation: str, first: int, second: int) -> int:
    """Calculates."""
    if operation != "add":
        raise ValueError(f"There is no {operation}.")
    return first + second


TOOLS = [{"type": "function", "function": calculator.json_schema}]


@hl.prompt(path=f"{home}/Call Model")
def call_model(messages: list) -> dict:
    answer = openai.chat.completions.create(
        model="gpt-4o", messages=messages, tools=TOOLS, temperature=0.5, max_tokens=200
    )
    return answer.choices[0].message.model_dump(exclude_none=True)


@hl.flow(path=f"{home}/Agent", attributes={"release": 7})
def agent(question: str) -> str:
    messages = [{"role": "user", "content": question}]
    while True:
        answer = call_model(messages)
        messages.append(answer)
        if not answer.get("tool_calls"):
            return answer["content"]
        for call in answer["tool_calls"]:
            result = calculator(**json.loads(call["function"]["arguments"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": str(result)})


@hl.flow(path=f"{home}/Desk")
def desk(questions: list) -> str:
    return "; ".join(agent(question) for question in questions)


if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(agent, ["1+2?", "3+4?"])]
    print(json.dumps([*answers, desk(["5+6?"])]))
    # The exporter's thread would die with the program: wait until it has sent all.
    hl._tracer_provider.shutdown()
